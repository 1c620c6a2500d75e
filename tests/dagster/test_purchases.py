"""The job that fits the purchase models: what it says, and what becomes of a build beside it."""

from collections.abc import Callable
from datetime import date

import pytest
from clickhouse_connect.driver.client import Client
from dagster import AssetKey, DagsterInstance, ExecuteInProcessResult

from dagster_project import purchases
from dagster_project.definitions import definitions
from dagster_project.failures import message
from dagster_project.jobs import build_job, fit_job
from dagster_project.runbook import Section
from purchase_model.bg_nbd import BgNbd
from purchase_model.fitting import FEW_BUYERS, Fit, PurchaseModel
from purchase_model.gamma_gamma import GammaGamma
from sandbox.mindbox.process import MindboxProcess

MODEL = PurchaseModel(BgNbd(1, 1, 1, 1), GammaGamma(1, 2, 1), test_error=-0.0312)
FITS = [
    Fit("yasen", buyers=900, most_orders=3, first_day=date(2024, 1, 1), found=MODEL),
    Fit("rodnik", buyers=20, most_orders=3, first_day=date(2024, 1, 1), found=FEW_BUYERS),
]
Run = Callable[[], ExecuteInProcessResult]


@pytest.fixture
def fit(surroundings: MindboxProcess, instance: DagsterInstance) -> Run:
    """Run the job in this process."""
    job = definitions.resolve_job_def(fit_job.name)
    return lambda: job.execute_in_process(instance=instance, raise_on_error=False)


def test_a_fit_says_what_came_of_each_brand(fit: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purchases, "run", lambda *_, **__: FITS)

    (told,) = [
        event.materialization.metadata["fits"].value
        for event in fit().get_asset_materialization_events()
        if event.asset_key == purchases.MODELS
    ]

    assert "| yasen | 900 | -3.1% |" in str(told)
    assert f"| rodnik | 20 | {FEW_BUYERS} |" in str(told)


def test_a_fit_before_the_first_build_fails_and_names_the_runbook(
    fit: Run, instance: DagsterInstance, warehouse: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse.command("DROP TABLE IF EXISTS marts.dim_date")

    failed = fit()

    assert not failed.success
    said = message(instance, failed.dagster_run, of_run="")
    assert said.endswith(f"(see {Section.PURCHASE_MODELS.link})")


def test_a_build_neither_fits_nor_waits_for_a_fit() -> None:
    built = definitions.resolve_job_def(build_job.name).asset_layer.selected_asset_keys

    assert AssetKey(["marts", "mart_purchase_models"]) in built
    assert not built & {purchases.MODELS, purchases.EXPECTED_ORDERS}
