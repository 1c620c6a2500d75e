# ruff: noqa: S608 (statements are put together from the constants of this file)
"""Who may do what, and whose rows everybody sees, asked from the outside as each role."""

import re
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from superset_assets.cli import commands
from superset_assets.client import SupersetClient, SupersetError
from superset_assets.dataset_builder import METRICS, dataset_uuid
from superset_assets.files import Asset, AssetFiles
from superset_assets.people import PersonError
from superset_assets.people import people as everybody
from superset_assets.permissions import apply_roles
from superset_assets.references import chart_metrics
from superset_assets.settings import ROOM, SupersetLogin
from superset_assets.sql_lab import connections
from tests.superset.chart_data import ChartData, query, reason
from tests.superset.people import OTHER, OWN, PEOPLE, Member, People
from tests.superset.stack import Stack
from tests.superset.test_numbers import PERIOD

FILES = AssetFiles(ROOM)
EVENTS = "marts.wide_events"
# SQL Lab answers 500 where it refuses.
REFUSED = (
    r": (400|401|403|404|405|422) |_SECURITY_ACCESS_ERROR"
    "|База данных, указанная в этом запросе, не найдена"
)
SQL_LAB = {connection.key: connection.name for connection in connections()}
LOOKING = {"viewer", "director", "marketer", "analyst", "engineer", "admin"}
ROLES = sorted(LOOKING)
BUILDING = {"marketer", "analyst", "admin"}


@pytest.fixture(scope="module")
def people(stack: Stack) -> People:
    return People.on(stack)


def dataset_id(client: SupersetClient, name: str = METRICS) -> int:
    found = client.by_uuid("dataset", dataset_uuid(name))
    assert found is not None
    return int(found["id"])


def database_id(stack: Stack, key: str) -> int:
    name = SQL_LAB.get(key, "Хранилище")
    found = stack.client.find("database/", "database_name", name)
    assert found is not None
    return int(found["id"])


def seen_by(people: People, login: str) -> ChartData:
    return ChartData(people[login], dataset_id(people.stack.client))


def sql(stack: Stack, client: SupersetClient, key: str, text: str) -> list[dict[str, Any]]:
    """The rows that SQL Lab answers."""
    body = {
        "database_id": database_id(stack, key),
        "schema": "marts",
        "sql": text,
        "runAsync": False,
        "queryLimit": 100,
    }
    answer = client.post("sqllab/execute/", json=body)
    assert answer.get("status") == "success", answer
    rows: list[dict[str, Any]] = answer["data"]
    return rows


# --- Role × action ------------------------------------------------------------------------

Action = Callable[[Stack, Member], Any]


def reads(stack: Stack, client: SupersetClient) -> Any:
    return ChartData(client, dataset_id(stack.client)).rows(["sent"], PERIOD)


def downloads(stack: Stack, client: Member) -> Any:
    body = {
        "datasource": {"id": dataset_id(stack.client), "type": "table"},
        "queries": [query(["sent"], PERIOD)],
        "result_format": "csv",
        "result_type": "full",
    }
    answer = client.in_the_browser("api/v1/chart/data", body)
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert re.search(rb"\d", answer.content)


def opens_a_board(stack: Stack, client: SupersetClient) -> Any:
    assert client.get("dashboard/mailings")["result"]["slug"] == "mailings"
    assert client.get("dashboard/mailings/charts")["result"]


def drills_to_rows(stack: Stack, client: Member) -> Any:
    found = dataset_id(stack.client)
    return client.in_the_browser(
        "datasource/samples", {}, datasource_type="table", datasource_id=found
    )


def asks_for_rows(result_type: str) -> Action:
    """A chart's query that wants the rows beneath its figures."""

    def ask(stack: Stack, client: SupersetClient) -> Any:
        asked = {**query([], PERIOD), "columns": [], "metrics": None, "row_limit": 5}
        (rows,) = ChartData(client, dataset_id(stack.client)).results(
            asked, result_type=result_type
        )
        assert rows["data"]

    return ask


def makes_a_chart(stack: Stack, client: SupersetClient) -> Any:
    made = client.post(
        "chart/",
        json={
            "slice_name": "Свой график",
            "datasource_id": dataset_id(stack.client),
            "datasource_type": "table",
            "viz_type": "table",
            "params": "{}",
        },
    )
    client.delete(f"chart/{made['id']}")


def makes_a_board(stack: Stack, client: SupersetClient) -> Any:
    made = client.post("dashboard/", json={"dashboard_title": "Своя доска"})
    client.delete(f"dashboard/{made['id']}")


def _foreign(stack: Stack, kind: str) -> str:
    found = stack.client.by_uuid(kind[:-1], FILES.of(kind)[0].uuid)
    assert found is not None
    return f"{kind[:-1]}/{found['id']}"


def changes_our_chart(stack: Stack, client: SupersetClient) -> Any:
    address = _foreign(stack, "charts")
    name = stack.client.get(address)["result"]["slice_name"]
    return client.put(address, json={"slice_name": name})


def changes_our_board(stack: Stack, client: SupersetClient) -> Any:
    address = _foreign(stack, "dashboards")
    name = stack.client.get(address)["result"]["dashboard_title"]
    return client.put(address, json={"dashboard_title": name})


def changes_our_dataset(stack: Stack, client: SupersetClient) -> Any:
    address = f"dataset/{dataset_id(stack.client)}"
    text = stack.client.get(address)["result"]["description"]
    return client.put(address, json={"description": text})


def writes_sql_in_a_chart(stack: Stack, client: SupersetClient) -> Any:
    return ChartData(client, dataset_id(stack.client)).rows([own("sum(is_sent) + 0")], PERIOD)


def filters_by_sql(stack: Stack, client: SupersetClient) -> Any:
    extras = {"where": "brand = 'Север'"}
    return ChartData(client, dataset_id(stack.client)).rows(["sent"], PERIOD, extras=extras)


def writes_a_template(stack: Stack, client: SupersetClient) -> Any:
    return ChartData(client, dataset_id(stack.client)).rows([own("{{ 1 }} + sum(is_sent)")], PERIOD)


def queries(key: str) -> Action:
    return lambda stack, client: sql(stack, client, key, "select 1 as one")


def makes_a_dataset(key: str) -> Action:
    def action(stack: Stack, client: SupersetClient) -> None:
        body = {
            "database": database_id(stack, key),
            "schema": "marts",
            "table_name": f"own_{key}",
            "sql": "select brand from marts.wide_events",
        }
        made = client.post("dataset/", json=body)
        client.delete(f"dataset/{made['id']}")

    return action


def gets(path: str) -> Action:
    return lambda _stack, client: client.get(path)


def exports_everything(_stack: Stack, client: SupersetClient) -> Any:
    return client.download("assets/export/")


def makes_a_database(_stack: Stack, client: SupersetClient) -> Any:
    # Refused to the administrator too: what is asked for is no address.
    return client.post("database/", json={"database_name": "x", "sqlalchemy_uri": "nowhere"})


TABLE: dict[str, tuple[Action, set[str]]] = {
    "open a board": (opens_a_board, LOOKING),
    "read figures": (reads, LOOKING),
    "download figures": (downloads, LOOKING),
    "drill down to rows": (drills_to_rows, {"analyst", "engineer", "admin"}),
    "ask for samples": (asks_for_rows("samples"), {"analyst", "engineer", "admin"}),
    "ask for the rows beneath": (asks_for_rows("drill_detail"), {"analyst", "engineer", "admin"}),
    "make an own chart": (makes_a_chart, BUILDING),
    "make an own board": (makes_a_board, BUILDING),
    "change a chart of ours": (changes_our_chart, {"admin"}),
    "change a board of ours": (changes_our_board, {"admin"}),
    "change a dataset of ours": (changes_our_dataset, {"admin"}),
    "write SQL in a chart": (writes_sql_in_a_chart, {"analyst", "engineer", "admin"}),
    "filter by SQL": (filters_by_sql, {"analyst", "engineer", "admin"}),
    "write a template in a chart": (writes_a_template, {"admin"}),
    "query the marts": (queries("analysts"), {"analyst", "admin"}),
    "query every layer": (queries("layers"), {"engineer", "admin"}),
    "query through the boards' connection": (queries("warehouse"), {"admin"}),
    "make a dataset of own SQL": (makes_a_dataset("analysts"), {"analyst", "admin"}),
    "make one on the boards' connection": (makes_a_dataset("warehouse"), {"admin"}),
    "see logins": (gets("security/users/"), {"admin"}),
    "see roles": (gets("security/roles/"), {"admin"}),
    "see row-level rules": (gets("rowlevelsecurity/"), {"admin"}),
    "export everything": (exports_everything, {"admin"}),
    "add a connection": (makes_a_database, set()),
}


def own(expression: str) -> dict[str, Any]:
    """A metric of somebody's own SQL."""
    return {"expressionType": "SQL", "sqlExpression": expression, "label": "own"}


@pytest.mark.parametrize("login", ROLES)
@pytest.mark.parametrize("action", TABLE)
def test_the_role_table_holds(stack: Stack, people: People, action: str, login: str) -> None:
    does, allowed = TABLE[action]
    if login in allowed:
        does(stack, people[login])
        return
    with pytest.raises(SupersetError, match=REFUSED):
        does(stack, people[login])


@pytest.mark.parametrize("path", ["dashboard/", "chart/", "dataset/"])
def test_whoever_is_not_logged_in_sees_nothing(stack: Stack, path: str) -> None:
    answer = requests.get(f"{stack.login.url}/api/v1/{path}", timeout=30)
    assert answer.status_code == HTTPStatus.UNAUTHORIZED


# --- Brands -------------------------------------------------------------------------------

FIGURES = ["sent", "orders", "mail_revenue", "first_orders", "active_customers", "buyers"]


def test_figures_of_one_brand_are_the_administrators_cut_by_it(people: People) -> None:
    as_if_chosen = seen_by(people, "admin").rows(FIGURES, PERIOD, where=(("brand", [OWN]),))
    for login in ("viewer", "director", "marketer", "analyst"):
        assert seen_by(people, login).rows(FIGURES, PERIOD) == as_if_chosen
    assert as_if_chosen[0]["sent"] < seen_by(people, "admin").rows(FIGURES, PERIOD)[0]["sent"]


def test_figures_of_two_brands_add_up_and_those_of_all_are_the_administrators(
    people: People,
) -> None:
    names = ["sent", "orders", "mail_revenue"]
    by_brand = seen_by(people, "both").rows(names, PERIOD, columns=("brand",))
    assert {row["brand"] for row in by_brand} == {OWN, OTHER}
    (together,) = seen_by(people, "both").rows(names, PERIOD)
    for name in names:
        assert together[name] == pytest.approx(sum(row[name] for row in by_brand))
    assert seen_by(people, "all_seeing").rows(FIGURES, PERIOD) == seen_by(people, "admin").rows(
        FIGURES, PERIOD
    )


def test_whoever_has_no_brand_sees_nothing(stack: Stack, people: People) -> None:
    (row,) = seen_by(people, "stranger").rows(FIGURES, PERIOD)
    assert set(row.values()) <= {0, None}
    assert seen_by(people, "stranger").rows([], PERIOD, columns=("brand",)) == []
    assert sql(stack, people["stranger"], "analysts", f"select * from {EVENTS} limit 1") == []


@pytest.mark.parametrize("result_type", ["samples", "drill_detail"])
def test_rows_below_a_chart_are_of_the_own_brand(people: People, result_type: str) -> None:
    asked = {**query([], PERIOD), "columns": [], "metrics": None, "row_limit": 200}
    (rows,) = seen_by(people, "analyst").results(asked, result_type=result_type)
    assert {row["brand"] for row in rows["data"]} == {OWN}


def test_lists_of_values_are_of_the_own_brand(stack: Stack, people: People) -> None:
    path = f"datasource/table/{dataset_id(stack.client)}/column/brand/values/"
    assert people["marketer"].get(path)["result"] == [OWN]
    assert people["stranger"].get(path)["result"] == []
    assert set(people["admin"].get(path)["result"]) >= {OWN, OTHER}


def test_a_dataset_without_brands_is_closed_unless_it_tells_of_none(
    stack: Stack, people: People
) -> None:
    rules = {rule["name"]: rule for rule in stack.client.rows("rowlevelsecurity/")}
    cut = {table["table_name"] for table in rules["Бренды: закрыто без роли бренда"]["tables"]}
    uncut = rules.get("Бренды: только для видящих все бренды", {"tables": []})["tables"]
    told = cut | {table["table_name"] for table in uncut}
    unnamed = {asset.content["table_name"] for asset in FILES.of("datasets")} - told
    assert METRICS in cut
    assert unnamed <= {"board_options", "freshness"}


# --- Own SQL ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        f"select brand from {EVENTS}",
        "select brand from wide_events w",
        f"with rows as (select * from {EVENTS}) select brand from rows",
        f"select brand from (select * from {EVENTS} union all select * from {EVENTS})",
        f"select brand from {EVENTS} where '{{{{ current_username() }}}}' != ''",
        f"select brand /* {EVENTS} */ from {EVENTS} -- settings",
        f"select brand from {EVENTS} settings max_threads = 1",
        "select brand from marts.mart_customer_states",
    ],
)
def test_sql_lab_shows_the_own_brand(stack: Stack, people: People, text: str) -> None:
    shown = sql(stack, people["analyst"], "analysts", f"select distinct brand from ({text}\n)")
    assert {row["brand"] for row in shown} <= {OWN}
    everything = sql(stack, people["all_seeing"], "analysts", f"select brand from ({text}\n) as x")
    assert len(everything) >= len(shown)


@pytest.mark.parametrize(
    "text",
    [
        "select brand from merge('marts', 'wide_events')",
        "select brand from merge(REGEXP('marts'), '.*')",
        f"select brand from view(select * from {EVENTS})",
        f"select brand from cluster('default', {EVENTS})",
        f"select brand from remote('127.0.0.1', {EVENTS})",
        f"select brand from loop({EVENTS})",
        "select * from url('http://127.0.0.1', 'CSV', 'a String')",
        "select * from mergeTreeIndex(marts, wide_events)",
        "select count() from marts.dim_customer",
        "select count() from marts.mart_order_lines",
        "select 1 in marts.dim_customer",
        "select dictGet('marts.names', 'a', 1)",
        "select * from raw.orders",
        "select * from staging.stg_mindbox__orders",
        "select * from system.query_log",
        "select * from system.row_policies",
        f"select brand from {EVENTS} settings promql_table = '[\"{OTHER}\"]'",
        f"set promql_table = '[\"{OTHER}\"]'",
        "set role superset",
        "{{ dataset(%(dataset)s) }}",
    ],
)
def test_sql_lab_refuses_ways_around(stack: Stack, people: People, text: str) -> None:
    text = text.replace("%(dataset)s", str(dataset_id(stack.client)))
    with pytest.raises(SupersetError):
        sql(stack, people["analyst"], "analysts", text)


@pytest.mark.parametrize("key", ["warehouse", "layers"])
def test_an_analyst_reaches_no_other_connection(stack: Stack, people: People, key: str) -> None:
    for text in (f"select brand from {EVENTS}", "select 1 in marts.wide_events", "select 1"):
        with pytest.raises(SupersetError, match=REFUSED):
            sql(stack, people["analyst"], key, text)


def test_owning_a_dataset_on_the_boards_connection_shows_nothing(
    stack: Stack, people: People
) -> None:
    body = {"database": database_id(stack, "warehouse"), "schema": "marts"}
    made = people["analyst"].post("dataset/", json={**body, "table_name": "dim_customer"})
    try:
        with pytest.raises(SupersetError, match=": 403 "):
            ChartData(people["analyst"], made["id"]).results({"columns": ["customer_key"]})
    finally:
        stack.client.delete(f"dataset/{made['id']}")


def test_an_own_dataset_shows_each_asker_the_own_brands(stack: Stack, people: People) -> None:
    """The same chart of the same dataset, one after the other: no answer is kept for the next."""
    body = {
        "database": database_id(stack, "analysts"),
        "schema": "marts",
        "table_name": "own_brands",
        "sql": f"select brand, count() as n from {EVENTS} group by brand",
    }
    made = people["analyst"].post("dataset/", json=body)
    try:
        for login, seen in (
            ("all_seeing", {OWN, OTHER}),
            ("analyst", {OWN}),
            ("both", {OWN, OTHER}),
            ("stranger", set()),
        ):
            chart = ChartData(people[login], made["id"])
            (rows,) = chart.results({"columns": ["brand"], "row_limit": 9}, force=False)
            assert {row["brand"] for row in rows["data"]} == seen
    finally:
        stack.client.delete(f"dataset/{made['id']}")


@pytest.mark.parametrize(
    "expression",
    [
        "countIf(customer_key IN marts.dim_customer)",
        "countIf(customer_key IN (dim_customer))",
        "countIf(globalIn(customer_key, dim_customer))",
        "(SELECT count() FROM marts.wide_events)",
        "max(dictGet('marts.names', 'brand', 1))",
        "any(marts.wide_events.brand)",
        "count()) FROM marts.wide_events --",
        "1 = 1) OR (1 = 1",
        "{{ others() }}",
    ],
)
def test_own_sql_of_a_chart_names_its_columns_alone(people: People, expression: str) -> None:
    for asked in (
        {"metrics": [own(expression)]},
        {"metrics": ["sent"], "extras": {"where": expression}},
        {"metrics": ["sent"], "extras": {"having": expression}},
        {"metrics": [], "columns": [{**own(expression), "expressionType": "SQL"}]},
        {"metrics": ["sent"], "orderby": [[own(expression), False]]},
    ):
        with pytest.raises(SupersetError, match=r": 4[0-9][0-9] "):
            seen_by(people, "analyst").results({**query([], PERIOD), **asked})


def test_own_sql_is_refused_with_the_reason(people: People) -> None:
    with pytest.raises(SupersetError) as refused:
        seen_by(people, "marketer").rows([own("sum(is_sent)")], PERIOD)
    assert "роли «Аналитик»" in reason(refused.value)


# --- Every chart --------------------------------------------------------------------------


def asked_by(chart: Asset) -> dict[str, Any]:
    """What a chart of the files asks, by the settings all its kinds share."""
    params = chart.content["params"]
    columns: list[str] = []
    for key in ("groupby", "all_columns", "x_axis", "entity", "series"):
        given = params.get(key) or []
        columns += given if isinstance(given, list) else [given]
    columns = [column for column in columns if isinstance(column, str) and column != "date"]
    return {**query(sorted(chart_metrics(chart)), PERIOD), "columns": list(dict.fromkeys(columns))}


def answers(people: People, login: str) -> dict[str, Any]:
    """Of every chart the rows, or None where it is refused."""
    numbers = {asset.uuid: int(found["id"]) for asset, found in _datasets(people.stack.client)}

    def answer(chart: Asset) -> Any:
        data = ChartData(people[login], numbers[chart.content["dataset_uuid"]])
        asked = asked_by(chart)
        if not asked["metrics"] and not asked["columns"]:
            return []
        try:
            (result,) = data.results({**asked, "row_limit": 20}, force=False)
        except SupersetError as refused:
            return str(refused)
        return result["data"]

    charts = FILES.of("charts")
    with ThreadPoolExecutor(4) as pool:
        return dict(zip((str(c.path) for c in charts), pool.map(answer, charts), strict=True))


def _datasets(client: SupersetClient) -> Iterator[tuple[Asset, dict[str, Any]]]:
    for asset in FILES.of("datasets"):
        found = client.by_uuid("dataset", asset.uuid)
        assert found is not None
        yield asset, found


@pytest.fixture(scope="module")
def all_answers(people: People) -> dict[str, Any]:
    """What an administrator gets of every chart."""
    return answers(people, "admin")


@pytest.mark.parametrize("login", ["director", "stranger"])
def test_every_chart_gives_data_to_whoever_may_look(
    people: People, all_answers: dict[str, Any], login: str
) -> None:
    """No chart is broken or refused for a role that looks at boards; without brands it is empty."""
    broken = {name: rows for name, rows in all_answers.items() if isinstance(rows, str)}
    assert broken == {}
    seen = answers(people, login)
    assert {name: rows for name, rows in seen.items() if isinstance(rows, str)} == {}
    if login == "stranger":
        filled = {name for name, rows in seen.items() if _tells(rows)}
        assert filled <= {name for name in filled if "fresh" in name or "updated" in name}


@pytest.mark.verify
@pytest.mark.parametrize(
    "login", ["viewer", "marketer", "analyst", "both", "engineer", "all_seeing"]
)
def test_every_chart_gives_data_to_every_other_role(
    people: People, all_answers: dict[str, Any], login: str
) -> None:
    seen = answers(people, login)
    assert {name: rows for name, rows in seen.items() if isinstance(rows, str)} == {}
    if PEOPLE[login][1] is None:
        differing = {name for name in seen if len(seen[name]) != len(all_answers[name])}
        assert differing == set()


def _tells(rows: list[dict[str, Any]]) -> bool:
    """Whether rows have a figure in them."""
    figures = [value for row in rows for value in row.values() if isinstance(value, int | float)]
    return any(figures)


# --- The command --------------------------------------------------------------------------


def test_people_are_made_and_closed_by_one_command_each(
    stack: Stack, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "SUPERSET_URL": stack.login.url,
        "SUPERSET_ADMIN_PASSWORD": stack.login.password,
        "CLICKHOUSE_HOST": stack.warehouse.host,
        "CLICKHOUSE_PORT": str(stack.warehouse.port),
        "CLICKHOUSE_READER_PASSWORD": stack.warehouse.password,
    }.items():
        monkeypatch.setenv(name, value)
    run = CliRunner().invoke
    made = run(commands, ["user", "add", "anna", "--role", "analyst", "--brand", OWN])
    assert made.exit_code == 0, made.output
    password = made.output.split("shown this once: ")[1].split()[0]
    anna = SupersetLogin(stack.login.url, "anna", password)
    shown = sql(stack, SupersetClient(anna), "analysts", f"select distinct brand from {EVENTS}")
    assert shown == [{"brand": OWN}]

    # A brand that nobody had yet, with signs that SQL minds; the password stays.
    odd = "O'Neil"
    again = run(commands, ["user", "add", "anna", "--role", "analyst", "--brand", odd])
    assert again.exit_code == 0, again.output
    assert "password" not in again.output
    figures = ChartData(SupersetClient(anna), dataset_id(stack.client)).rows(["sent"], PERIOD)
    assert figures == [{"sent": 0}]
    assert f"anna: Аналитик, brands {odd}" in run(commands, ["user", "list"]).output

    assert run(commands, ["user", "remove", "anna"]).exit_code == 0
    with pytest.raises(SupersetError, match=": 401 "):
        SupersetClient(anna)
    for wrong in (
        ["--role", "nobody"],
        ["--role", "data_engineer", "--brand", OWN],
        ["--role", "director", "--brand", OWN, "--all-brands"],
    ):
        assert isinstance(run(commands, ["user", "add", "eve", *wrong]).exception, PersonError)
    refused = run(commands, ["user", "add", "eve", "--role", "director", "--brand", "Все бренды"])
    assert isinstance(refused.exception, ValueError)
    assert "eve" not in {each.username for each in everybody(stack.client)}


def test_a_role_that_left_the_files_goes_and_others_stay(stack: Stack, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(ROOM / "roles", tmp_path / "roles"))
    (folder / "guest.yml").write_text("name: Гость\nextends: viewer\n", encoding="utf-8")
    stack.client.post("security/roles/", json={"name": "Чужая роль"})
    apply_roles(stack.client, folder, stack.login)
    assert stack.client.find("security/roles/", "name", "Гость") is not None
    (folder / "guest.yml").unlink()
    apply_roles(stack.client, folder, stack.login)
    assert stack.client.find("security/roles/", "name", "Гость") is None
    for name in ("Чужая роль", "Бренд: Север", "Маркетолог", "Alpha"):
        assert stack.client.find("security/roles/", "name", name) is not None
