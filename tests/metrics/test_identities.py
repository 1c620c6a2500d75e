"""What the catalogue's metrics must be to one another, whatever the numbers are.

The warehouse alone is asked, over random days, axes and slices: a reference wrong in the same way
would not be seen here, nor would one be needed.
"""

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import pytest

from superset_assets.semantics.comparison import CHOICES
from tests.metrics.drawing import SEED, Draws, Key, differences
from tests.metrics.reference import Question, Reference, Value
from tests.metrics.reference.slicing import AT_START, EVERY_SLICE, OF_GOODS, OF_LINES
from tests.metrics.reference.words import ONE_DAY
from tests.metrics.warehouse import Warehouse

DRAWS, SOME = 1, 15
Cells = Mapping[Key, Value]

UNCHANGING = frozenset({"gender", "gender_now", "age_band_now", "region_now"})
"""Slices of people that stay as they are, so that whoever came and went stands in one cell."""


def named(identity: object) -> str:
    """An identity as a test is called: by its metrics, in the same words in every process."""
    fields = vars(identity).items()
    words = [each for name, each in fields if name not in {"but", "only"} and each]
    return " ".join(each if isinstance(each, str) else "+".join(map(str, each)) for each in words)


@dataclass(frozen=True)
class Sum:
    """A metric that is others added up, less some.

    `but` are slices under which the catalogue does not claim it, `only` the only ones under which
    it does.
    """

    whole: str
    parts: tuple[str, ...]
    less: tuple[str, ...] = ()
    but: frozenset[str] = frozenset()
    only: frozenset[str] = EVERY_SLICE

    @property
    def slices(self) -> frozenset[str]:
        return self.only - self.but


@dataclass(frozen=True)
class Ratio:
    """A metric that is one over another; nothing where that is 0 or nothing."""

    whole: str
    above: str
    below: str


@dataclass(frozen=True)
class Bound:
    """A metric that is never more than another."""

    less: str
    more: str


@dataclass(frozen=True)
class Partition:
    """A metric that a slice cuts into parts that add up to it."""

    whole: str
    by: str


BRAND = frozenset({"brand"})
SUMS = (
    # C.1
    Sum("orders_identified", ("first_orders", "repeat_orders")),
    # With several brands chosen a customer has a first order in each of them.
    Sum("first_orders", ("new_buyers",), but=OF_LINES | BRAND),
    # C.2
    Sum(
        "active_customers",
        ("opening_active", "new_buyers", "reactivated_customers"),
        less=("churned_customers",),
        only=UNCHANGING,
    ),
    Sum("buyers_total", ("active_customers", "churned_base")),
    # C.3
    Sum("sent", ("delivered", "not_delivered")),
    # C.6
    Sum("contacts", ("online_contacts", "offline_contacts", "unknown_origin_contacts")),
    Sum(
        "subscribers",
        ("opening_subscribers", "new_subscribers"),
        less=("lost_subscribers",),
        only=UNCHANGING | {"mailing_channel"},
    ),
    Sum("base_net_growth", ("subscribers",), less=("opening_subscribers",)),
    Sum("unreachable_contacts", ("customers_total",), less=("subscribers",)),
    Sum("subscribers", ("reachable_contacts",)),
    Sum("contacts", ("contacts_with_channel",)),
    # C.9
    Sum("mail_revenue", ("mail_line_revenue",)),
)
RATIOS = (
    # C.1
    Ratio("aov", "revenue", "orders"),
    Ratio("aov_identified", "revenue_identified", "orders_identified"),
    Ratio("purchase_frequency", "orders_identified", "buyers"),
    Ratio("revenue_per_buyer", "revenue_identified", "buyers"),
    Ratio("repeat_buyer_share", "repeat_buyers", "buyers"),
    Ratio("repeat_order_share", "repeat_orders", "orders_identified"),
    Ratio("identified_order_share", "orders_identified", "orders"),
    Ratio("cancellation_rate", "cancelled_amount", "gross_demand"),
    Ratio("return_rate", "return_amount", "gross_demand"),
    Ratio("new_buyer_revenue_share", "new_buyer_revenue", "revenue_identified"),
    # C.2
    Ratio("retention_rate", "retained_customers", "opening_active"),
    Ratio("missed_cycles", "recency_days", "days_between_orders"),
    # C.3
    Ratio("delivery_rate", "delivered", "sent"),
    Ratio("click_rate", "clicks", "delivered"),
    # C.4
    Ratio("revenue_per_message", "mail_revenue", "delivered"),
    Ratio("revenue_per_recipient", "mail_revenue", "recipients"),
    Ratio("revenue_per_click", "mail_revenue", "clicks"),
    Ratio("mail_order_conversion", "mail_orders", "delivered"),
    Ratio("click_to_order_conversion", "mail_orders", "clicks"),
    Ratio("mail_buyer_share", "mail_buyers", "recipients"),
    Ratio("mail_aov", "mail_revenue", "mail_orders"),
    # C.6
    Ratio("reachability", "reachable_contacts", "contacts"),
    Ratio("invalid_share", "invalid_contacts", "contacts"),
    Ratio("online_share", "online_contacts", "contacts"),
    Ratio("offline_share", "offline_contacts", "contacts"),
    Ratio("base_growth_rate", "base_net_growth", "opening_subscribers"),
    Ratio("list_churn_rate", "lost_subscribers", "opening_subscribers"),
    # C.7
    Ratio("cr_visit_order", "site_orders", "site_visits"),
    Ratio("revenue_per_visit", "site_revenue", "site_visits"),
    # C.9
    Ratio("mail_items_per_order", "mail_units", "mail_orders"),
)
BOUNDS = (
    Bound("buyers", "orders_identified"),
    Bound("new_buyers", "buyers"),
    Bound("repeat_buyers", "buyers"),
    Bound("orders_identified", "orders"),
    Bound("retained_customers", "opening_active"),
    Bound("at_risk_customers", "active_customers"),
    Bound("recipients", "delivered"),
    Bound("clickers", "clicks"),
    Bound("opens_human_est", "opens"),
    Bound("bounces", "not_delivered"),
    Bound("soft_bounces", "not_delivered"),
    Bound("blocked_messages", "not_delivered"),
    Bound("reachable_contacts", "contacts"),
    Bound("contacts", "customers_total"),
    Bound("rfm_customers", "buyers_total"),
    Bound("rfm_migration", "buyers_total"),
    Bound("site_orders", "site_visits"),
    Bound("mail_visits", "site_visits"),
    Bound("visitors", "site_visits"),
    Bound("incremental_revenue_lo", "incremental_revenue"),
    Bound("incremental_revenue", "incremental_revenue_hi"),
    Bound("gcg_incremental_revenue_lo", "gcg_incremental_revenue_hi"),
)
PARTITIONS = (
    *(
        Partition(metric, by)
        for metric in ("revenue", "gross_demand", "mail_revenue", "mail_line_revenue", "mail_units")
        for by in sorted(OF_GOODS - {"abc_class"})
    ),
    Partition("site_revenue", "product"),
    Partition("revenue_identified", "cohort_month"),
    Partition("orders_identified", "order_seq_group"),
    Partition("not_sent", "failure_reason"),
    Partition("clicks_total", "link"),
    Partition("reachable_contacts", "reachable_set"),
    Partition("lost_subscribers", "loss_reason"),
    Partition("rfm_customers", "rfm_segment"),
    Partition("rfm_revenue_share", "rfm_segment_at_start"),
    Partition("customers_total", "lifecycle_stage"),
    Partition("gcg_main_customers", "holdout_arm"),
    Partition("site_visits", "traffic_source"),
)


def asked(
    warehouse: Warehouse,
    reference: Reference,
    *metrics: str,
    slices: frozenset[str] = EVERY_SLICE,
) -> Iterator[Question]:
    """Random questions that can be put about all of the metrics."""
    occasion = f" beside {metrics[1:]}"
    draws = Draws(warehouse, reference, *metrics, occasion=occasion, slices=slices)
    for _ in range(DRAWS):
        yield draws.question()


def told(warehouse: Warehouse, metric: str, question: Question) -> dict[Key, Value]:
    return warehouse.answer(replace(question, metric=metric))


def check(found: Cells, expected: Cells, question: Question) -> None:
    differing = sorted(differences(dict(found), dict(expected)), key=str)
    assert not differing, (SEED, question, differing[:5])


@pytest.mark.parametrize("identity", SUMS, ids=named)
def test_parts_are_the_whole(warehouse: Warehouse, reference: Reference, identity: Sum) -> None:
    metrics = (identity.whole, *identity.parts, *identity.less)
    for question in asked(warehouse, reference, *metrics, slices=identity.slices):
        added: dict[Key, Decimal] = defaultdict(Decimal)
        for metric in (*identity.parts, *identity.less):
            sign = -1 if metric in identity.less else 1
            for key, value in told(warehouse, metric, question).items():
                added[key] += sign * (value or 0)
        whole = {k: v or Decimal(0) for k, v in told(warehouse, identity.whole, question).items()}
        check(added, whole, question)


@pytest.mark.parametrize("identity", RATIOS, ids=named)
def test_a_ratio_is_that_of_its_parts(
    warehouse: Warehouse, reference: Reference, identity: Ratio
) -> None:
    for question in asked(warehouse, reference, identity.whole, identity.above, identity.below):
        above, below = (
            told(warehouse, metric, question) for metric in (identity.above, identity.below)
        )
        expected = {
            key: (above.get(key) or Decimal(0)) / whole if whole else None
            for key, whole in below.items()
        }
        found = told(warehouse, identity.whole, question)
        check({key: value for key, value in found.items() if key in below}, expected, question)
        assert not any(value for key, value in found.items() if key not in below), question


@pytest.mark.parametrize("identity", BOUNDS, ids=named)
def test_a_part_is_no_more_than_the_whole(
    warehouse: Warehouse, reference: Reference, identity: Bound
) -> None:
    for question in asked(warehouse, reference, identity.less, identity.more):
        more = told(warehouse, identity.more, question)
        for key, value in told(warehouse, identity.less, question).items():
            assert value is None or value <= (more.get(key) or 0), (SEED, question, key)


@pytest.mark.parametrize("identity", PARTITIONS, ids=named)
def test_parts_by_a_slice_are_the_whole(
    warehouse: Warehouse, reference: Reference, identity: Partition
) -> None:
    for question in asked(
        warehouse, reference, identity.whole, slices=EVERY_SLICE - OF_LINES - {identity.by}
    ):
        parts = replace(question, group=(*question.group, identity.by))
        added: dict[Key, Decimal] = defaultdict(Decimal)
        for key, value in told(warehouse, identity.whole, parts).items():
            added[key[:-1]] += value or 0
        whole = told(warehouse, identity.whole, question)
        check(added, {key: value or Decimal(0) for key, value in whole.items()}, question)


def some(warehouse: Warehouse, additivity: str) -> list[str]:
    """Some of the metrics that are said to add up in this way, others for another seed."""
    metrics = warehouse.manifest.metrics.values()
    names = sorted(x.name for x in metrics if x.meta["additivity"] == additivity)
    return random.Random(f"{SEED} {additivity}").sample(names, SOME)  # noqa: S311 (no secret)


def test_days_add_up_to_any_period(warehouse: Warehouse, reference: Reference) -> None:
    for metric in some(warehouse, "additive"):
        # What somebody was at the start differs from one day's start to the next.
        for question in asked(warehouse, reference, metric, slices=EVERY_SLICE - AT_START):
            whole, daily = (
                told(warehouse, metric, replace(question, grain=grain)) for grain in (None, "day")
            )
            added: dict[Key, Decimal] = defaultdict(Decimal)
            for key, value in daily.items():
                added[None, *key[1:]] += value or 0
            check(added, {key: value or Decimal(0) for key, value in whole.items()}, question)


def test_people_of_a_day_add_up_over_people(warehouse: Warehouse, reference: Reference) -> None:
    """Of what adds up over people, though not over time."""
    for metric in some(warehouse, "semi_additive"):
        for question in asked(warehouse, reference, metric):
            parts = told(warehouse, metric, replace(question, group=("gender_now",)))
            whole = told(warehouse, metric, replace(question, group=()))
            added: dict[Key, Decimal] = defaultdict(Decimal)
            for key, value in parts.items():
                added[key[:1]] += value or 0
            check(added, {key: value or Decimal(0) for key, value in whole.items()}, question)


def test_retention_and_churn_are_all(warehouse: Warehouse, reference: Reference) -> None:
    for question in asked(warehouse, reference, "retention_rate", "churn_rate"):
        kept, left = (told(warehouse, x, question) for x in ("retention_rate", "churn_rate"))
        expected = {key: None if rate is None else 1 - rate for key, rate in left.items()}
        check(kept, expected, question)


def test_value_of_a_buyer_is_order_times_frequency_over_churn(
    warehouse: Warehouse, reference: Reference
) -> None:
    """Unless the expected lifetime is capped at ten years."""
    metrics = ("clv_simple", "aov_identified", "purchase_frequency", "churn_rate")
    for question in asked(warehouse, reference, *metrics):
        value, order, frequency, churn = (told(warehouse, x, question) for x in metrics)
        lifetime = told(warehouse, "lifetime_expected", question)
        for key, found in value.items():
            if found is not None and (lifetime[key] or 0) < 120:
                amounts = [order[key] or Decimal(0), frequency[key] or Decimal(0)]
                expected = amounts[0] * amounts[1] / (churn[key] or Decimal(1))
                assert abs(found - expected) <= Decimal("1e-9") * max(1, expected), (SEED, question)


def test_whoever_waits_no_more_was_sent_to_or_not(
    warehouse: Warehouse, reference: Reference
) -> None:
    passed = date(2025, 4, 10)
    for question in asked(warehouse, reference, "messages_total", "sent", "not_sent"):
        decided = replace(question, basis="send", till=min(question.till, passed))
        if decided.since > decided.till:
            continue
        added: dict[Key, Decimal] = defaultdict(Decimal)
        for metric in ("sent", "not_sent"):
            for key, value in told(warehouse, metric, decided).items():
                added[key] += value or 0
        check(added, told(warehouse, "messages_total", decided), decided)


def test_by_the_date_of_orders_both_counts_of_mailings_are_one(
    warehouse: Warehouse, reference: Reference
) -> None:
    for metric in ("mail_orders", "mail_revenue"):
        other = f"{metric}_by_order_date"
        for question in asked(warehouse, reference, metric, other):
            by_event = replace(question, basis="event")
            check(told(warehouse, metric, by_event), told(warehouse, other, by_event), by_event)


def test_a_model_changes_what_mailings_earned_and_nothing_else(
    warehouse: Warehouse, reference: Reference
) -> None:
    for metric in ("orders", "revenue", "sent", "buyers", "site_visits", "active_customers"):
        for question in asked(warehouse, reference, metric, slices=UNCHANGING):
            for model in ("Последний клик", "Клики поровну"):
                chosen = replace(
                    question, filters={**question.filters, "attribution_model": {model}}
                )
                check(told(warehouse, metric, chosen), told(warehouse, metric, question), question)


def test_comparison_follows_from_both_values(warehouse: Warehouse, reference: Reference) -> None:
    metrics = ("cmp_value", "cmp_benchmark", "cmp_vs_benchmark", "cmp_vs_benchmark_pct")
    for question in asked(warehouse, reference, *metrics):
        for compared in CHOICES:
            put = replace(question, compared=compared)
            own, others, difference, relative = (told(warehouse, x, put) for x in metrics)
            keys = own.keys() & others.keys()
            both = {k: (a, b) for k in keys if (a := own[k]) is not None and (b := others[k])}
            check(
                {key: value for key, value in difference.items() if key in both},
                {key: a - b for key, (a, b) in both.items()},
                put,
            )
            check(
                {key: value for key, value in relative.items() if key in both},
                {key: a / b - 1 for key, (a, b) in both.items()},
                put,
            )


def test_whoever_was_in_a_segment_and_came_less_who_left_is_in_it(
    warehouse: Warehouse, reference: Reference
) -> None:
    """Segment by segment, day by day."""
    for question in asked(warehouse, reference, "segment_size", "segment_inflow"):
        plain = replace(question, group=("customer_segment",), filters={}, grain=None)
        day_before = replace(plain, since=plain.since.replace(year=2023), till=plain.since)
        opening, closing = (told(warehouse, "segment_size", x) for x in (day_before, plain))
        came, left = (
            told(warehouse, metric, replace(plain, since=plain.since + ONE_DAY))
            for metric in ("segment_inflow", "segment_outflow")
        )
        followed: dict[Key, Decimal] = defaultdict(Decimal)
        for cells, sign in ((opening, 1), (came, 1), (left, -1)):
            for key, value in cells.items():
                followed[key] += sign * (value or 0)
        check(followed, closing, plain)
