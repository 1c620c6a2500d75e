"""What runs inside Superset's own process, hung in by `superset_config.py`."""
