"""Files to Superset and back."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from superset_assets.dataset_builder import METRICS, dataset_uuid
from superset_assets.delivery import deliver
from superset_assets.files import AssetFiles
from superset_assets.publish import published_language, push
from superset_assets.pull import pull
from superset_assets.settings import ROOM, Language
from superset_assets.words import read_words
from tests.superset.chart_data import ChartData
from tests.superset.stack import Stack
from tests.superset.test_numbers import PERIOD


def texts(root: Path) -> dict[str, str]:
    return {str(p.relative_to(root)): p.read_text(encoding="utf-8") for p in root.rglob("*.yaml")}


@pytest.fixture
def published(stack: Stack) -> Iterator[Stack]:
    """Superset as the repository says; put right again afterwards."""
    yield stack
    push(stack.client, AssetFiles(ROOM), stack.warehouse)


def test_push_then_pull_changes_no_file(published: Stack, copied_files: AssetFiles) -> None:
    before = texts(copied_files.root)
    push(published.client, copied_files, published.warehouse)
    report = pull(published.client, copied_files)
    assert report.changed == []
    assert report.datasets_differ == []
    assert texts(copied_files.root) == before
    # The repository itself is in that form, so the first pull of a marketer shows her change only.
    assert {name: text for name, text in texts(ROOM).items() if name in before} == before


def test_in_english_too_push_then_pull_changes_no_file(
    published: Stack, copied_files: AssetFiles
) -> None:
    before = texts(copied_files.root)
    push(published.client, copied_files, published.warehouse, Language.ENGLISH)
    chart = next(asset for asset in copied_files.of("charts") if asset.path.stem == "kpi_sent")
    found = published.client.by_uuid("chart", chart.uuid)
    assert found is not None
    assert found["slice_name"] == read_words()[chart.content["slice_name"]]
    # Beside English boards, a Superset that still speaks Russian takes the marts' words.
    chosen = (("compared_metric", ["Оборот из рассылок"]),)
    assert ChartData.of(published, METRICS).rows(["cmp_value"], PERIOD, where=chosen)
    report = pull(published.client, copied_files)
    assert (report.changed, report.datasets_differ, report.filters_differ) == ([], [], {})
    assert texts(copied_files.root) == before


def test_a_delivery_is_in_the_language_of_the_environment(
    published: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = published.warehouse
    monkeypatch.setenv("CLICKHOUSE_HOST", warehouse.host)
    monkeypatch.setenv("CLICKHOUSE_PORT", str(warehouse.port))
    monkeypatch.setenv("CLICKHOUSE_READER_PASSWORD", warehouse.password)
    monkeypatch.setenv("SUPERSET_LANGUAGE", "en")
    delivery = deliver(published.login)
    assert published_language(published.client) is Language.ENGLISH
    assert delivery.access is not None
    assert delivery.access.left_out == []
    assert {"Директор", "Маркетолог", "Аналитик"} <= set(delivery.access.roles)
    assert delivery.subscriptions.reason == "Superset has no mail server (SUPERSET_MAIL_HOST)"


def test_what_a_person_changes_on_a_board_comes_back_as_that_change_alone(
    published: Stack, copied_files: AssetFiles
) -> None:
    chart = next(asset for asset in copied_files.of("charts") if asset.path.stem == "kpi_sent")
    found = published.client.by_uuid("chart", chart.uuid)
    assert found is not None
    published.client.put(f"chart/{found['id']}", json={"slice_name": "Отправлено"})
    report = pull(published.client, copied_files)
    assert report.changed == [chart.path]
    (again,) = [a for a in AssetFiles(copied_files.root).of("charts") if a.uuid == chart.uuid]
    assert again.content == {**chart.content, "slice_name": "Отправлено"}


def test_a_metric_changed_in_superset_is_named_and_overwritten(
    published: Stack, copied_files: AssetFiles
) -> None:
    dataset = published.client.by_uuid("dataset", dataset_uuid(METRICS))
    assert dataset is not None
    kept = ("id", "uuid", "metric_name", "expression", "verbose_name", "description", "d3format")
    metrics = [{name: metric[name] for name in kept} for metric in dataset["metrics"]]
    metrics[0]["expression"] = "count() * 2"
    published.client.put(f"dataset/{dataset['id']}", json={"metrics": metrics})
    assert pull(published.client, copied_files).datasets_differ == [Path("datasets/metrics.yaml")]
    push(published.client, copied_files, published.warehouse)
    assert pull(published.client, copied_files).datasets_differ == []


def test_what_left_the_files_leaves_superset_and_what_people_made_stays(
    published: Stack, copied_files: AssetFiles
) -> None:
    pattern = next(asset for asset in copied_files.of("charts") if asset.path.stem == "kpi_sent")
    ours = {**pattern.content, "uuid": "22222222-2222-2222-2222-222222222222"}
    path = pattern.path.with_name("passing.yaml")
    copied_files.write(path, ours)
    push(published.client, AssetFiles(copied_files.root), published.warehouse)
    assert published.client.by_uuid("chart", ours["uuid"]) is not None
    dataset = published.client.by_uuid("dataset", dataset_uuid(METRICS))
    assert dataset is not None
    made = {"slice_name": "Моя", "datasource_id": dataset["id"], "datasource_type": "table"}
    own = published.client.post("chart/", json={**made, "viz_type": "table", "params": "{}"})

    (copied_files.root / path).unlink()
    report = push(published.client, AssetFiles(copied_files.root), published.warehouse)
    assert report.removed == [f"charts/{ours['uuid']}"]
    assert published.client.by_uuid("chart", ours["uuid"]) is None
    assert published.client.get(f"chart/{own['id']}")["result"]["slice_name"] == "Моя"
    published.client.delete(f"chart/{own['id']}")


def test_a_shared_filter_changed_on_one_board_is_changed_there_alone_and_named(
    published: Stack, copied_files: AssetFiles
) -> None:
    board = copied_files.of("dashboards")[0]
    found = published.client.by_uuid("dashboard", board.uuid)
    assert found is not None
    metadata = json.loads(found["json_metadata"])
    brand = next(
        each
        for each in metadata["native_filter_configuration"]
        if each["id"] == "NATIVE_FILTER-brand"
    )
    brand["name"] = "Марка"
    published.client.put(f"dashboard/{found['id']}", json={"json_metadata": json.dumps(metadata)})
    report = pull(published.client, copied_files)
    assert report.changed == [board.path]
    assert report.filters_differ == {board.path: ["Бренд"]}
    written = yaml.safe_load((copied_files.root / board.path).read_text(encoding="utf-8"))
    assert written["metadata"]["filter_bar"]["changed"] == {"brand": {"name": "Марка"}}
    # The second pull has nothing new to say, and a push does not undo it.
    assert pull(published.client, AssetFiles(copied_files.root)).filters_differ == {}
    push(published.client, AssetFiles(copied_files.root), published.warehouse)
    assert pull(published.client, AssetFiles(copied_files.root)).changed == []
