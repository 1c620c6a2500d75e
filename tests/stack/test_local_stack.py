"""The local stack: settings with secrets of their own, services that leave nothing behind."""

import os
import shutil
import stat
from pathlib import Path
from socket import socket

import psutil
import pytest
import requests

from sandbox.stack.demo import clickhouse_url, fingerprint
from sandbox.stack.settings import GENERATED_SECRETS, ROOT, StackSettings
from sandbox.stack.supervision import (
    Supervisor,
    is_unused_local_address,
    wait_for_http,
    wait_for_port,
)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout's root with nothing but the documented settings."""
    shutil.copy(ROOT / ".env.example", tmp_path)
    for line in (ROOT / ".env.example").read_text().splitlines():
        monkeypatch.delenv(line.split("=")[0], raising=False)
    return tmp_path


def free_port() -> int:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_documented_settings_hold_no_secret(checkout: Path) -> None:
    lines = (checkout / ".env.example").read_text().splitlines()
    assert [f"{name}=" for name in GENERATED_SECRETS if f"{name}=" not in lines] == []


def test_secrets_are_generated_once_and_readable_by_their_owner_alone(checkout: Path) -> None:
    first = StackSettings.read(checkout)
    assert len({first[name] for name in GENERATED_SECRETS}) == len(GENERATED_SECRETS)
    assert all(len(first[name]) >= 32 for name in GENERATED_SECRETS)
    assert StackSettings.read(checkout).values == first.values
    assert stat.S_IMODE((checkout / ".env").stat().st_mode) == 0o600


def test_a_written_setting_is_kept_and_the_environment_goes_before_it(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout / ".env").write_text("CLICKHOUSE_HOST=warehouse.example\nCLICKHOUSE_PASSWORD=own\n")
    monkeypatch.setenv("CLICKHOUSE_PORT", "8443")
    monkeypatch.setenv("CLICKHOUSE_SECURE", "true")
    settings = StackSettings.read(checkout)
    assert clickhouse_url(settings) == "https://warehouse.example:8443"
    assert settings["CLICKHOUSE_PASSWORD"] == "own"


def test_other_data_need_another_load(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = StackSettings.read(checkout)
    before = fingerprint(settings)
    assert fingerprint(StackSettings.read(checkout)) == before
    monkeypatch.setenv("SANDBOX_WORLD_SEED", "2")
    assert fingerprint(StackSettings.read(checkout)) != before


def test_only_an_unused_port_of_this_machine_gets_a_stand_in() -> None:
    port = free_port()
    assert is_unused_local_address(f"http://127.0.0.1:{port}")
    with socket() as server:
        server.bind(("127.0.0.1", port))
        server.listen()
        assert not is_unused_local_address(f"http://127.0.0.1:{port}")
    assert not is_unused_local_address("https://api.mindbox.ru")


def test_after_a_stop_no_process_remains_and_data_survive(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLICKHOUSE_PORT", str(free_port()))
    for name in ("sandbox", "superset_assets"):
        (checkout / name).symlink_to(ROOT / name)
    settings = StackSettings.read(checkout)
    url = clickhouse_url(settings)
    credentials = {"user": "etl", "password": settings["CLICKHOUSE_PASSWORD"]}

    def ask(query: str) -> str:
        answer = requests.post(url, params={**credentials, "query": query}, timeout=30)
        assert answer.ok, answer.text
        return answer.text

    def start() -> Supervisor:
        supervisor = Supervisor(settings)
        supervisor.ensure()
        supervisor.start("clickhouse")
        log = settings.logs / "clickhouse.log"
        wait_for_port(url, "clickhouse", log)
        wait_for_http(url + "/ping", "clickhouse", log)
        return supervisor

    supervisor = start()
    try:
        ask("create table raw.kept (n UInt8) engine = MergeTree order by n as select 7 as n")
        session = os.getsid(int((settings.run / "supervisord.pid").read_text()))
        assert len(members(session)) > 1
    finally:
        supervisor.shutdown()
    assert members(session) == []
    assert not supervisor.is_running()

    supervisor = start()
    try:
        assert ask("select n from raw.kept").strip() == "7"
    finally:
        supervisor.shutdown()


def members(session: int) -> list[str]:
    """What runs in a session."""
    return [
        process.info["name"]
        for process in psutil.process_iter(["name", "status"])
        if process.info["status"] != psutil.STATUS_ZOMBIE and _session(process.pid) == session
    ]


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None
