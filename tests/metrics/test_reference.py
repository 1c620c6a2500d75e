"""The reference itself: the identities of the catalogue, and the world's own truth.

A reference that were wrong in the same way as the models would prove nothing, so it is held against
what must be true whatever the numbers are, and against counts that the stand-in keeps of itself.
"""

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from sandbox.mindbox.world import World, WorldSettings, vocabulary
from tests.metrics.reference import METRICS, MODEL_NAMES, Question, Reference, Value
from tests.metrics.reference.calendar import Bucket
from tests.metrics.reference.cells import Cell
from tests.metrics.reference.compared import COMPARISONS
from tests.metrics.reference.trials import CONTROL, TREATED, ParticipantRow

SLICES = ("brand", "gender", "region", "age_band")
GRAINS = (None, "week", "month", "quarter", "year")
DRAWS = 10
# One load of the segments sees nobody move.
MOVES = {"segment_inflow", "segment_outflow"}
# The stand-in's global control group gets no marketing message, as it should.
GLOBAL_EFFECT = {
    "gcg_contamination",
    *(f"gcg_incremental_revenue{end}" for end in ("", "_margin", "_lo", "_hi")),
}


@pytest.fixture(scope="module")
def world() -> World:
    settings = WorldSettings(
        customers=400, months=13, seed=5, until=datetime(2025, 4, 17, tzinfo=UTC)
    )
    return World.generate(settings)


@pytest.fixture(scope="module")
def counted(world: World) -> Reference:
    return Reference(world)


def questions(name: str) -> Iterator[Question]:
    """Random periods, slices and time axes, the same in every run."""
    chance = random.Random(name)  # noqa: S311 (no secret)
    last = date(2025, 4, 16)
    for _ in range(DRAWS):
        since = last - timedelta(days=chance.randrange(20, 400))
        till = min(since + timedelta(days=chance.randrange(200)), last)
        group = tuple(chance.sample(SLICES, chance.randrange(3)))
        basis = chance.choice(("send", "event"))
        yield Question("", basis, since, till, {}, group, chance.choice(GRAINS))


def told(counted: Reference, metric: str, question: Question) -> dict[tuple[object, ...], Value]:
    return dict(counted.answer(replace(question, metric=metric)))


def summed(
    counted: Reference, metrics: tuple[str, ...], question: Question
) -> dict[tuple[object, ...], Decimal]:
    """Metrics added up, cell by cell."""
    cells: dict[tuple[object, ...], Decimal] = defaultdict(Decimal)
    for metric in metrics:
        for key, value in told(counted, metric, question).items():
            cells[key] += value or 0
    return dict(cells)


def nonzero(cells: Mapping[tuple[object, ...], Value]) -> dict[tuple[object, ...], Value]:
    """Cells with something in them: one that is not there says no less than one of 0."""
    return {key: value for key, value in cells.items() if value}


@pytest.mark.parametrize(
    ("whole", "parts"),
    [
        ("orders_identified", ("first_orders", "repeat_orders")),
        ("first_orders", ("new_buyers",)),
        ("sent", ("delivered", "not_delivered")),
        ("contacts", ("online_contacts", "offline_contacts", "unknown_origin_contacts")),
        ("buyers_total", ("active_customers", "churned_base")),
        ("customers_total", ("subscribers", "unreachable_contacts")),
    ],
)
def test_parts_add_up_to_the_whole(counted: Reference, whole: str, parts: tuple[str, ...]) -> None:
    for question in questions(whole):
        added = nonzero(summed(counted, parts, question))
        assert added == nonzero(told(counted, whole, question)), question


def test_only_what_waits_is_neither_sent_nor_held_back(counted: Reference) -> None:
    for question in questions("queue"):
        every = told(counted, "messages_total", question)
        decided = summed(counted, ("sent", "not_sent"), question)
        assert all(value <= (every[key] or 0) for key, value in decided.items()), question

    passed = Question("", "send", date(2024, 3, 1), date(2025, 4, 10))
    every = told(counted, "messages_total", passed)
    assert summed(counted, ("sent", "not_sent"), passed) == every


@pytest.mark.parametrize("slice_name", ["product", "category", "price_band", "abc_class"])
@pytest.mark.parametrize("metric", ["revenue", "mail_revenue", "gross_demand", "site_revenue"])
def test_lines_add_up_to_orders(counted: Reference, metric: str, slice_name: str) -> None:
    """The fee for delivery is a line of its own."""
    for question in questions(f"{metric} {slice_name}"):
        grained = replace(question, group=())
        by_goods = told(counted, metric, replace(grained, group=(slice_name,)))
        added: dict[tuple[object, ...], Decimal] = defaultdict(Decimal)
        for key, value in by_goods.items():
            added[key[:1]] += value or 0
        assert nonzero(added) == nonzero(told(counted, metric, grained)), question


def test_days_add_up_to_any_period(counted: Reference) -> None:
    additive = ("orders", "revenue", "sent", "clicks", "mail_revenue", "site_visits", "new_buyers")
    for metric in (*additive, "churned_customers", "new_subscribers", "abandoned_cart_value"):
        for question in questions(f"days of {metric}"):
            whole = sum((v or 0 for v in told(counted, metric, question).values()), Decimal(0))
            daily = replace(question, grain="day")
            days = sum((v or 0 for v in told(counted, metric, daily).values()), Decimal(0))
            assert days == whole, (metric, question)


def test_retention_and_churn_are_all(counted: Reference) -> None:
    for question in questions("retention"):
        kept = told(counted, "retention_rate", question)
        left = told(counted, "churn_rate", question)
        assert kept.keys() == left.keys()
        for key, rate in kept.items():
            churn = left[key]
            if rate is None or churn is None:
                assert rate is churn
            else:
                assert abs(rate + churn - 1) < Decimal("1e-20"), question


def flows(
    counted: Reference, question: Question, opening: str, came: tuple[str, ...], left: str
) -> dict[tuple[object, ...], Value]:
    """The opening value and what came, less what left."""
    cells = summed(counted, (opening, *came), question)
    for key, value in told(counted, left, question).items():
        cells[key] = (cells.get(key) or Decimal(0)) - (value or 0)
    return nonzero(cells)


def test_activity_at_the_end_follows_from_what_happened(counted: Reference) -> None:
    """By slices that never change and that orders share with their customers."""
    for question in questions("activity"):
        kept = tuple(name for name in question.group if name != "region")
        asked = replace(question, group=kept)
        came = ("new_buyers", "reactivated_customers")
        followed = flows(counted, asked, "opening_active", came, "churned_customers")
        assert nonzero(told(counted, "active_customers", asked)) == followed, asked


def test_subscribers_at_the_end_follow_from_what_happened(counted: Reference) -> None:
    for question in questions("subscribers"):
        brands = tuple(name for name in question.group if name == "brand")
        channels = replace(question, group=("mailing_channel", *brands))
        for asked in (question, channels):
            followed = flows(
                counted, asked, "opening_subscribers", ("new_subscribers",), "lost_subscribers"
            )
            assert nonzero(told(counted, "subscribers", asked)) == followed, asked


def test_weights_of_an_order_are_one_or_none(counted: Reference) -> None:
    for model in MODEL_NAMES:
        weights: dict[int, Decimal] = defaultdict(Decimal)
        amounts: dict[int, Decimal] = defaultdict(Decimal)
        for credit in counted.credits:
            if credit.model == model:
                weights[credit.order.position] += credit.weight
                amounts[credit.order.position] += credit.amount
        of_order = {order.position: order.amount for order in counted.orders}
        assert weights, model
        assert set(weights.values()) == {Decimal(1)}, model
        assert all(amounts[position] == of_order[position] for position in amounts), model


def test_the_default_model_is_that_of_the_world(world: World, counted: Reference) -> None:
    facts = world.truth.orders
    credited = {n: int(facts.credited_message[n]) for n in range(len(world.orders))}
    ours = {
        credit.order.position: credit.letter.number
        for credit in counted.credits
        if credit.model == "mb_last_non_direct"
    }

    assert ours == {n: message for n, message in credited.items() if message}
    assert len(ours) > 10


def test_mindbox_credits_the_same(counted: Reference) -> None:
    """What the export of orders names is what the default model finds."""
    named, found = (
        {c.order.position: c.letter.mailing for c in counted.credits if c.model == model}
        for model in ("mb_imported", "mb_last_non_direct")
    )

    assert named == found


@pytest.mark.parametrize("brand", [None, 0, 1])
def test_buyers_are_those_of_the_world(world: World, counted: Reference, brand: int | None) -> None:
    name = None if brand is None else vocabulary.BRANDS[brand].system_name
    for question in questions(f"buyers {brand}"):
        chosen = {} if name is None else {"brand": {name}}
        asked = replace(question, group=(), grain=None, filters=chosen)
        (buyers,) = told(counted, "buyers", asked).values()
        (active,) = told(counted, "active_customers", asked).values()

        assert buyers == world.truth.buyers(asked.since, asked.till, brand), asked
        # Active is who ordered no more than 255 days ago, so on one of 256 days.
        assert active == world.truth.active_customers(asked.till, 256, brand), asked


def test_reports_of_the_world_say_the_same(world: World, counted: Reference) -> None:
    """Mindbox's summary, month by month and mailing by mailing, on the send basis."""
    columns = {
        "messages_total": "total",
        "sent": "sent",
        "delivered": "delivered",
        "clicks": "clicked",
        "unsubscribes": "unsubscribed",
        "spam_complaints": "spam",
        "bounces": "bounced",
        "mail_orders": "conversions",
        "mail_revenue": "revenue",
    }
    names = [mailing.name for mailing in world.plan.mailings]
    for since, till in world.truth.months():
        summary = world.truth.summary(since, till)
        for metric, column in columns.items():
            reported: dict[tuple[object, ...], Decimal] = defaultdict(Decimal)
            unit = 100 if metric == "mail_revenue" else 1
            for n in range(len(summary)):
                value = Decimal(int(getattr(summary, column)[n])) / unit
                reported[None, names[int(summary.mailing[n])]] += value
            asked = Question(metric, "send", since, till, {}, ("mailing",))
            assert nonzero(counted.answer(asked)) == nonzero(reported), (metric, since)


def test_every_metric_answers_something(world: World, counted: Reference) -> None:
    """But for effects, which a shop of this size cannot show, and for complaints nobody made."""
    period = Question("", "send", date(2024, 5, 1), date(2025, 4, 16))
    # A row of a comparison has other rows beside it: many of few messages, few of many.
    few = replace(period, group=("mailing_channel",))
    many = replace(period, group=("mailing_channel", "mailing_type"), grain="month")
    silent = {
        metric
        for metric in METRICS
        if not any(
            value
            for question in ((few, many) if metric in COMPARISONS else (period,))
            for value in told(counted, metric, question).values()
        )
    }
    needs_a_large_shop = {
        metric
        for metric in METRICS
        if metric.startswith(("incremental", "ab_lift", "ab_p_", "ab_mde", "ab_srm", "ab_win"))
    }
    if not world.truth.messages.spam.any():
        needs_a_large_shop |= {"spam_complaints", "spam_rate"}

    assert silent <= needs_a_large_shop | GLOBAL_EFFECT | MOVES


def participants(arm: str, buyers: int, others: int, amount: int) -> list[ParticipantRow]:
    """Customers of an arm, some of whom bought for the amount."""
    row = ParticipantRow(
        sent_on=date(2025, 1, 1),
        own_on=date(2025, 1, 1),
        person=1,
        mailing=1,
        arm=arm,
        is_mature=True,
        orders=1,
        amount=Decimal(amount),
        cut=Decimal(amount),
        planned=None,
    )
    idle = replace(row, orders=0, amount=Decimal(0), cut=Decimal(0))
    return [row] * buyers + [idle] * others


def effect_of(metric: str, rows: list[ParticipantRow]) -> Value:
    cell = Cell(Bucket(None, date(2025, 1, 1), date(2025, 1, 31)))
    cell.facts["participants"] = rows
    return METRICS[metric].value(cell)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        # Newcombe, Statistics in Medicine 17 (1998), method 10 on 56/70 against 48/80.
        ("incremental_conversion", "0.2"),
        ("incremental_conversion_lo", "0.0524"),
        ("incremental_conversion_hi", "0.3339"),
        ("ab_lift", "0.3333"),
        # The pooled z is 2.650; two-sided.
        ("ab_p_value", "0.0080"),
        ("ab_mde", "0.2036"),
        # 80 roubles a participant against 60.
        ("ab_lift_revenue", "0.3333"),
    ],
)
def test_effects_are_those_of_textbooks(metric: str, expected: str) -> None:
    rows = participants(TREATED, 56, 14, 100) + participants(CONTROL, 48, 32, 100)
    found = effect_of(metric, rows)

    assert found is not None
    assert round(found, 4) == Decimal(expected)


def test_effect_in_money_is_the_difference_of_means_times_those_written_to() -> None:
    rows = participants(TREATED, 400, 600, 500) + participants(CONTROL, 300, 700, 500)

    assert effect_of("incremental_revenue", rows) == 50_000
    # A share of 0.4 has the variance 0.24 × 1000 ÷ 999, one of 0.3 has 0.21 × 1000 ÷ 999.
    margin = Decimal("1.96") * 1000 * 500 * (Decimal("0.45") / 999).sqrt()
    ends = [effect_of(f"incremental_revenue_{end}", rows) for end in ("lo", "hi")]
    assert [round(end or 0, 3) for end in ends] == [
        round(50_000 - margin, 3),
        round(50_000 + margin, 3),
    ]


def test_effect_is_not_told_of_few_buyers_several_experiments_or_a_bad_split() -> None:
    treated, control = participants(TREATED, 400, 600, 500), participants(CONTROL, 99, 901, 500)
    enough = participants(CONTROL, 100, 900, 500)
    other = [replace(row, mailing=2) for row in enough]
    planned = [replace(row, planned=0.4) for row in treated + enough]

    assert effect_of("incremental_revenue", treated + enough) is not None
    assert effect_of("incremental_revenue", treated + control) is None
    assert effect_of("incremental_revenue", treated + enough + other) is None
    assert effect_of("incremental_revenue", planned) is None


def test_equal_arms_win_equally_often() -> None:
    even = participants(TREATED, 30, 70, 1) + participants(CONTROL, 30, 70, 1)
    better = participants(TREATED, 45, 55, 1) + participants(CONTROL, 30, 70, 1)

    assert round(effect_of("ab_win_probability", even) or 0, 9) == Decimal("0.5")
    assert Decimal("0.98") < (effect_of("ab_win_probability", better) or 0) < 1
