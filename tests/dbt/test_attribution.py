"""The set-based attribution against a plain scan over random histories, model by model."""

from collections import Counter

import pytest
from clickhouse_connect.driver.client import Client

from tests.dbt.build import Dbt
from tests.dbt.histories import EXCLUDED, PROMO_CODES, Histories
from tests.dbt.plain_credits import Credit, PlainCredits

SEED = 20
MODELS = {
    *("mb_imported", "mb_last_non_direct", "last_click", "last_click_per_channel"),
    *("last_open_or_click", "last_delivery", "first_touch", "linear", "position_40_20_40"),
    *("time_decay", "promo_code"),
}
CREDITS = (
    "SELECT attribution_model, order_id, mailing_id, message_id, weight, amount "
    "FROM intermediate.int_attribution"
)
UNEVEN = (
    "SELECT count() FROM (SELECT sum(weight) AS whole FROM intermediate.int_attribution "
    "GROUP BY order_id, attribution_model, channel_group HAVING whole != 1)"
)


@pytest.mark.parametrize(("sms_touch", "human_only"), [("click", False), ("delivery", True)])
def test_credits_equal_a_plain_scan(
    raw: Client, dbt: Dbt, sms_touch: str, human_only: bool
) -> None:
    histories = Histories(SEED, customers=300)
    histories.write(raw)

    dbt.models(
        "+int_attribution",
        attribution_sms_touch=sms_touch,
        attribution_excluded_mailings=[EXCLUDED],
        attribution_channel_windows_days={"email": 5, "sms": 1, "mobilepush": 1},
        attribution_decay_half_life_days=2,
        attribution_promo_codes=PROMO_CODES,
        attribution_human_touches_only=human_only,
    )

    plain = PlainCredits(histories, sms_touch, human_only=human_only)
    expected = plain.all()
    found = [Credit(*row) for row in raw.query(CREDITS).result_rows]
    assert len(histories.orders) >= 300
    differing = sorted(set(found) ^ expected)[:5]
    assert sorted(found) == sorted(expected), f"seed {SEED}: {differing}"
    counts = Counter(credit.model for credit in expected)
    assert set(counts) == MODELS
    assert min(counts.values()) > 10, counts
    assert sum(credit.weight < 1 for credit in expected) > 50
    assert raw.query(UNEVEN).first_row[0] == 0


def test_foreign_visits_take_some_credits_away() -> None:
    """Otherwise the comparison says nothing about that rule."""
    histories = Histories(SEED, customers=300)
    plain = PlainCredits(histories, "click", human_only=False)
    known = [order for order in histories.orders if order["customer_key"]]

    credited = sum(bool(plain.last_non_direct(order)) for order in known)
    taken = sum(bool(plain.last_non_direct(order, visits_break=False)) for order in known)

    assert taken >= credited + 5
