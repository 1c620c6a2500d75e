"""The built marts: what Mindbox reports, whom Mindbox credits, and the same again."""

from datetime import date

import pytest

from tests.metrics.chain import Chain

REPORT = {
    *("messages_total", "sent", "delivered", "opened", "clicked", "unsubscribed", "bounced"),
    *("conversions", "conversion_revenue"),
}
MARTS = (
    *("dim_customer", "dim_date", "dim_mailing", "dim_product", "wide_events"),
    *("mart_customer_base_daily", "mart_mailing_reconciliation"),
)


def test_marts_equal_the_summary_report_of_every_month(chain: Chain) -> None:
    compared = chain.client.query(
        "SELECT measure, count(), sum(reported) > 0, sum(deficit), sum(surplus) "
        "FROM marts.mart_mailing_reconciliation GROUP BY measure"
    ).result_rows

    assert {measure for measure, *_ in compared} == REPORT
    assert all(rows > 100 and said for _, rows, said, _, _ in compared)
    assert [(m, d, s) for m, _, _, d, s in compared if d or s] == []


def test_orders_are_credited_to_the_mailings_that_mindbox_names(chain: Chain) -> None:
    """The order export says the campaign that the world itself credits, order by order."""
    differing = """
        SELECT orders.order_id, credits.mailing_id, orders.attributed_campaigns
        FROM staging.stg_mindbox__orders AS orders
        LEFT JOIN intermediate.int_attribution AS credits ON orders.order_id = credits.order_id
        WHERE arrayMap(campaign -> campaign.mailing_id, orders.attributed_campaigns)
            != if(credits.order_id = '', [], [credits.mailing_id])
    """
    credited = "SELECT count() FROM intermediate.int_attribution"

    assert chain.client.query(differing).result_rows == []
    assert chain.client.query(credited).first_row[0] > 10


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
        "WHERE event = 'attributed_order'"
    ).result_rows

    assert set(found) == expected
    assert len(found) == len(expected)


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
