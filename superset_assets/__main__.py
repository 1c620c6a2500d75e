"""`python -m superset_assets`."""

from superset_assets.cli import main

main()
