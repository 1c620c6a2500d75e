"""`make demo`: everything from nothing to the boards, and again what is new."""

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit

import requests
from rich.console import Console
from rich.table import Table

from sandbox.mindbox.world.vocabulary import BRANDS
from sandbox.stack.dagster_home import prepare_home
from sandbox.stack.settings import StackSettings
from sandbox.stack.supervision import (
    StackError,
    Supervisor,
    is_unused_local_address,
    wait_for_http,
    wait_for_port,
)

# What the loaded data and the boards are made by: a change here makes `make demo` run again.
MADE_BY = (
    *("mindbox_extract", "dbt/models", "dbt/macros", "dbt/tests"),
    *("purchase_model", "superset_assets"),
)
# The stand-in's data end with a full hour, minutes or days before they are loaded: what is not
# loaded of the last minutes before a report is nothing.
STAND_IN_TAIL_MINUTES = 60
MADE_BY_SETTINGS = (
    "MINDBOX_URL",
    "MINDBOX_PROJECT_FILE",
    "SANDBOX_MINDBOX_FOLDER",
    "SANDBOX_WORLD_CUSTOMERS",
    "SANDBOX_WORLD_MONTHS",
    "SANDBOX_WORLD_SEED",
    "HISTORY_START",
)


@dataclass(frozen=True)
class DemoPerson:
    """A login that shows a role; its name is the role's.

    Attributes:
        brand: Of the stand-in's shop; None for all.
    """

    login: str
    brand: str | None

    @property
    def password_from(self) -> str:
        """The setting that holds the password."""
        return f"SUPERSET_{self.login.upper()}_PASSWORD"


PEOPLE = (
    DemoPerson("director", None),
    DemoPerson("marketer", BRANDS[0].system_name),
    DemoPerson("analyst", BRANDS[0].system_name),
)


def run_demo(console: Console) -> None:
    """Start everything, load what is not loaded yet, and say where to look.

    Raises:
        StackError: a service did not come up, or the refresh failed; the text says which.
    """
    started = monotonic()
    settings = StackSettings.read()
    with _step(console, "services"):
        settings = start_data_services(settings, console)
    with ThreadPoolExecutor(max_workers=1) as background:
        superset = background.submit(prepare_superset, settings)
        with _step(console, "Dagster"):
            start_dagster(settings)
        with _step(console, "Superset (its database, users, roles)"):
            superset.result()
            start_superset(settings)
    refresh(settings, console)
    if serves_stand_in(settings):
        with _step(console, "people of the demo shop"):
            add_people(settings)
    print_addresses(settings, console)
    console.print(f"ready in {monotonic() - started:.0f} s")


def start_data_services(settings: StackSettings, console: Console) -> StackSettings:
    """Start the stand-ins that the settings ask for.

    A stand-in is started where its address is a port of this machine that nobody uses; any
    other address is somebody's real server and is left alone.

    Returns:
        The settings with HISTORY_START filled in, and with the stand-in's quiet tail.
    """
    supervisor = Supervisor(settings)
    ours = supervisor.states() if supervisor.is_running() else {}
    supervisor.ensure()
    for service, url in (
        ("clickhouse", clickhouse_url(settings)),
        ("mindbox", settings["MINDBOX_URL"]),
    ):
        if ours.get(service, ("", ""))[0] == "RUNNING":
            continue
        if is_unused_local_address(url):
            supervisor.start(service)
            wait_for_port(url, service, settings.logs / f"{service}.log")
        else:
            console.print(f"  {service}: using the server at {url}", highlight=False)
    # Mindbox is not asked for an address it does not know: it bans callers for that.
    wait_for_http(
        clickhouse_url(settings) + "/ping", "clickhouse", settings.logs / "clickhouse.log"
    )
    if not settings["HISTORY_START"]:
        settings = settings.remember("HISTORY_START", first_day(settings))
    if not settings["RECONCILIATION_QUIET_TAIL_MINUTES"] and serves_stand_in(settings):
        tail = str(STAND_IN_TAIL_MINUTES)
        settings = settings.remember("RECONCILIATION_QUIET_TAIL_MINUTES", tail)
    return settings


def clickhouse_url(settings: StackSettings) -> str:
    """The warehouse's HTTP address."""
    scheme = "https" if settings["CLICKHOUSE_SECURE"].lower() == "true" else "http"
    return f"{scheme}://{settings['CLICKHOUSE_HOST']}:{settings['CLICKHOUSE_PORT']}"


def first_day(settings: StackSettings) -> str:
    """The first day (UTC) of the stand-in's data.

    Raises:
        StackError: the source is not our stand-in, so only its owner knows.
    """
    if not serves_stand_in(settings):
        raise StackError("set HISTORY_START in .env: the first day (UTC) to load from Mindbox")
    return stand_in_period(settings)["since"][:10]


def serves_stand_in(settings: StackSettings) -> bool:
    """Whether Mindbox is the stand-in of this stack, and not somebody's server."""
    return Supervisor(settings).states()["mindbox"][0] in {"STARTING", "RUNNING"}


def stand_in_period(settings: StackSettings) -> dict[str, str]:
    """`since` and `until` (UTC, ISO 8601) of what the stand-in serves."""
    answer = requests.get(
        settings["MINDBOX_URL"] + "/sandbox/period",
        headers={"Authorization": f"SecretKey {settings['MINDBOX_SECRET_KEY']}"},
        timeout=30,
    )
    answer.raise_for_status()
    return dict(answer.json())


def start_dagster(settings: StackSettings) -> None:
    """Start Dagster's webserver and daemon on an instance of their own."""
    prepare_home(settings.dagster_home)
    _run(settings, [sys.executable, "-m", "dagster_project.pools"], "dagster-setup")
    # The code's first import writes dbt's manifest; afterwards every process finds it fresh.
    _run(settings, [sys.executable, "-m", "dagster_project.definitions"], "dagster-setup")
    supervisor = Supervisor(settings)
    for service in ("dagster-webserver", "dagster-daemon"):
        supervisor.start(service)
    url = f"http://127.0.0.1:{settings['DAGSTER_PORT']}/server_info"
    wait_for_http(url, "dagster-webserver", settings.logs / "dagster-webserver.log")


def prepare_superset(settings: StackSettings) -> None:
    """Bring Superset's own database, its users and roles up."""
    python = str(settings.superset_bin / "python")
    _run(settings, [python, "-m", "superset_assets.bootstrap"], "superset-setup")


def start_superset(settings: StackSettings) -> None:
    """Start Superset's web server."""
    Supervisor(settings).start("superset")
    address = urlsplit(settings["SUPERSET_URL"])
    wait_for_http(f"{address.geturl()}/health", "superset", settings.logs / "superset.log")


def refresh(settings: StackSettings, console: Console) -> None:
    """Run the main job over all of history, unless this very state is loaded already.

    Raises:
        StackError: the run failed; its reason is printed.
    """
    mark = fingerprint(settings)
    environment = settings.environment()
    probe = [sys.executable, "-m", "dagster_project.refresh", "--is-done", "--fingerprint", mark]
    if subprocess.run(probe, env=environment, cwd=settings.root, check=False).returncode == 0:
        console.print("[green]✓[/green] data: loaded already (`make refresh` loads what is new)")
        return
    with _step(console, "data: load, model, test, publish the boards, fit the purchase models"):
        command = [sys.executable, "-m", "dagster_project.refresh", "--fit", "--fingerprint", mark]
        if serves_stand_in(settings):
            # Files may end years ago; empty days would be loaded up to today otherwise.
            command += ["--till", stand_in_period(settings)["until"][:10]]
        if subprocess.run(command, env=environment, cwd=settings.root, check=False).returncode:
            raise StackError(
                f"the refresh failed; its reason is above, its logs in {settings.logs}"
            )


def add_people(settings: StackSettings) -> None:
    """Make one login for each role that has an example, or leave it as it is.

    Raises:
        StackError: it failed; the text says why.
    """
    for person in PEOPLE:
        command = [sys.executable, "-m", "superset_assets", "user", "add", person.login]
        command += ["--role", person.login, "--last-name", "Демо"]
        command += [f"--brand={person.brand}"] if person.brand else ["--all-brands"]
        _run(settings, command, "people", SUPERSET_USER_PASSWORD=settings[person.password_from])


def refresh_days(settings: StackSettings, console: Console) -> None:
    """Load the latest days again, with the overlap of the daily schedule, and rebuild.

    Raises:
        StackError: the run failed; its reason is printed.
    """
    since = (datetime.now(tz=UTC) - timedelta(days=2)).date().isoformat()
    with _step(console, f"refresh since {since}"):
        command = [sys.executable, "-m", "dagster_project.refresh", "--since", since]
        environment = settings.environment()
        if subprocess.run(command, env=environment, cwd=settings.root, check=False).returncode:
            raise StackError(
                f"the refresh failed; its reason is above, its logs in {settings.logs}"
            )


def fingerprint(settings: StackSettings) -> str:
    """A digest of the settings and files that the loaded data are made by."""
    digest = hashlib.sha256()
    for name in MADE_BY_SETTINGS:
        digest.update(f"{name}={settings[name]}\n".encode())
    for file in _made_by_files(settings.root):
        digest.update(file.relative_to(settings.root).as_posix().encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _made_by_files(root: Path) -> list[Path]:
    files = [file for folder in MADE_BY for file in (root / folder).rglob("*") if file.is_file()]
    return sorted(file for file in files if "__pycache__" not in file.parts)


def print_addresses(settings: StackSettings, console: Console) -> None:
    """Say where everything is and who may come in."""
    superset, dagster = settings["SUPERSET_URL"], f"http://127.0.0.1:{settings['DAGSTER_PORT']}"
    table = Table(box=None, show_header=False, padding=(0, 2))
    table.add_row("Board «Рассылки»", f"{superset}/superset/dashboard/mailings/")
    table.add_row("  look", "user demo, password SUPERSET_DEMO_PASSWORD in .env")
    if serves_stand_in(settings):
        for person in PEOPLE:
            seen = f"brand {person.brand}" if person.brand else "all brands"
            said = f"user {person.login} ({seen}), password {person.password_from} in .env"
            table.add_row("  as a role", said)
    table.add_row("  administer", "user admin, password SUPERSET_ADMIN_PASSWORD in .env")
    table.add_row("Dagster", dagster)
    table.add_row(
        "ClickHouse", f"{clickhouse_url(settings)}, user etl, CLICKHOUSE_PASSWORD in .env"
    )
    table.add_row("Mindbox API", settings["MINDBOX_URL"])
    table.add_row("Logs", str(settings.logs))
    console.print(table, highlight=False, soft_wrap=True)


def _run(settings: StackSettings, command: list[str], log_name: str, **more: str) -> None:
    """Run a preparing command with its output in the log folder.

    Raises:
        StackError: it failed; the text holds its last lines.
    """
    settings.logs.mkdir(parents=True, exist_ok=True)
    log = settings.logs / f"{log_name}.log"
    with log.open("ab") as output:
        done = subprocess.run(
            command,
            env={**settings.environment(), **more},
            cwd=settings.root,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        raise StackError(f"`{' '.join(command[1:])}` failed; the end of {log}:\n{tail}")


@contextmanager
def _step(console: Console, title: str) -> Iterator[None]:
    started = monotonic()
    console.print(f"[bold]…[/bold] {title}", highlight=False)
    yield
    console.print(f"[green]✓[/green] {title}: {monotonic() - started:.0f} s", highlight=False)
