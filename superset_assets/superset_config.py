"""Superset's configuration: everything from the environment, safe defaults on one machine.

Read by Superset through SUPERSET_CONFIG_PATH, with the root of the checkout on PYTHONPATH.
The settings themselves are described in the README beside this file.
"""

import os
import time
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any

from cachelib.redis import RedisCache
from flask import Blueprint, Flask
from jinja2 import ChoiceLoader, FileSystemLoader
from redis import Redis  # type: ignore[import-not-found]
from superset.config import DISALLOWED_SQL_FUNCTIONS as SHIPPED_DISALLOWED_FUNCTIONS
from superset.config import TALISMAN_CONFIG as SHIPPED_TALISMAN_CONFIG
from superset.config import CeleryConfig as ShippedCeleryConfig

from superset_assets.server.brand import FOLDER as BRAND_FOLDER
from superset_assets.server.brand import STATIC_URL as BRAND_URL
from superset_assets.server.brand import Brand
from superset_assets.server.connections import pooled
from superset_assets.server.event_log import LogFileEvents
from superset_assets.server.formats import DATES, NUMBERS, of_the_readers_language
from superset_assets.settings import Language

ROOM = Path(__file__).resolve().parent
HOME = Path(os.environ.get("SUPERSET_HOME", ".local/superset")).resolve()
REDIS_URL = os.environ.get("SUPERSET_REDIS_URL", "")
# Subscriptions to boards need a worker, which the broker stands for, and a mail server.
BROKER_URL = os.environ.get("SUPERSET_BROKER_URL", REDIS_URL)
MAIL_HOST = os.environ.get("SUPERSET_MAIL_HOST", "")
HAS_SUBSCRIPTIONS = bool(BROKER_URL and MAIL_HOST)
# Of the boards, of the words in slices, and of Superset's own screens for whoever chose none.
LANGUAGE = Language.from_environment()
DATA_CACHE_SECONDS = int(os.environ.get("SUPERSET_DATA_CACHE_SECONDS", "600"))

# --- Secrets and metadata -----------------------------------------------------------------
# The names below that start with a capital are Superset's.
SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]
SQLALCHEMY_DATABASE_URI = os.environ.get(
    "SUPERSET_DATABASE_URI", f"sqlite:///{HOME / 'superset.db'}?timeout=30"
)
DATA_DIR = str(HOME)
ALEMBIC_SKIP_LOG_CONFIG = True

# --- Clock --------------------------------------------------------------------------------
# "Today" of relative periods is the project's, and so is every naive time stamp.
os.environ["TZ"] = os.environ.get("PROJECT_TIME_ZONE", "Europe/Moscow")
time.tzset()

# --- Caches -------------------------------------------------------------------------------


def _cache(name: str, timeout: timedelta) -> dict[str, Any]:
    common = {
        "CACHE_DEFAULT_TIMEOUT": int(timeout.total_seconds()),
        "CACHE_KEY_PREFIX": f"superset_{name}_",
    }
    if REDIS_URL:
        return {**common, "CACHE_TYPE": "RedisCache", "CACHE_REDIS_URL": REDIS_URL}
    return {
        **common,
        "CACHE_TYPE": "FileSystemCache",
        "CACHE_DIR": str(HOME / "cache" / name),
        "CACHE_THRESHOLD": 20_000,
    }


CACHE_CONFIG = _cache("metadata", timedelta(days=1))
# Answers are kept as they are shown.
DATA_CACHE_CONFIG = _cache(f"data_{LANGUAGE}", timedelta(seconds=DATA_CACHE_SECONDS))
FILTER_STATE_CACHE_CONFIG = _cache("filter_state", timedelta(days=90))
EXPLORE_FORM_DATA_CACHE_CONFIG = _cache("explore_form_data", timedelta(days=7))

if REDIS_URL:
    # Attempts to log in are counted for all processes together.
    RATELIMIT_STORAGE_URI = REDIS_URL

# --- Background work ----------------------------------------------------------------------


class CeleryConfig(ShippedCeleryConfig):  # type: ignore[misc]
    """Superset's shipped tasks, over our broker."""

    broker_url = BROKER_URL
    result_backend = REDIS_URL or None
    timezone = os.environ["TZ"]


CELERY_CONFIG = CeleryConfig if BROKER_URL else None
if REDIS_URL:
    RESULTS_BACKEND = RedisCache(Redis.from_url(REDIS_URL), key_prefix="superset_results_")

if HAS_SUBSCRIPTIONS:
    PUBLIC_URL = os.environ["SUPERSET_PUBLIC_URL"].rstrip("/") + "/"
    SMTP_HOST = MAIL_HOST
    SMTP_PORT = int(os.environ.get("SUPERSET_MAIL_PORT") or 587)
    SMTP_USER = os.environ.get("SUPERSET_MAIL_USER", "")
    SMTP_PASSWORD = os.environ.get("SUPERSET_MAIL_PASSWORD", "")
    SMTP_MAIL_FROM = os.environ["SUPERSET_MAIL_FROM"]
    # Only a relay on the same machine may be spoken to in the clear.
    SMTP_STARTTLS = SMTP_SSL_SERVER_AUTH = MAIL_HOST not in {"127.0.0.1", "localhost"}
    SMTP_SSL = False
    # The worker's browser comes through the proxy: cookies are sent over https alone.
    WEBDRIVER_BASEURL = WEBDRIVER_BASEURL_USER_FRIENDLY = PUBLIC_URL
    WEBDRIVER_TYPE = "chrome"
    WEBDRIVER_OPTION_ARGS = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage"]

# --- What people may do -------------------------------------------------------------------
FEATURE_FLAGS = {
    "ALERT_REPORTS": HAS_SUBSCRIPTIONS,
    "CHART_PLUGINS_EXPERIMENTAL": True,  # the number with its comparison (`pop_kpi`)
    "DRILL_BY": True,
    "ENABLE_TEMPLATE_PROCESSING": True,  # the rows of the dataset «Показатели»
    "RLS_IN_SQLLAB": True,
    "TABLE_V2_TIME_COMPARISON_ENABLED": True,
}
# The shipped list stands under `clickhouse`, which is not the name of our driver's dialect.
DISALLOWED_SQL_FUNCTIONS = {
    **SHIPPED_DISALLOWED_FUNCTIONS,
    "clickhousedb": {
        *SHIPPED_DISALLOWED_FUNCTIONS["clickhouse"],
        *("azureBlobStorage", "cluster", "clusterAllReplicas", "deltaLake", "dictionary"),
        *("executable", "file", "fileCluster", "gcs", "hdfs", "hdfsCluster", "hudi", "iceberg"),
        *("input", "jdbc", "loop", "merge", "mergeTreeIndex", "mongodb", "mysql", "odbc"),
        *("postgresql", "redis", "remote", "remoteSecure", "s3", "s3Cluster", "sqlite"),
        *("urlCluster", "view", "viewExplain", "ytsaurus"),
    },
}
SESSION_COOKIE_SECURE = os.environ.get("SUPERSET_HTTPS", "false").lower() == "true"
ENABLE_PROXY_FIX = SESSION_COOKIE_SECURE
FAB_ADD_SECURITY_API = True
PREVENT_UNSAFE_DB_CONNECTIONS = True
ROW_LIMIT = 50_000
# The grains that a marketer can use; weeks start on Monday.
TIME_GRAIN_DENYLIST = [
    *("PT1S", "PT1M", "PT5M", "PT10M", "PT15M", "PT30M", "PT1H"),
    *("1969-12-28T00:00:00Z/P1W", "1969-12-29T00:00:00Z/P1W"),
    *("P1W/1970-01-03T00:00:00Z", "P1W/1970-01-04T00:00:00Z"),
]

# --- No word to foreign hosts -------------------------------------------------------------
TALISMAN_ENABLED = True
TALISMAN_CONFIG = deepcopy(SHIPPED_TALISMAN_CONFIG)
TALISMAN_CONFIG["session_cookie_secure"] = SESSION_COOKIE_SECURE
TALISMAN_CONFIG["content_security_policy"].update(
    {
        "img-src": ["'self'", "blob:", "data:"],
        "connect-src": ["'self'"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'", "data:"],
    }
)
THEME_FONT_URL_ALLOWED_DOMAINS: list[str] = []

# --- Language and formats -----------------------------------------------------------------
BABEL_DEFAULT_LOCALE = str(LANGUAGE)
LANGUAGES = {
    "ru": {"flag": "ru", "name": "Русский"},
    "en": {"flag": "us", "name": "English"},
}
D3_FORMAT, D3_TIME_FORMAT = NUMBERS[LANGUAGE], DATES[LANGUAGE]
COMMON_BOOTSTRAP_OVERRIDES_FUNC = of_the_readers_language
CURRENCIES = ["RUB", "USD", "EUR"]
# As a Russian Excel reads a file by a double click: semicolons, decimal commas, a byte order mark.
CSV_EXPORT = {"encoding": "utf-8-sig", "sep": ";", "decimal": ","}

# --- Look ---------------------------------------------------------------------------------
_brand = Brand.chosen()
APP_NAME = _brand.name
THEME_DEFAULT = _brand.theme("default")
THEME_DARK = _brand.theme("dark")
FAVICONS = [{"href": _brand.favicon}]
EXTRA_CATEGORICAL_COLOR_SCHEMES = _brand.categorical_schemes(LANGUAGE)
EXTRA_SEQUENTIAL_COLOR_SCHEMES = _brand.sequential_schemes()
BLUEPRINTS = [
    Blueprint(
        "brand", __name__, static_folder=str(BRAND_FOLDER / "static"), static_url_path=BRAND_URL
    )
]

# --- Speed --------------------------------------------------------------------------------
DB_CONNECTION_MUTATOR = pooled
EVENT_LOGGER = LogFileEvents()


def FLASK_APP_MUTATOR(app: Flask) -> None:  # noqa: N802  (Superset's name)
    """Hang our templates, words, questions and comparison into the application."""
    # Superset's own modules need a configured application to be imported.
    from superset_assets.server.additivity import keep_arithmetic_true  # noqa: PLC0415
    from superset_assets.server.audit import keep_audit_trail  # noqa: PLC0415
    from superset_assets.server.comparison import use_calendar_periods  # noqa: PLC0415
    from superset_assets.server.detail_rows import guard_detail_rows  # noqa: PLC0415
    from superset_assets.server.english_values import speak_english  # noqa: PLC0415
    from superset_assets.server.exports import write_csv_as_asked  # noqa: PLC0415
    from superset_assets.server.own_charts import start_with_numbers_written_out  # noqa: PLC0415
    from superset_assets.server.own_sql import guard_own_sql  # noqa: PLC0415
    from superset_assets.server.questions import (  # noqa: PLC0415
        compared,
        compose_questions,
        facts,
        others,
        trend,
        trend_step,
    )
    from superset_assets.server.relative_dates import (  # noqa: PLC0415
        read_dates_one_at_a_time,
    )
    from superset_assets.server.russian import serve_language_pack  # noqa: PLC0415
    from superset_assets.server.watching import (  # noqa: PLC0415
        change_in_percent,
        days_since_the_last_loaded,
    )
    from superset_assets.words import english_values  # noqa: PLC0415

    app.jinja_loader = ChoiceLoader(
        [FileSystemLoader(ROOM / "server" / "templates"), app.jinja_loader]
    )
    app.jinja_env.globals["brand_font_faces"] = _brand.font_faces
    serve_language_pack(app)
    keep_audit_trail(app)
    app.config["JINJA_CONTEXT_ADDONS"] = {
        "facts": facts,
        "compared": compared,
        "others": others,
        "trend": trend,
        "trend_step": trend_step,
        "project_time_zone": os.environ["TZ"],
        "change_in_percent": change_in_percent,
        "days_since_the_last_loaded": days_since_the_last_loaded,
    }
    compose_questions()
    guard_own_sql()
    guard_detail_rows()
    keep_arithmetic_true()
    use_calendar_periods()
    read_dates_one_at_a_time()
    write_csv_as_asked()
    start_with_numbers_written_out()
    if LANGUAGE is Language.ENGLISH:
        speak_english(english_values())
