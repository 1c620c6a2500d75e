"""What people read about models, columns and metrics, checked on the parsed project."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from superset_assets.glossary import BOARDS, UNITS
from tests.dbt.build import run_dbt

PROMISED = Path(__file__).with_name("promised.yml")
NOT_AVAILABLE = Path(__file__).parents[2] / "docs" / "metrics-not-available.yml"
METRIC_META = {
    *("label_en", "description_en", "formula", "formula_en", "unit", "format", "additivity"),
    *("time_basis", "boards", "class", "slices", "sql"),
}
ADDITIVITY = {"additive", "semi_additive", "non_additive"}
TIME_BASES = {"send", "event", "order", "asof", "assign"}
CLASSES = {"operational", "financial", "strategic"}
CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)

Node = dict[str, Any]


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Node:
    folder = tmp_path_factory.mktemp("manifest")
    done = run_dbt("parse", folder=folder, environment={})
    assert done.returncode == 0, done.stdout
    content: Node = json.loads((folder / "target" / "manifest.json").read_text(encoding="utf-8"))
    return content


def models(manifest: Node, layer: str) -> list[Node]:
    nodes = manifest["nodes"].values()
    return [n for n in nodes if n["resource_type"] == "model" and n["schema"] == layer]


def described(node: Node, meta: Node) -> bool:
    """Told in Russian and in English, and not in each other's place."""
    return bool(
        CYRILLIC.search(node["description"])
        and meta["label"]
        and meta["label_en"]
        and meta["description_en"]
        and not CYRILLIC.search(re.sub("«.*?»", "", meta["label_en"] + meta["description_en"]))
    )


def test_every_model_and_column_is_described(manifest: Node) -> None:
    silent = [
        f"{model['name']}.{name}"
        for layer in ("staging", "intermediate", "marts")
        for model in models(manifest, layer)
        for name, node in [("", model), *model["columns"].items()]
        if not CYRILLIC.search(node["description"])
    ]

    assert silent == []


def test_every_mart_is_described_in_both_languages(manifest: Node) -> None:
    marts = models(manifest, "marts")

    assert len(marts) > 5
    for mart in marts:
        assert described(mart, mart["config"]["meta"]), mart["name"]
        assert mart["config"]["contract"]["enforced"], mart["name"]
        for name, column in mart["columns"].items():
            assert described(column, column["config"]["meta"]), (mart["name"], name)


def test_a_column_is_a_slice_of_a_group_or_hidden(manifest: Node) -> None:
    for mart in models(manifest, "marts"):
        for name, column in mart["columns"].items():
            meta = column["config"]["meta"]
            assert meta["slice"] != meta.get("hidden", False), (mart["name"], name)
            assert meta["slice"] == (meta.get("slice_group") in set("TMOPCWXA")), name


def test_a_slice_means_the_same_in_every_mart(manifest: Node) -> None:
    labels: dict[str, set[str]] = {}
    for mart in models(manifest, "marts"):
        for name, column in mart["columns"].items():
            if column["config"]["meta"]["slice"] and mart["name"] != "dim_date":
                labels.setdefault(name, set()).add(column["config"]["meta"]["label"])

    assert {name: found for name, found in labels.items() if len(found) > 1} == {}


def test_every_promised_metric_is_defined_or_said_to_be_missing(manifest: Node) -> None:
    defined = {metric["name"] for metric in manifest["metrics"].values()}
    missing = yaml.safe_load(NOT_AVAILABLE.read_text(encoding="utf-8"))
    named = {each["name"] for each in missing}
    promised = yaml.safe_load(PROMISED.read_text(encoding="utf-8"))

    assert promised.keys() == BOARDS.keys()
    assert {name for names in promised.values() for name in names} <= defined | named
    assert not defined & named
    assert len(named) == len(missing)


def test_what_is_missing_says_why() -> None:
    for each in yaml.safe_load(NOT_AVAILABLE.read_text(encoding="utf-8")):
        assert each.keys() == {"name", "label", "reason", "reason_en"}, each
        assert CYRILLIC.search(each["reason"]), each["name"]
        assert len(each["reason_en"].split()) > 5, each["name"]


def test_every_metric_explains_itself(manifest: Node) -> None:
    for metric in manifest["metrics"].values():
        meta = metric["config"]["meta"]
        assert meta.keys() >= METRIC_META, metric["name"]
        assert described(metric, {**meta, "label": metric["label"]}), metric["name"]
        assert meta["unit"] in UNITS, metric["name"]
        assert meta["additivity"] in ADDITIVITY
        assert meta["time_basis"] in TIME_BASES
        assert meta["class"] in CLASSES
        assert set(meta["boards"]) <= BOARDS.keys(), metric["name"]


def test_no_metric_is_called_like_a_column(manifest: Node) -> None:
    """ClickHouse would take the column for the metric, or the other way round."""
    columns = {name for mart in models(manifest, "marts") for name in mart["columns"]}

    assert {metric["name"] for metric in manifest["metrics"].values()} & columns == set()


def test_models_with_logic_have_examples(manifest: Node) -> None:
    shown = {test["model"] for test in manifest["unit_tests"].values()}
    plain = {
        *("base_mindbox__customer_actions", "stg_mindbox__customers"),
        *("stg_mindbox__message_statuses", "stg_mindbox__segment_memberships"),
        *("int_events_lifecycle", "mart_channel_states"),
        "mart_segment_memberships",
    }
    all_models = {
        model["name"]
        for layer in ("staging", "intermediate", "marts")
        for model in models(manifest, layer)
    }

    assert all_models - shown == plain
