"""The built marts: what Mindbox reports, whom Mindbox credits, and the same again."""

from datetime import date

import pytest

from tests.metrics.chain import Chain
from tests.metrics.reference import Reference

REPORT = {
    *("messages_total", "sent", "delivered", "opened", "clicked", "unsubscribed", "bounced"),
    *("conversions", "conversion_revenue"),
}
ORDERS_BY_THEIR_DATE = {"attributed_orders", "attributed_amount"}
CREDITS = (
    "(SELECT order_id, mailing_id, message_id, weight, amount FROM intermediate.int_attribution "
    "WHERE attribution_model = '{}')"
)
STAGED = {
    "customers": "customers",
    "mailings": "mailings",
    "customerMessageStatuses": "message_statuses",
    "orders": "orders",
    "customerActions": "customer_actions",
    "customerMerges": "customer_merges",
    "products": "products",
    "promotions": "promotions",
    "customerSegments": "segment_memberships",
}
MARTS = (
    *("dim_customer", "dim_date", "dim_mailing", "dim_product", "wide_events", "mart_order_lines"),
    *("mart_customer_states", "mart_channel_states", "mart_mailing_reconciliation"),
)


@pytest.mark.parametrize(
    ("report", "measures"), [("summary", REPORT), ("dynamics", REPORT | ORDERS_BY_THEIR_DATE)]
)
def test_marts_equal_the_reports(chain: Chain, report: str, measures: set[str]) -> None:
    compared = chain.client.query(
        "SELECT measure, count(), sum(reported) > 0, sum(deficit), sum(surplus), "
        "countIf(is_comparable = 0) "
        "FROM marts.mart_mailing_reconciliation WHERE report = {report:String} GROUP BY measure",
        parameters={"report": report},
    ).result_rows

    assert {measure for measure, *_ in compared} == measures
    assert all(rows > 100 and said for _, rows, said, *_ in compared)
    assert [(m, d, s) for m, _, _, d, s, _ in compared if d or s] == []
    # What loads began too late for is compared all the same, and marked.
    assert {m for m, *_, unproven in compared if unproven} <= ORDERS_BY_THEIR_DATE


def test_only_the_first_month_lacks_the_clicks_before_it(chain: Chain) -> None:
    unproven = chain.client.query(
        "SELECT DISTINCT period_start, why_not_comparable FROM marts.mart_mailing_reconciliation "
        "WHERE is_comparable = 0"
    ).result_rows
    first = "SELECT min(period_start) FROM marts.mart_mailing_reconciliation"

    assert unproven == [
        (
            chain.client.query(first).first_row[0],
            "Не загружено до снимка: customer_actions, message_statuses",
        )
    ]


def test_staging_holds_what_the_world_serves(chain: Chain) -> None:
    staged = {
        root: chain.client.command(f"SELECT count() FROM staging.stg_mindbox__{model}")  # noqa: S608
        for root, model in STAGED.items()
    }

    assert staged == chain.world.truth.rows()


def test_balances_are_the_sums_of_movements(chain: Chain) -> None:
    compared = (
        "SELECT count(), countIf(is_comparable), countIf(difference != 0), sum(total_points) > 0 "
        "FROM intermediate.int_points_balances"
    )

    rows, comparable, differing, is_anything_owed = chain.client.query(compared).first_row

    assert rows == comparable > 100
    assert (differing, is_anything_owed) == (0, True)


def test_orders_are_credited_to_the_mailings_that_mindbox_names(chain: Chain) -> None:
    """The order export says the campaign that the world itself credits, order by order."""
    ours = CREDITS.format("mb_last_non_direct")
    differing = f"""
        SELECT orders.order_id, credits.mailing_id, orders.attributed_campaigns
        FROM staging.stg_mindbox__orders AS orders
        LEFT JOIN {ours} AS credits ON orders.order_id = credits.order_id
        WHERE arrayMap(campaign -> campaign.mailing_id, orders.attributed_campaigns)
            != if(credits.order_id = '', [], [credits.mailing_id])
    """  # noqa: S608 (no foreign text)

    assert chain.client.query(differing).result_rows == []
    assert chain.client.query(f"SELECT count() FROM {ours}").first_row[0] > 10  # noqa: S608


def test_the_model_of_imported_campaigns_agrees_with_our_own(chain: Chain) -> None:
    ours, theirs = CREDITS.format("mb_last_non_direct"), CREDITS.format("mb_imported")

    differing = f"(SELECT * FROM {ours} EXCEPT {theirs})"  # noqa: S608 (no foreign text)
    surplus = f"(SELECT * FROM {theirs} EXCEPT {ours})"  # noqa: S608 (no foreign text)

    assert chain.client.query(f"SELECT * FROM {differing}").result_rows == []  # noqa: S608
    assert chain.client.query(f"SELECT * FROM {surplus}").result_rows == []  # noqa: S608


def test_credits_are_those_of_the_world(chain: Chain) -> None:
    truth = chain.world.truth
    facts = truth.orders
    expected = {
        (order_id, str(message), amount)
        for order_id, message, amount in zip(
            truth.order_ids(), facts.credited_message.tolist(), facts.amount.tolist(), strict=True
        )
        if message
    }

    found = chain.client.query(
        "SELECT order_key, event_key, toInt64(attributed_amount * 100) FROM marts.wide_events "
        "WHERE event = 'attributed_order' AND attribution_model = 'Последнее непрямое касание'"
    ).result_rows

    assert set(found) == expected
    assert len(found) == len(expected)


def test_foreign_visits_take_some_credits_away(reference: Reference) -> None:
    """Otherwise no comparison of credits says anything about the rule."""
    credited = [order for order in reference.orders if order.credited is not None]

    assert len(reference.taken_away) > 5
    assert len(credited) > 10


def test_a_second_build_changes_nothing(chain: Chain) -> None:
    def fingerprints() -> dict[str, tuple[int, int]]:
        query = "SELECT count(), groupBitXor(cityHash64(*)) FROM marts.{}"
        return {mart: chain.client.query(query.format(mart)).first_row for mart in MARTS}

    first = fingerprints()
    chain.dbt.models()

    assert all(rows > 0 for rows, _ in first.values())
    assert fingerprints() == first


@pytest.mark.parametrize("basis", ["send_date", "event_date"])
@pytest.mark.parametrize("slice_name", ["brand", "mailing_channel", "mailing", "mailing_folder"])
def test_board_queries_are_served_by_the_projection(
    chain: Chain, basis: str, slice_name: str
) -> None:
    """ClickHouse refuses a query under this setting that no projection can answer."""
    query = f"""
        SELECT toStartOfMonth(toDateTime({basis})) AS month, {slice_name},
            sum(is_opened), sum(is_delivered), sum(attributed_amount)
        FROM marts.wide_events
        WHERE {basis} >= {{since:Date}} AND {basis} < {{till:Date}} AND brand = 'yasen'
        GROUP BY month, {slice_name}
        SETTINGS force_optimize_projection = 1, force_optimize_projection_name = 'by_mailing'
    """  # noqa: S608 (no foreign text)
    bound = {"since": date(2024, 5, 15), "till": date(2025, 3, 10)}

    assert chain.client.query(query, parameters=bound).result_rows
