"""Our Superset's configuration, with the request path as Superset ships it.

A connection per query, and every event committed to the metadata database. Read by Superset through
SUPERSET_CONFIG_PATH.
"""

from superset.config import DB_CONNECTION_MUTATOR as SHIPPED_MUTATOR
from superset.config import EVENT_LOGGER as SHIPPED_EVENT_LOGGER

# Superset takes every capital name of its configuration file, so all of ours have to be here.
from superset_assets.superset_config import *  # noqa: F403

DB_CONNECTION_MUTATOR = SHIPPED_MUTATOR
EVENT_LOGGER = SHIPPED_EVENT_LOGGER
