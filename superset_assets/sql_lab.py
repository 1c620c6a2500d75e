"""Superset's connections for people's own SQL, each with a ClickHouse user of its own.

They are no part of the boards: no chart and no dataset of ours hangs on them, and where ClickHouse
does not know their user yet, boards are published all the same.
"""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

import requests
import yaml

from superset_assets.access.brand_accounts import ANALYST_USER, account_name, account_password
from superset_assets.access.grants import USERS_FILE, administrator, ensure_account
from superset_assets.access.users import read
from superset_assets.bundle import FOLDER, pack
from superset_assets.client import SupersetClient
from superset_assets.files import Asset
from superset_assets.settings import ROOM, SettingsError, Warehouse

CONNECTIONS = ROOM / "connections"


@dataclass(frozen=True)
class Connection:
    """One connection as its file says.

    Attributes:
        key: name of the file, by which roles name it.
        user: ClickHouse user behind it.
        password_from: environment variable of that user's password.
        database: the connection in Superset's export format, without an address.
    """

    key: str
    user: str
    password_from: str
    database: dict[str, Any]

    @property
    def name(self) -> str:
        """What Superset calls it."""
        return str(self.database["database_name"])


def connections(folder: Path = CONNECTIONS) -> Iterator[Connection]:
    """The connections of a folder."""
    for path in sorted(folder.glob("*.yml")):
        yield Connection(path.stem, **yaml.safe_load(path.read_text(encoding="utf-8")))


def publish_connections(client: SupersetClient, warehouse: Warehouse) -> list[str]:
    """Make Superset hold the connections whose users can log in to ClickHouse.

    Args:
        client: Superset, as its administrator.
        warehouse: where ClickHouse is; its user and password are not used.

    Returns:
        What is left out, and why, a sentence for each.

    Raises:
        SupersetError: Superset refused a connection.
        requests.RequestException: ClickHouse does not answer.
    """
    left_out = []
    for connection in connections():
        password = os.environ.get(connection.password_from, "")
        if not password:
            left_out.append(f"{connection.name}: {connection.password_from} is not set")
            continue
        seen = replace(warehouse, user=connection.user, password=password)
        if not _lets_in(seen):
            left_out.append(
                f"{connection.name}: ClickHouse does not let {connection.user} in; run python -m "
                "superset_assets.access.grants --apply"
            )
            continue
        asset = Asset("databases", Path("databases", f"{connection.key}.yaml"), connection.database)
        client.post(
            "assets/import/",
            files={"bundle": (f"{FOLDER}.zip", pack([asset], seen), "application/zip")},
            data={"passwords": json.dumps({asset.path.as_posix(): password}), "overwrite": "true"},
        )
    return left_out


def ensure_brand_account(warehouse: Warehouse, brands: Iterable[str] | None) -> str:
    """Have ClickHouse know the account behind an analyst's SQL.

    Args:
        warehouse: where ClickHouse is; its user and password are not used.
        brands: of the analyst; None for all.

    Returns:
        What was done, a sentence.

    Raises:
        SettingsError: the account has to be made, and nobody is named who may.
        clickhouse_connect.driver.exceptions.ClickHouseError: the server refuses.
    """
    connection = next(each for each in connections() if each.user == ANALYST_USER)
    password = os.environ.get(connection.password_from, "")
    if not password:
        return f"no SQL Lab: {connection.password_from} is not set"
    name = account_name(ANALYST_USER, brands)
    if _lets_in(replace(warehouse, user=name, password=account_password(password, name))):
        return "ClickHouse has the account for SQL Lab"
    if not os.environ.get("CLICKHOUSE_ADMIN_USER"):
        raise SettingsError(
            "ClickHouse has no account of these brands yet: set CLICKHOUSE_ADMIN_USER and "
            "CLICKHOUSE_ADMIN_PASSWORD, and it is made"
        )
    with closing(administrator()) as client:
        ensure_account(client, read(USERS_FILE), name, {ANALYST_USER: password})
    return "made the account for SQL Lab in ClickHouse"


def _lets_in(warehouse: Warehouse) -> bool:
    scheme = "https" if warehouse.secure else "http"
    answer = requests.get(
        f"{scheme}://{warehouse.host}:{warehouse.port}/",
        params={"query": "SELECT 1"},
        auth=(warehouse.user, warehouse.password),
        timeout=30,
    )
    return answer.status_code == HTTPStatus.OK
