"""Metrics as ClickHouse SQL: what their definitions say, with other metrics put in by name."""

import re
from dataclasses import dataclass

from superset_assets.manifest import Manifest, ManifestError, Metric
from superset_assets.semantics.comparison import COMPARED, OTHERS
from superset_assets.semantics.trend import TREND, TREND_STEP

MENTION = re.compile(r"@(\w+)")
OF_THE_QUESTION = {"compared": COMPARED, "others": OTHERS, "trend": TREND, "trend_step": TREND_STEP}


@dataclass(frozen=True)
class MetricSql:
    """Writes the SQL of a manifest's metrics."""

    manifest: Manifest

    def expression(self, name: str) -> str:
        """The aggregate expression of a metric over the rows that a question is answered by.

        Raises:
            ManifestError: there is no such metric, it has no SQL, or it mentions itself.
        """
        return self._expression(name, ())

    def _expression(self, name: str, mentioned_by: tuple[str, ...]) -> str:
        if name in mentioned_by:
            raise ManifestError(f"metrics mention each other: {' → '.join((*mentioned_by, name))}")
        written = " ".join(str(self._metric(name).meta.get("sql", "")).split())
        if not written:
            raise ManifestError(f"metric {name} has no SQL")
        return MENTION.sub(
            lambda match: self._mentioned(match.group(1), (*mentioned_by, name)), written
        )

    def _mentioned(self, name: str, mentioned_by: tuple[str, ...]) -> str:
        # Which metric is compared by or has its trend drawn is decided on the board.
        return OF_THE_QUESTION.get(name) or f"({self._expression(name, mentioned_by)})"

    def _metric(self, name: str) -> Metric:
        if name not in self.manifest.metrics:
            raise ManifestError(f"there is no metric {name}")
        return self.manifest.metrics[name]
