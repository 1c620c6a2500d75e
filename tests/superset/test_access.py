"""Who may do what."""

import shutil

import pytest

from superset_assets.client import SupersetClient, SupersetError
from superset_assets.dataset_builder import METRICS, dataset_uuid
from superset_assets.files import AssetFiles
from superset_assets.permissions import Role, RoleError, apply_roles
from superset_assets.references import charts_of
from superset_assets.settings import ROOM
from tests.superset.chart_data import ChartData
from tests.superset.stack import Stack
from tests.superset.test_numbers import PERIOD


@pytest.fixture(scope="module")
def demo(stack: Stack) -> SupersetClient:
    return SupersetClient(stack.demo)


def test_demo_sees_the_board_and_its_numbers(
    demo: SupersetClient, metrics: ChartData, files: AssetFiles
) -> None:
    boards = demo.get("dashboard/")["result"]
    ours = files.of("dashboards")
    assert {board["slug"] for board in boards} == {board.content["slug"] for board in ours}
    for board in ours:
        charts = demo.get(f"dashboard/{board.content['slug']}/charts")["result"]
        assert len(charts) == len(charts_of(board, files.of("charts")))
    asked = ["sent", "orders", "active_customers"]
    as_demo = ChartData(demo, metrics.dataset_id)
    assert as_demo.rows(asked, PERIOD) == metrics.rows(asked, PERIOD)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", "sqllab/execute/", {"database_id": 1, "sql": "select 1", "schema": "marts"}),
        ("post", "dataset/", {"database": 1, "schema": "marts", "table_name": "dim_customer"}),
        ("post", "chart/", {"slice_name": "x", "datasource_id": 1, "datasource_type": "table"}),
        ("post", "dashboard/", {"dashboard_title": "x"}),
        ("post", "database/", {"database_name": "x", "sqlalchemy_uri": "sqlite://"}),
        ("put", "dashboard/mailings", {"dashboard_title": "x"}),
        ("get", "assets/export/", None),
        ("get", "security/users/", None),
        ("get", "security/roles/", None),
        ("get", "rowlevelsecurity/", None),
        ("get", "annotation_layer/", None),
    ],
)
def test_demo_is_refused_elsewhere(
    demo: SupersetClient, method: str, path: str, body: dict[str, object] | None
) -> None:
    with pytest.raises(SupersetError, match=r": 40[1345] "):
        getattr(demo, method)(path, **({"json": body} if body is not None else {}))


def test_demo_cannot_change_a_chart(stack: Stack, demo: SupersetClient, files: AssetFiles) -> None:
    chart = stack.client.by_uuid("chart", files.of("charts")[0].uuid)
    assert chart is not None
    with pytest.raises(SupersetError, match=": 403 "):
        demo.put(f"chart/{chart['id']}", json={"slice_name": "x"})
    with pytest.raises(SupersetError, match=": 403 "):
        demo.delete(f"chart/{chart['id']}")


def test_applying_the_roles_again_changes_nothing_and_takes_surplus_rights_away(
    stack: Stack, files: AssetFiles
) -> None:
    role = stack.client.find("security/roles/", "name", "Зритель")
    assert role is not None
    path = f"security/roles/{role['id']}/permissions"
    rights = sorted(each["id"] for each in stack.client.get(f"{path}/")["result"])
    surplus = next(
        row["id"]
        for row in stack.client.rows("security/permissions-resources/")
        if row["id"] not in rights
    )
    stack.client.post(path, json={"permission_view_menu_ids": [*rights, surplus]})
    apply_roles(stack.client, ROOM / "roles", stack.login)
    assert sorted(each["id"] for each in stack.client.get(f"{path}/")["result"]) == rights
    written = Role.read(ROOM / "roles" / "viewer.yml")
    assert len(rights) == len(written.rights) + len(files.of("datasets"))
    SupersetClient(stack.demo)


def test_a_role_that_asks_for_an_unknown_right_is_refused(stack: Stack, tmp_path) -> None:
    (tmp_path / "odd.yml").write_text("name: Odd\npermissions: {Moon: [can_fly]}\n")
    (tmp_path / "users.yml").write_text("[]\n")
    shutil.copy(ROOM / "roles" / "brands.yml", tmp_path)
    with pytest.raises(RoleError, match="no right can_fly on Moon"):
        apply_roles(stack.client, tmp_path, stack.login)


@pytest.mark.parametrize(
    "query",
    [
        "select * from raw.customers",
        "select * from system.query_log",
        "select * from merge('marts', '.*')",
        "select * from url('http://localhost', 'CSV', 'a String')",
        "select * from file('/etc/passwd', 'LineAsString')",
        "drop table marts.wide_events",
    ],
)
def test_sql_lab_reads_the_marts_alone_even_for_the_administrator(stack: Stack, query: str) -> None:
    database = stack.client.by_uuid("dataset", dataset_uuid(METRICS))
    assert database is not None
    body = {"database_id": database["database"]["id"], "schema": "marts", "runAsync": False}
    allowed = stack.client.post("sqllab/execute/", json={**body, "sql": "select 1 as one"})
    assert allowed["data"] == [{"one": 1}]
    with pytest.raises(SupersetError):
        stack.client.post("sqllab/execute/", json={**body, "sql": query})
