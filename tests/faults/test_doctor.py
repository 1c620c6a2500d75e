"""The doctor names what would go wrong before the first load, and touches nothing."""

import re
from collections.abc import Callable

import pytest
from clickhouse_connect.driver.client import Client
from pydantic import SecretStr

from mindbox_extract.datasets import DATASETS
from mindbox_extract.doctor import examine
from mindbox_extract.findings import Finding, Level
from mindbox_extract.project import Project
from mindbox_extract.settings import PROJECT_FILE, Settings
from mindbox_extract.tables import create_service_tables
from sandbox.mindbox.api.faults import HttpError, MalformedRows
from sandbox.mindbox.process import MindboxProcess

from .conftest import UNTIL, WEEK

Examine = Callable[..., list[Finding]]


@pytest.fixture
def found(settings: Settings, project: Project, warehouse: Client) -> Examine:
    """Findings about a week of the world; keywords change the project file or the settings."""

    def run(in_settings: dict[str, object] | None = None, **in_project: object) -> list[Finding]:
        return list(
            examine(
                settings.model_copy(update=in_settings or {}),
                project.model_copy(update=in_project),
                window=WEEK,
                clock=lambda: UNTIL,
            )
        )

    return run


def said(findings: list[Finding], subject: str, *levels: Level) -> str:
    return "\n".join(
        f.message for f in findings if f.subject == subject and (not levels or f.level in levels)
    )


def only(*datasets: str) -> dict[str, str]:
    """Operations of these datasets alone, so that a test asks for little."""
    operations = Project.read(PROJECT_FILE).operations
    return {dataset: operations[dataset] for dataset in datasets}


def test_a_healthy_project_has_no_errors_and_its_warehouse_nothing_new(
    found: Examine, warehouse: Client, mindbox: MindboxProcess
) -> None:
    tables = "SELECT database, name FROM system.tables WHERE database LIKE 'raw%'"
    databases = warehouse.query("SELECT name FROM system.databases").result_rows
    findings = found()
    assert [f for f in findings if f.level is Level.ERROR] == []
    for dataset in DATASETS:
        assert re.search(r"answers: \d+ rows", said(findings, dataset, Level.OK)), dataset
    assert "tables can be made" in said(findings, "warehouse", Level.OK)
    told = said(findings, "project", Level.OK)
    for checked in ("product id system", "decimal separator", "source of visits"):
        assert checked in told
    assert warehouse.query(tables).result_rows == []
    assert warehouse.query("SELECT name FROM system.databases").result_rows == databases
    everything = "\n".join(f.message for f in findings).lower()
    assert not [c for c in mindbox.world.canaries() if c.needle.lower() in everything]


def test_names_that_are_not_mapped_and_names_that_never_come(
    found: Examine, project: Project
) -> None:
    templates = {**project.action_templates}
    templates["ProsmotrTovara"] = templates.pop("ProsmotrProdukta")
    findings = found(
        operations=only("orders", "customer_actions", "customers"),
        action_templates=templates,
        order_status_categories={"Paid": "Paid"},
        contact_points={"site": "online"},
        visit_sources={"Direct": "direct"},
        segmentations=["lifecycle", "loyality"],
        survey_score_field="csiScore",
    )
    warned = said(findings, "project", Level.WARNING)
    assert re.search(r"action template: .*ProsmotrProdukta \(\d+\).* not in", warned)
    assert re.search(r"order line status: .*Delivered \(\d+\).* no goal counts them", warned)
    assert re.search(r"point of contact: .*app \(\d+\)", warned)
    assert re.search(r"source of visits: .*OrganicSearch \(\d+\).* take orders", warned)
    assert "segmentation: loyality in `segmentations`" in warned
    assert "no answer has `csiScore`; answers have npsScore" in warned
    assert "ProsmotrTovara" in said(findings, "project", Level.NOTE)
    assert "segmentation: loyalty" in said(findings, "project", Level.NOTE)
    unasked = said(findings, "mailings", Level.WARNING)
    assert "not loaded: mailings: the project file names no operation" in unasked


def test_a_product_id_system_that_nobody_uses(found: Examine) -> None:
    findings = found(operations=only("orders", "products"), product_id_system="erp")
    assert "products have website" in said(findings, "project", Level.ERROR)
    assert "no column ProductIdsErp" in said(findings, "products", Level.ERROR)


def test_the_other_decimal_separator(found: Examine) -> None:
    findings = found(operations=only("mailing_report_summary"), decimal_separator=".")
    assert "written with ',' and none with '.'" in said(findings, "project", Level.ERROR)
    assert "a load would fail" in said(findings, "mailing_report_summary", Level.ERROR)


def test_a_wrong_key_and_an_unknown_operation_are_told_apart(found: Examine) -> None:
    wrong = found({"mindbox_secret_key": SecretStr("wrong-key")}, operations=only("orders"))
    assert "answered 403" in said(wrong, "orders", Level.ERROR)
    assert "MINDBOX_SECRET_KEY does not fit" in said(wrong, "orders", Level.ERROR)
    assert "wrong-key" not in str(wrong)
    unknown = found(operations={"orders": "Export.Nothing", **only("promotions")})
    assert "operation Export.Nothing answered 400" in said(unknown, "orders", Level.ERROR)
    assert "answers" in said(unknown, "promotions", Level.OK)


def test_a_wrong_address_is_asked_once(found: Examine, mindbox: MindboxProcess) -> None:
    findings = found({"mindbox_url": f"{mindbox.url}/elsewhere"})
    assert "MINDBOX_URL is wrong" in said(findings, "customers", Level.ERROR)
    assert said(findings, "mailings") == ""


def test_an_operation_that_exports_something_else(found: Examine, project: Project) -> None:
    findings = found(operations={"orders": project.operations["customers"]})
    assert 'its root is "customers", not "orders"' in said(findings, "orders", Level.ERROR)


def test_rows_that_cannot_be_read(found: Examine, mindbox: MindboxProcess) -> None:
    mindbox.set_faults(MalformedRows(share=0.2))
    message = said(found(operations=only("message_statuses")), "message_statuses", Level.ERROR)
    assert re.search(r"\d+ of \d+ rows cannot be read \(\d+ x .*a load would fail", message)


def test_a_passing_trouble_does_not_end_the_examination(
    found: Examine, mindbox: MindboxProcess
) -> None:
    mindbox.set_faults(HttpError(status=503, operation="Export.Orders"))
    findings = found(operations=only("orders", "promotions"))
    assert "load again later" in said(findings, "orders", Level.ERROR)
    assert "answers" in said(findings, "promotions", Level.OK)


def test_no_warehouse_and_a_table_of_an_earlier_version(found: Examine, warehouse: Client) -> None:
    nowhere = found({"clickhouse_port": 9}, operations={})
    assert "check CLICKHOUSE_*" in said(nowhere, "warehouse", Level.ERROR)
    for statement in create_service_tables():
        warehouse.command(statement)
    warehouse.command("ALTER TABLE raw.loads DROP COLUMN unread")
    assert "raw.loads is of an earlier version" in said(
        found(operations={}), "warehouse", Level.NOTE
    )
    warehouse.command("ALTER TABLE raw.loads MODIFY COLUMN rows String")
    assert "the column rows is String" in said(found(operations={}), "warehouse", Level.ERROR)
