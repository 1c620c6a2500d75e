"""Reports by mail and alerts, from files; in force where Superset has a worker and a mail server.

Superset's bundles do not carry them, so they go over the REST API. A file names its board by slug,
or the SQL that an alert watches; whom it is sent to is a setting of the installation.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from superset_assets.client import SupersetClient
from superset_assets.dataset_builder import DATABASE_UUID
from superset_assets.ledger import read_ledger, write_ledger
from superset_assets.settings import ROOM, Language

FOLDER = ROOM / "subscriptions"
RECIPIENTS = "SUPERSET_REPORT_RECIPIENTS"
KIND = "subscriptions"
OPERATORS = {"below": "<", "above": ">"}


class SubscriptionError(Exception):
    """A subscription cannot be made; the text says which and why."""


@dataclass(frozen=True)
class Applied:
    """What came of the files.

    Attributes:
        names: the subscriptions that are in force.
        removed: those of an earlier push that left the files.
        reason: why none are in force, if so.
    """

    names: list[str]
    removed: list[str]
    reason: str = ""


def apply_subscriptions(
    client: SupersetClient,
    language: Language = Language.RUSSIAN,
    folder: Path = FOLDER,
    environment: Mapping[str, str] = os.environ,
) -> Applied:
    """Make Superset's reports and alerts be as the files say; those that people made stay.

    Raises:
        SubscriptionError: a file names a board that is not there, or somebody else's name.
        SupersetError: Superset refused one, or could not be reached.
    """
    if not client.offers("report/"):
        return Applied([], [], "Superset has no mail server (SUPERSET_MAIL_HOST)")
    recipients = environment.get(RECIPIENTS, "")
    if not recipients:
        return Applied([], [], f"{RECIPIENTS} is not set")
    ours = {str(name): int(key) for name, key in read_ledger(client).get(KIND, {}).items()}
    there = {int(row["id"]) for row in client.rows("report/")}
    now: dict[str, int] = {}
    for path in sorted(folder.glob("*.yml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        body = _body(client, path, content, language, recipients)
        known = ours.get(path.stem)
        if known in there:
            client.put(f"report/{known}", json=body)
            now[path.stem] = int(known)
        else:
            now[path.stem] = _made(client, path, body)
        # Written down one by one: whatever happens next, nothing of ours is taken for another's.
        write_ledger(client, **{KIND: {**ours, **now}})
    removed = sorted(name for name, key in ours.items() if name not in now and key in there)
    for name in removed:
        client.delete(f"report/{ours[name]}")
    write_ledger(client, **{KIND: now})
    return Applied(sorted(now), removed)


def _made(client: SupersetClient, path: Path, body: dict[str, Any]) -> int:
    """Make a new one; its name must not be taken by somebody's own."""
    taken = client.find("report/", "name", body["name"])
    if taken is not None and taken["type"] == body["type"]:
        raise SubscriptionError(f"{path.name}: somebody has a {body['type']} of its name already")
    return int(client.post("report/", json=body)["id"])


def _body(
    client: SupersetClient,
    path: Path,
    content: dict[str, Any],
    language: Language,
    recipients: str,
) -> dict[str, Any]:
    """A subscription as the REST API takes it."""
    kind = content["type"]
    body = {
        "type": kind,
        "name": content["name"][language],
        "description": content["description"][language],
        "email_subject": content["name"][language],
        "active": True,
        # Several for one board are allowed to those that are made on the page of reports.
        "creation_method": "alerts_reports",
        "crontab": content["crontab"],
        "timezone": os.environ.get("PROJECT_TIME_ZONE", "Europe/Moscow"),
        "recipients": [{"type": "Email", "recipient_config_json": {"target": recipients}}],
        "dashboard": _found(client, path, "dashboard", content["board"]),
        "report_format": content["format"],
        "force_screenshot": True,
        "custom_width": content["width"],
    }
    if kind == "Report":
        return body
    ((word, threshold),) = ((word, content[word]) for word in OPERATORS if word in content)
    return {
        **body,
        "database": _database(client),
        "sql": content["sql"],
        "validator_type": "operator",
        "validator_config_json": {"op": OPERATORS[word], "threshold": threshold},
        "grace_period": int(content["quiet_hours"]) * 3600,
    }


def _found(client: SupersetClient, path: Path, kind: str, key: str) -> int:
    found = client.by_uuid(kind, key)
    if found is None:
        raise SubscriptionError(f"{path.name}: there is no {kind} {key}")
    return int(found["id"])


def _database(client: SupersetClient) -> int:
    """The warehouse's connection; databases cannot be asked for by UUID."""
    (key,) = (int(row["id"]) for row in client.rows("database/") if row["uuid"] == DATABASE_UUID)
    return key
