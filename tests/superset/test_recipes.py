"""What the README promises of additions: a metric touches one file, a slice two."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from superset_assets.dataset_builder import METRICS, generate
from superset_assets.glossary import write_glossary
from superset_assets.manifest import Manifest
from superset_assets.semantic_catalog import write_catalog
from superset_assets.semantics.catalog import Catalog
from superset_assets.semantics.compose import compose
from superset_assets.semantics.question import Question
from tests.dbt.build import PROJECT, run_dbt

METRIC = """
  - name: dear_orders
    label: Дорогие заказы
    description: Сколько действующих заказов от 10 000 рублей; по дате заказа.
    type: simple
    type_params: {measure: events}
    config:
      meta:
        label_en: Dear orders
        description_en: Valid orders of 10 000 roubles or more, by order date.
        formula: число заказов от 10 000 рублей
        formula_en: orders of 10 000 roubles or more
        unit: orders
        format: ',.0f'
        additivity: additive
        time_basis: order
        boards: [crm]
        class: operational
        slices: [T, C, O]
        sql: countIf(is_order = 1 and order_amount >= 10000)
"""
SLICE_SQL = '    {{ open_label("substring(events.event_key, 1, 1)") }} as key_initial,\n'
SLICE_YML = """
      - name: key_initial
        data_type: LowCardinality(String)
        description: Первый знак идентификатора события.
        config:
          meta:
            label: Первый знак
            label_en: First character
            description_en: First character of the event's identifier.
            slice: true
            slice_group: O
"""


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """The project with a metric more and a slice more, parsed."""
    folder = tmp_path_factory.mktemp("recipes")
    project = folder / "dbt"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("target", "logs"))
    metrics = project / "models" / "metrics" / "orders.yml"
    metrics.write_text(metrics.read_text(encoding="utf-8") + METRIC, encoding="utf-8")
    _insert(
        project / "models/marts/wide_events.sql", "    events.event_key as event_key,\n", SLICE_SQL
    )
    _insert(project / "models/marts/wide_events.yml", "    columns:\n", SLICE_YML)
    done = run_dbt("parse", folder=folder, environment={}, project=project)
    assert done.returncode == 0, done.stdout
    return Manifest.read(folder / "target" / "manifest.json")


def _insert(path: Path, after: str, text: str) -> None:
    content = path.read_text(encoding="utf-8")
    assert content.count(after) == 1
    path.write_text(content.replace(after, after + text), encoding="utf-8")


def test_a_metric_of_one_file_is_everywhere(changed: Manifest) -> None:
    metrics = {each["metric_name"]: each for each in generate(changed)[METRICS]["metrics"]}

    assert metrics["dear_orders"]["verbose_name"] == "Дорогие заказы"
    assert metrics["dear_orders"]["expression"] == "countIf(is_order = 1 and order_amount >= 10000)"
    assert "Дорогие заказы" in write_glossary(changed)


def test_a_slice_of_two_files_cuts_what_it_is_of(changed: Manifest) -> None:
    columns = {each["column_name"]: each for each in generate(changed)[METRICS]["columns"]}
    catalog = Catalog.of(write_catalog(changed))
    question = Question(frozenset({"is_order", "order_amount"}), ("key_initial",))

    assert columns["key_initial"]["verbose_name"] == "Первый знак"
    assert "facts.key_initial as key_initial" in compose(question, catalog, date(2025, 1, 1))
    assert "Первый знак" in write_glossary(changed)
