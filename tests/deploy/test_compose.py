"""Production's compose file: one door, no default secret, nobody runs as root, all are watched.

No container engine is needed: the file is read as YAML, and resolved by `docker-compose config`.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker-compose.yml"
DEPLOY = ROOT / "deploy"
VARIABLE = re.compile(r"\$\{([A-Z_]+)(?:(:[?-])([^}]*))?\}")
SECRET = re.compile(r"PASSWORD|SECRET|_KEY$")
# A login and a mail server that may be absent altogether.
OPTIONAL_SECRETS = {"SUPERSET_DEMO_PASSWORD", "SUPERSET_MAIL_PASSWORD"}
# They run once and end.
SETUPS = {"clickhouse-users", "dagster-setup", "superset-setup"}


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    return dict(yaml.safe_load(FILE.read_text(encoding="utf-8"))["services"])


def variables() -> Iterator[tuple[str, str, str]]:
    """Name, operator and default or message of every variable of the file."""
    yield from VARIABLE.findall(FILE.read_text(encoding="utf-8"))


def documented() -> dict[str, str]:
    lines = (DEPLOY / "env.example").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def compose(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Debian's docker-compose, which `requirements/install.sh dev` brings, or Docker's plugin."""
    old = shutil.which("docker-compose")
    command = [old] if old else ["docker", "compose"]
    return subprocess.run(
        [*command, "--file", str(FILE), *arguments],
        # Not the checkout: its `.env` is that of the demo.
        cwd=DEPLOY,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def required() -> dict[str, str]:
    return {name: f"given-{name.lower()}" for name, operator, _ in variables() if operator == ":?"}


def test_compose_resolves_the_file_when_all_that_is_required_is_given(
    required: dict[str, str], services: dict[str, dict[str, Any]]
) -> None:
    done = compose("config", **required)
    assert done.returncode == 0, done.stderr
    resolved = yaml.safe_load(done.stdout)["services"]
    assert set(resolved) >= {name for name, one in services.items() if "profiles" not in one}
    assert "given-clickhouse_password" in done.stdout
    assert "${" not in done.stdout.replace("$${", "")


def test_a_missing_secret_is_named_and_nothing_starts(required: dict[str, str]) -> None:
    given = {name: value for name, value in required.items() if name != "REDIS_PASSWORD"}
    done = compose("config", **given)
    assert done.returncode != 0
    assert "password of Redis" in done.stderr


def test_no_secret_has_a_default_and_none_stands_in_a_file() -> None:
    secrets = [found for found in variables() if SECRET.search(found[0])]
    assert len({name for name, _, _ in secrets}) >= 12
    with_default = {name for name, operator, default in secrets if operator == ":-" and default}
    not_required = {name for name, operator, _ in secrets if operator != ":?"}
    assert with_default == set()
    assert not_required == OPTIONAL_SECRETS
    assert {name for name, value in documented().items() if SECRET.search(name) and value} == set()


def test_every_setting_that_has_to_be_given_is_documented() -> None:
    required = {name for name, operator, _ in variables() if operator == ":?"}
    assert required <= set(documented())
    assert set(documented()) <= {name for name, _, _ in variables()}


def test_the_proxy_alone_is_published(services: dict[str, dict[str, Any]]) -> None:
    assert [name for name, one in services.items() if "ports" in one] == ["proxy"]
    assert [name for name, one in services.items() if one.get("network_mode")] == []


def test_stores_have_no_way_out_and_no_way_in(services: dict[str, dict[str, Any]]) -> None:
    networks = yaml.safe_load(FILE.read_text(encoding="utf-8"))["networks"]
    assert networks["inside"] == {"internal": True}
    for store in ("clickhouse", "postgres", "redis"):
        assert services[store]["networks"] == ["inside"]


def test_whatever_keeps_running_is_watched_and_restarted(
    services: dict[str, dict[str, Any]],
) -> None:
    running = {name: one for name, one in services.items() if name not in SETUPS}
    assert [name for name, one in running.items() if "healthcheck" not in one] == []
    assert {one["restart"] for one in running.values()} == {"unless-stopped"}
    assert {services[name]["restart"] for name in SETUPS} == {"no"}


def test_data_lie_in_named_volumes(services: dict[str, dict[str, Any]]) -> None:
    named = set(yaml.safe_load(FILE.read_text(encoding="utf-8"))["volumes"])
    mounts = [mount for one in services.values() for mount in one.get("volumes", [])]
    sources = {mount.split(":")[0] for mount in mounts if not mount.startswith((".", "$"))}
    assert sources == named
    writable = [mount for mount in mounts if mount.startswith((".", "$")) and mount[-3:] != ":ro"]
    assert writable == []


def test_files_that_are_mounted_or_built_from_are_there(
    services: dict[str, dict[str, Any]],
) -> None:
    mounts = [mount for one in services.values() for mount in one.get("volumes", [])]
    wanted = {mount.split(":")[0] for mount in mounts if mount.startswith("./")}
    wanted |= {one["build"]["dockerfile"] for one in services.values() if "build" in one}
    assert [name for name in wanted if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("name", ["pipeline", "superset"])
def test_no_image_of_ours_runs_as_root(name: str, services: dict[str, dict[str, Any]]) -> None:
    dockerfile = f"deploy/{name}.Dockerfile"
    users: dict[str, str] = {}
    stage = ""
    for line in (ROOT / dockerfile).read_text(encoding="utf-8").splitlines():
        if found := re.match(r"FROM (\S+) AS (\S+)", line):
            base, stage = found.groups()
            users[stage] = users.get(base, "root")
        elif found := re.match(r"USER (\S+)", line):
            users[stage] = found[1]
    built = {
        one["build"]["target"]
        for one in services.values()
        if one.get("build", {}).get("dockerfile") == dockerfile
    }
    assert built
    assert {target for target in built if users[target] == "root"} == set()


def test_every_program_that_is_started_exists_in_the_images(
    services: dict[str, dict[str, Any]],
) -> None:
    """Console scripts and modules of the environments that the images are built from."""
    environments = {"pipeline": "pipeline", "sandbox": "pipeline", "superset": "superset"}
    missing = []
    for name, one in services.items():
        target = one.get("build", {}).get("target", "").removesuffix("-worker")
        if target not in environments:
            continue
        scripts = ROOT / ".venv" / environments[target] / "bin"
        program = one["command"][0]
        if program == "sh":
            program = one["command"][-1].split()[0]
        if not (scripts / program).exists():
            missing.append(f"{name}: {program}")
    assert missing == []
