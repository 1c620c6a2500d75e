"""Orchestration: knows everybody, and nobody knows it."""

import warnings

from dagster import BetaWarning

# Single-run backfills and freshness policies are marked beta; Dagster is pinned to a minor version,
# and a snapshot test shows what they resolve to.
warnings.filterwarnings("ignore", category=BetaWarning)
