"""ClickHouse connections: pooled, and for people's own SQL through an account of their brands.

Superset opens a new connection per query, and a new clickhouse-connect client asks the server for
its version and all its settings before the first query: half of the time of a cheap chart.
"""

import json
from threading import Lock
from typing import Any

from flask import g, has_app_context
from sqlalchemy.engine.url import URL
from sqlalchemy.pool import Pool, QueuePool

from superset_assets.access.brand_accounts import ANALYST_USER, account_name, account_password
from superset_assets.brand_roles import brands_of_roles

_pools: dict[str, Pool] = {}
_lock = Lock()


def pooled(
    uri: URL,
    params: dict[str, Any],
    username: str | None,  # noqa: ARG001  (Superset passes these by position)
    security_manager: Any,
    source: Any,  # noqa: ARG001
) -> tuple[URL, dict[str, Any]]:
    """Give every engine of the same address and arguments one shared pool of connections.

    The hook `DB_CONNECTION_MUTATOR`: called for each engine that Superset makes. Databases other
    than ClickHouse are left alone.

    Returns:
        The address, for analysts' SQL with the account of the asker's brands in it, and the
        arguments of `create_engine`.
    """
    if uri.get_backend_name() != "clickhousedb":
        return uri, params
    if uri.username == ANALYST_USER:
        uri = _as_account(uri, security_manager)
    arguments = params.get("connect_args", {})
    key = uri.render_as_string(hide_password=False) + json.dumps(
        arguments, sort_keys=True, default=str
    )
    with _lock:
        if key not in _pools:
            _pools[key] = _pool(uri, arguments)
    pooled_params = {name: value for name, value in params.items() if name != "poolclass"}
    # Without `_initialize` each new engine would hang one more listener on the shared pool.
    return uri, {**pooled_params, "pool": _pools[key], "_initialize": False}


def _as_account(uri: URL, security_manager: Any) -> URL:
    """The address for whoever asks; nobody, where nobody is known, has no brands."""
    user = getattr(g, "user", None) if has_app_context() else None
    roles = security_manager.get_user_roles(user) if user else []
    name = account_name(ANALYST_USER, brands_of_roles(role.name for role in roles))
    return uri.set(username=name, password=account_password(uri.password or "", name))


def _pool(uri: URL, arguments: dict[str, Any]) -> Pool:
    dialect_class = uri.get_dialect()
    dialect = dialect_class(dbapi=dialect_class.dbapi())
    positional, named = dialect.create_connect_args(uri)
    named.update(arguments)
    return QueuePool(
        lambda: dialect.connect(*positional, **named),
        pool_size=8,
        max_overflow=16,
        recycle=600,
        dialect=dialect,
    )
