"""Who answers for the assets: the name that Dagster shows and filters by."""

OWNERS = ["team:data"]
