"""The forecasts of the reference as a fit: the small shop has too few buyers for one of its own."""

from purchase_model.bg_nbd import BgNbd
from purchase_model.fitting import FEW_BUYERS, Fit, PurchaseModel
from purchase_model.gamma_gamma import GammaGamma
from purchase_model.storage import SPARE_ORDERS
from tests.metrics.reference.forecasts import FIRST_DAY, FORECASTS, MOST_REPEATS

MOST_ORDERS = MOST_REPEATS + 1 - SPARE_ORDERS
"""As many as give the reference's table of expected orders: some customers are beyond it."""
BRAND_WITHOUT = "severchay"


def fits() -> list[Fit]:
    """What a run of `purchase_model` would have found."""
    found: dict[str, PurchaseModel | str] = {
        brand: PurchaseModel(
            BgNbd(each.r, each.alpha, each.a, each.b),
            GammaGamma(each.p, each.q, each.gamma),
            test_error=None,
        )
        for brand, each in FORECASTS.items()
    }
    return [
        Fit(brand, buyers=1, most_orders=MOST_ORDERS, first_day=FIRST_DAY, found=model)
        for brand, model in {**found, BRAND_WITHOUT: FEW_BUYERS}.items()
    ]
