"""The page for Mindbox's administrator asks for everything that is read, and for nothing else."""

import re
from pathlib import Path

import pytest

from mindbox_extract.costs import COSTS, RARE
from mindbox_extract.datasets import DATASETS
from mindbox_extract.own_names import PRODUCT_COST_COLUMN, PRODUCT_ID_COLUMN
from mindbox_extract.project import Project
from mindbox_extract.spec import DatasetSpec, Field, ListField

PAGE = (Path(__file__).parents[3] / "docs" / "mindbox-administrator.md").read_text(encoding="utf-8")
WORDS = frozenset(re.findall(r"[A-Za-z]+", PAGE))


def list_paths(items: tuple[Field | ListField, ...], prefix: str = "") -> set[str]:
    """Paths of fields and of lists, as `doctor` names them."""
    found = set()
    for item in items:
        found.add(f"{prefix}{item.path}")
        if isinstance(item, ListField):
            found |= list_paths(item.items, f"{prefix}{item.path}.")
    return found


def test_every_operation_is_in_the_table(project: Project) -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| `([\w.]+)` \|", PAGE, re.MULTILINE))
    assert rows == project.operations
    assert set(rows) == set(DATASETS)


@pytest.mark.parametrize("spec", DATASETS.values(), ids=lambda spec: spec.name)
def test_every_field_is_asked_for(spec: DatasetSpec) -> None:
    placeholders = (PRODUCT_ID_COLUMN, PRODUCT_COST_COLUMN)
    for path in spec.paths():
        outer = path.split("[].")[0]
        for placeholder in placeholders:
            outer = outer.replace(placeholder, "")
        keys = [key for key in re.findall(r"[A-Za-z]+", outer) if key not in {"ids", "systemName"}]
        assert WORDS & set(keys) or f"`{outer}`" in PAGE, path


@pytest.mark.parametrize("spec", DATASETS.values(), ids=lambda spec: spec.name)
def test_what_no_row_can_do_without_stands_out(spec: DatasetSpec) -> None:
    bold = " ".join(re.findall(r"\*\*`([^*]+)`\*\*", PAGE))
    for item in spec.fields:
        if isinstance(item, Field) and item.required:
            path = item.path.replace(PRODUCT_ID_COLUMN, "<Система>")
            assert path.replace("mergedCustomers.", "mergedCustomers[].") in bold or (
                item.fallbacks and item.fallbacks[0] in bold
            )


def test_every_setting_of_the_project_file_has_its_place() -> None:
    told_elsewhere = {"reconciliation", "quarantine", "windows", "polling", "transport"}
    for setting in Project.model_fields.keys() - told_elsewhere:
        assert f"`{setting}`" in PAGE, setting


def test_costs_are_told_of_fields_that_there_are() -> None:
    known = {(spec.name, path) for spec in DATASETS.values() for path in list_paths(spec.fields)}
    assert COSTS.keys() - known == set()
    assert RARE - known == set()
