"""Reports by mail and alerts, made of files, run as the worker runs them, received as mail."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from sandbox.superset import (
    SUPERSET_BIN,
    begin_bootstrap,
    finish_bootstrap,
    free_port,
    start_superset,
)
from superset_assets.client import SupersetClient
from superset_assets.files import AssetFiles
from superset_assets.publish import push
from superset_assets.settings import ROOM, Language, SupersetLogin
from superset_assets.subscriptions import FOLDER, RECIPIENTS, apply_subscriptions
from tests.superset.stack import Stack, superset_environment

pytestmark = pytest.mark.verify
TO = {RECIPIENTS: "marketing@example.org"}
# What Superset's worker does when the moment of a subscription has come.
RUN = """
import sys, uuid
from datetime import datetime, timezone
from superset.app import create_app
with create_app().app_context():
    from superset.commands.report.execute import AsyncExecuteReportScheduleCommand
    now = datetime.now(tz=timezone.utc).replace(tzinfo=None)
    AsyncExecuteReportScheduleCommand(str(uuid.uuid4()), int(sys.argv[1]), now).run()
"""


@dataclass
class Mailbox:
    """Takes every mail in."""

    mails: list[Message] = field(default_factory=list)

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        self.mails.append(message_from_bytes(envelope.content))
        return "250 OK"


@dataclass(frozen=True)
class Mailing:
    """A Superset with a mail server."""

    client: SupersetClient
    mailbox: Mailbox
    environment: dict[str, str]

    def run(self, name: str) -> None:
        """Run a subscription as the worker does."""
        key = json.loads(ledger(self.client))["subscriptions"][name]
        subprocess.run(
            [SUPERSET_BIN / "python", "-c", RUN, str(key)],
            env=self.environment,
            cwd=ROOM.parent,
            check=True,
            timeout=300,
        )


def ledger(client: SupersetClient) -> str:
    (layer,) = (row for row in client.rows("annotation_layer/") if "superset_assets" in row["name"])
    return str(layer["descr"])


@pytest.fixture(scope="module")
def mailing(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mailing]:
    """A second Superset over the same warehouse, which may send mail to a server of ours."""
    if not shutil.which("chromedriver"):
        pytest.fail("chromedriver is needed: apt-get install chromium-driver")
    mailbox, port = Mailbox(), free_port()
    folder = tmp_path_factory.mktemp("mailing")
    with ExitStack() as services:
        controller = Controller(mailbox, hostname="127.0.0.1", port=port)
        controller.start()
        services.callback(controller.stop)
        web = free_port()
        environment = {
            **superset_environment(folder),
            "SUPERSET_PUBLIC_URL": f"http://127.0.0.1:{web}",
            "SUPERSET_BROKER_URL": "memory://",
            "SUPERSET_MAIL_HOST": "127.0.0.1",
            "SUPERSET_MAIL_PORT": str(port),
            "SUPERSET_MAIL_FROM": "boards@example.org",
        }
        finish_bootstrap(begin_bootstrap(folder, environment), folder)
        start_superset(services, folder, environment, web)
        password = environment["SUPERSET_ADMIN_PASSWORD"]
        client = SupersetClient(SupersetLogin(f"http://127.0.0.1:{web}", "admin", password))
        push(client, AssetFiles(ROOM), stack.warehouse)
        yield Mailing(client, mailbox, environment)


def reports(client: SupersetClient) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in client.rows("report/")}


def test_files_become_subscriptions_once(mailing: Mailing) -> None:
    first = apply_subscriptions(mailing.client, environment=TO)
    made = reports(mailing.client)
    again = apply_subscriptions(mailing.client, environment=TO)
    assert again == first
    assert {name: row["id"] for name, row in reports(mailing.client).items()} == {
        name: row["id"] for name, row in made.items()
    }
    files = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.yml")]
    assert set(made) == {content["name"]["ru"] for content in files}


def test_what_leaves_the_files_goes_and_what_people_made_stays(
    mailing: Mailing, tmp_path: Path
) -> None:
    apply_subscriptions(mailing.client, environment=TO)
    board = mailing.client.by_uuid("dashboard", "mailings")
    assert board is not None
    own = {
        "type": "Report",
        "name": "Мой отчёт",
        "crontab": "0 9 * * *",
        "dashboard": board["id"],
        "creation_method": "alerts_reports",
        "recipients": [{"type": "Email", "recipient_config_json": {"target": "me@example.org"}}],
    }
    mailing.client.post("report/", json=own)
    shutil.copy(FOLDER / "stale_data.yml", tmp_path)
    applied = apply_subscriptions(mailing.client, folder=tmp_path, environment=TO)
    assert applied.removed == ["mailing_deliveries_drop", "revenue_drop", "weekly_overview"]
    assert set(reports(mailing.client)) == {"Данные не обновились", "Мой отчёт"}


def test_in_english_the_same_subscriptions_bear_english_names(mailing: Mailing) -> None:
    apply_subscriptions(mailing.client, environment=TO)
    before = json.loads(ledger(mailing.client))["subscriptions"]
    apply_subscriptions(mailing.client, Language.ENGLISH, environment=TO)
    assert "Weekly overview" in reports(mailing.client)
    assert json.loads(ledger(mailing.client))["subscriptions"] == before
    apply_subscriptions(mailing.client, environment=TO)


def test_the_weekly_report_brings_the_board_as_a_picture(mailing: Mailing) -> None:
    apply_subscriptions(mailing.client, environment=TO)
    mailing.mailbox.mails.clear()
    mailing.run("weekly_overview")
    (mail,) = mailing.mailbox.mails
    assert mail["To"] == TO[RECIPIENTS]
    pictures = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    (picture,) = [part.get_payload(decode=True) for part in pictures]
    assert isinstance(picture, bytes)
    assert picture.startswith(b"\x89PNG")
    # An empty page of this width is a few kilobytes.
    assert len(picture) > 60_000


def test_an_alert_speaks_when_its_number_passes_the_border_and_not_otherwise(
    mailing: Mailing, tmp_path: Path
) -> None:
    """The data of the tests end long ago, so they are stale; and nothing was sold this week."""
    apply_subscriptions(mailing.client, environment=TO)
    mailing.mailbox.mails.clear()
    mailing.run("stale_data")
    assert len(mailing.mailbox.mails) == 1
    mailing.mailbox.mails.clear()
    mailing.run("revenue_drop")
    assert mailing.mailbox.mails == []
    # The same alert with a border that nothing passes is silent.
    content = yaml.safe_load((FOLDER / "stale_data.yml").read_text(encoding="utf-8"))
    quiet = {**content, "above": 10**6}
    (tmp_path / "stale_data.yml").write_text(yaml.safe_dump(quiet), encoding="utf-8")
    apply_subscriptions(mailing.client, folder=tmp_path, environment=TO)
    mailing.run("stale_data")
    assert mailing.mailbox.mails == []


def test_without_recipients_nothing_is_in_force_and_the_reason_is_said(mailing: Mailing) -> None:
    assert RECIPIENTS in apply_subscriptions(mailing.client, environment={}).reason


def test_without_a_mail_server_nothing_is_in_force_and_the_reason_is_said(stack: Stack) -> None:
    applied = apply_subscriptions(stack.client, environment=TO)
    assert (applied.names, "SUPERSET_MAIL_HOST" in applied.reason) == ([], True)
