"""Who may import whom: data go one way, and nobody knows Dagster."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ALLOWED = {
    "mindbox_extract": set[str](),
    "superset_assets": set[str](),
    "purchase_model": set[str](),
    "dagster_project": {"mindbox_extract", "superset_assets", "purchase_model"},
    "sandbox": {"superset_assets", "mindbox_extract", "dagster_project"},
}
FOREIGN = {
    "mindbox_extract": {"dagster", "dagster_dbt", "dbt", "superset"},
    "superset_assets": {"dagster", "dagster_dbt", "dbt"},
    "purchase_model": {"dagster", "dagster_dbt", "dbt", "superset"},
}


def imported_packages(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name.split(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_a_package_imports_only_what_lies_before_it(package: str) -> None:
    forbidden = (set(ALLOWED) - ALLOWED[package] - {package}) | FOREIGN.get(package, set())
    offences = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in (ROOT / package).rglob("*.py")
        for name in imported_packages(file)
        if name in forbidden
    ]
    assert offences == []
