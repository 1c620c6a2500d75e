"""Accounts of brands: whatever is asked, rows of other brands are nobody's business."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import clickhouse_connect
import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError

from superset_assets.access.brand_accounts import (
    ANALYST_USER,
    account_name,
    account_password,
    brands_of,
)
from superset_assets.access.grants import USERS_FILE, account_statements, statements
from superset_assets.access.users import read

if TYPE_CHECKING:
    from collections.abc import Callable

    from clickhouse_connect.driver.client import Client

    from sandbox.clickhouse.process import ClickHouseProcess

NORTH, SOUTH, ODD = "Север", "Юг", "O'Neil, «Ко»"
EVENTS = "marts.wide_events"
ACCESS = read(USERS_FILE)


@pytest.fixture(scope="module")
def log_in(server: ClickHouseProcess, etl: Client) -> Callable[..., Client]:
    """A client of the account for brands; the tables of the test are there."""
    etl.command(f"DROP TABLE IF EXISTS {EVENTS}")
    etl.command(
        f"CREATE TABLE {EVENTS} (brand LowCardinality(String), n UInt32, PROJECTION by_brand "
        "(SELECT brand, sum(n) GROUP BY brand)) ENGINE = MergeTree ORDER BY n"
    )
    etl.insert(EVENTS, [[brand, n] for brand in (NORTH, SOUTH, ODD) for n in range(10)])
    for table in ("marts.dim_customer", "raw.orders"):
        etl.command(f"DROP TABLE IF EXISTS {table}")
        etl.command(f"CREATE TABLE {table} (n UInt32) ENGINE = MergeTree ORDER BY n")

    def client(brands: tuple[str, ...] | None, password: str | None = None) -> Client:
        name = account_name(ANALYST_USER, brands)
        known = server.passwords[ANALYST_USER]
        return clickhouse_connect.get_client(
            host=server.host,
            port=server.port,
            username=name,
            password=password or account_password(known, name),
        )

    return client


@pytest.mark.parametrize(
    ("brands", "seen"),
    [
        ((), []),
        ((NORTH,), [NORTH]),
        ((NORTH, ODD), [ODD, NORTH]),
        (None, [ODD, NORTH, SOUTH]),
    ],
)
def test_an_account_sees_the_rows_of_its_brands(
    log_in: Callable[..., Client], brands: tuple[str, ...] | None, seen: list[str]
) -> None:
    query = f"SELECT brand FROM {EVENTS} GROUP BY brand ORDER BY brand"  # noqa: S608
    assert [brand for (brand,) in log_in(brands).query(query).result_rows] == seen


@pytest.mark.parametrize(
    "query",
    [
        "SELECT brand FROM {t} AS x",
        "SELECT x.brand FROM {t} AS x JOIN {t} AS y USING n",
        "WITH rows AS (SELECT * FROM {t}) SELECT brand FROM rows",
        "SELECT brand FROM (SELECT * FROM {t})",
        "SELECT brand FROM {t} UNION ALL SELECT brand FROM {t}",
        "SELECT brand FROM {t} PREWHERE n >= 0",
        "SELECT brand FROM marts/* */.wide_events -- {t}",
        'SELECT brand FROM `marts`."wide_events"',
        "SELECT brand FROM {t} SETTINGS use_query_condition_cache = 1",
        "SELECT brand FROM {t} SETTINGS additional_table_filters = {{'{t}': '1'}}",
        "SELECT brand FROM {t} SETTINGS optimize_use_projections = 0",
        "SELECT brand FROM {t} SETTINGS force_optimize_projection_name = 'by_brand'",
        "SELECT brand, sum(n) FROM {t} GROUP BY brand",
        "SELECT arrayJoin(groupUniqArray(brand)) FROM {t}",
        "SELECT brand FROM {t} WHERE throwIf(brand = 'Юг') = 0",
        "SELECT brand FROM {t} WHERE brand IN (SELECT brand FROM {t})",
        "SELECT brand FROM {t} LIMIT 1 BY brand",
        "SELECT merged.brand FROM merge('marts', '^wide_events$') AS merged",
        "SELECT brand FROM merge(REGEXP('mar.*'), 'wide')",
        "SELECT brand FROM view(SELECT * FROM {t})",
        "SELECT brand FROM cluster('default', {t})",
        "SELECT brand FROM remote('127.0.0.1', {t})",
        "SELECT brand FROM loop({t}) LIMIT 40",
        "SELECT * FROM mergeTreeIndex(marts, wide_events)",
        "SELECT brand FROM mergeTreeProjection(marts, wide_events, by_brand)",
        "SELECT min(brand) FROM {t} SETTINGS promql_table = '[\"Юг\"]'",
        "SELECT min(brand) FROM {t} SETTINGS `promql_table` = '[\"Юг\"]'",
        "SET promql_table = '[\"Юг\"]'",
        "SET ROLE etl",
        "SELECT n FROM marts.dim_customer",
        "SELECT 1 IN marts.dim_customer",
        "SELECT n FROM raw.orders",
        "SELECT * FROM system.row_policies",
        "SELECT * FROM system.parts",
        "SELECT * FROM url('http://127.0.0.1/', 'CSV', 'a String')",
        "SELECT * FROM file('x.csv')",
        "SELECT dictGet('marts.names', 'brand', 1)",
        "EXPLAIN ESTIMATE SELECT * FROM {t} WHERE brand = 'Юг'",
        "EXPLAIN PLAN SELECT brand FROM {t}",
        "SHOW CREATE TABLE {t}",
        "SELECT min(brand), max(brand) FROM numbers(3), {t}",
        "INSERT INTO {t} VALUES ('Север', 1)",
        "ALTER TABLE {t} DELETE WHERE 1",
        "CREATE TABLE marts.mine AS {t}",
    ],
)
def test_no_way_leads_to_the_rows_of_another_brand(
    log_in: Callable[..., Client], query: str
) -> None:
    try:
        said = str(log_in((NORTH,)).query(query.format(t=EVENTS)).result_rows)
    except ClickHouseError as refused:
        said = re.sub(r"In scope.*|for query.*", "", str(refused), flags=re.DOTALL)
    told = said.replace("brand = 'Юг'", "").replace('["Юг"]', "")
    assert SOUTH not in told
    assert ODD not in told


@pytest.mark.parametrize(
    ("name", "password_of"),
    [
        (
            "superset_analyst?brand=%D0%AE%D0%B3",
            "superset_analyst?brand=%D0%A1%D0%B5%D0%B2%D0%B5%D1%80",
        ),
        ("superset_analyst?brands=all", "superset_analyst"),
        # The same brands written another way are another name, and nobody's.
        ("superset_analyst?brand=Юг", "superset_analyst?brand=Юг"),
        ("superset_analyst?brand=a&brands=all", "superset_analyst?brand=a&brands=all"),
        ("etl?brands=all", "etl?brands=all"),
    ],
)
def test_a_name_without_its_own_password_lets_nobody_in(
    server: ClickHouseProcess, name: str, password_of: str
) -> None:
    password = account_password(server.passwords[ANALYST_USER], password_of)
    with pytest.raises(ClickHouseError, match="516"):
        clickhouse_connect.get_client(
            host=server.host, port=server.port, username=name, password=password
        )


def test_the_brands_of_an_account_cannot_come_from_outside(
    server: ClickHouseProcess, log_in: Callable[..., Client]
) -> None:
    with pytest.raises(ClickHouseError, match="promql_table"):
        log_in((NORTH,)).query(f"SELECT 1 FROM {EVENTS}", settings={"promql_table": '["Юг"]'})  # noqa: S608


@pytest.mark.parametrize("brands", [(), None, (NORTH,), (NORTH, SOUTH), (ODD,), ("a&b=c", "+ ?")])
def test_the_name_of_an_account_says_its_brands(brands: tuple[str, ...] | None) -> None:
    said = None if brands is None else tuple(sorted(brands))
    assert brands_of(account_name(ANALYST_USER, brands)) == (ANALYST_USER, said)


def test_a_real_server_gets_policies_before_rights_and_nothing_uncut(etl: Client) -> None:
    account = ACCESS.account(account_name(ANALYST_USER, (ODD,)))
    assert account is not None
    made = list(account_statements(account))
    for statement in made:
        assert etl.command("SELECT formatQuery({q:String})", parameters={"q": statement})
    policies = [s for s in made if s.startswith("CREATE ROW POLICY")]
    assert len(policies) == len(account.cut_by_brand)
    assert all(r"USING brand IN ('O\'Neil, «Ко»')" in policy for policy in policies)
    granted = {
        s.split(" ON ")[1].split(" TO ")[0] for s in made if s.startswith("GRANT SELECT ON m")
    }
    assert granted == {*account.cut_by_brand, "marts.dim_date"}
    assert made.index(policies[-1]) < min(i for i, s in enumerate(made) if s.startswith("GRANT"))
    family = [s for s in statements(ACCESS) if s.startswith("CREATE ROW POLICY")]
    closed = [s for s in family if s.endswith(f"TO `{ANALYST_USER}`")]
    assert len(closed) == len(account.cut_by_brand)
    assert all("USING 0 AS PERMISSIVE" in policy for policy in closed)
