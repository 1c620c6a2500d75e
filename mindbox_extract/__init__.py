"""Copies raw facts out of Mindbox into ClickHouse, without personal data.

Start with `mindbox_extract.load.load`; the datasets are in `mindbox_extract.datasets`; what the API
really does is written in `BEHAVIOR.md`.
"""
