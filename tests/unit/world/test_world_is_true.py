"""What the world says of itself is what plain loops over its rows find."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from sandbox.mindbox.world.actions import FIRST_SOURCE, Template
from sandbox.mindbox.world.clock import DAY, NEVER
from sandbox.mindbox.world.messages import NOT_DELIVERED_REASONS, Status
from sandbox.mindbox.world.traffic import Source

if TYPE_CHECKING:
    from sandbox.mindbox.world import World


def plain_credit(world: World) -> list[int]:
    """The rule of Mindbox's help page, read aloud: one order after the other."""
    clicks = defaultdict(list)
    all_clicks = defaultdict(list)
    for message, kind, at in zip(
        world.statuses.message.tolist(),
        world.statuses.kind.tolist(),
        world.statuses.at.tolist(),
        strict=True,
    ):
        mailing = world.plan.mailings[world.messages.mailing[message]]
        if kind == Status.CLICKED:
            person = int(world.customers.person[world.messages.customer[message]])
            all_clicks[person, mailing.brand].append(at)
            if mailing.mailing_type != "transaction":
                clicks[person, mailing.brand].append((at, int(world.messages.message_id[message])))
    visits = plain_foreign_visits(world, all_clicks)
    window = world.settings.attribution_window_days * DAY
    credited = []
    for n in range(len(world.orders)):
        customer = int(world.orders.customer[n])
        at = int(world.orders.ordered_at[n])
        best = (0, 0)
        visit = 0
        if customer >= 0 and plain_amount(world, n) is not None:
            person = int(world.customers.person[customer])
            touches = clicks[person, int(world.orders.brand[n])]
            best = max((touch for touch in touches if touch[0] <= at), default=(0, 0))
            of_site = visits[person, int(world.orders.brand[n])]
            visit = max((moment for moment in of_site if moment <= at), default=0)
        credited.append(best[1] if at - best[0] <= window and visit <= best[0] else 0)
    return credited


def plain_foreign_visits(
    world: World, clicks: dict[tuple[int, int], list[int]]
) -> dict[tuple[int, int], list[int]]:
    """Visits that no mailing began and that are not direct, by person and brand."""
    utms = {m.utm_campaign for m in world.plan.mailings}
    visits = defaultdict(list)
    for n in np.flatnonzero(world.actions.template == Template.SITE_VISIT).tolist():
        source = Source(int(world.actions.contact[n]) - FIRST_SOURCE)
        mailing = int(world.actions.mailing[n])
        marked = mailing >= 0 and world.plan.mailings[mailing].utm_campaign in utms
        person = int(world.customers.person[world.actions.customer[n]])
        brand, at = int(world.actions.brand[n]), int(world.actions.at[n])
        by_click = any(0 <= at - click <= 300_000 for click in clicks[person, brand])
        if source is not Source.DIRECT and not marked and not by_click:
            visits[person, brand].append(at)
    return visits


def plain_amount(world: World, order: int) -> int | None:
    """Kopecks of the lines neither cancelled nor returned, with delivery; None without a line."""
    orders, lines = world.orders, world.lines
    first = int(orders.first_line[order])
    cancelled = orders.cancelled_at[order] != NEVER
    returned = orders.returned_at[order] != NEVER
    left = [
        int(lines.amount[n])
        for n in range(first, first + int(orders.line_count[order]))
        if not (lines.is_cancelled[n] and cancelled) and not (lines.is_returned[n] and returned)
    ]
    return sum(left) + int(orders.delivery_cost[order]) if left else None


def test_amounts_are_those_of_the_lines_left(small_world: World) -> None:
    facts = small_world.truth.orders
    plain = [plain_amount(small_world, n) for n in range(len(small_world.orders))]
    assert facts.amount.tolist() == [amount or 0 for amount in plain]
    assert facts.in_goal.tolist() == [amount is not None for amount in plain]


def test_credit_goes_to_the_last_touch(small_world: World) -> None:
    credited = small_world.truth.orders.credited_message
    assert credited.tolist() == plain_credit(small_world)
    assert (credited > 0).sum() > 20


def test_the_summary_report_counts_messages(small_world: World) -> None:
    world = small_world
    since, till = world.truth.months()[-2]
    start, end = world.calendar.start_of(since), world.calendar.end_of(till)
    kinds = defaultdict(set)
    for message, kind in zip(
        world.statuses.message.tolist(), world.statuses.kind.tolist(), strict=True
    ):
        kinds[message].add(Status(kind))
    orders = defaultdict(list)
    amounts = world.truth.orders.amount.tolist()
    for message, amount in zip(world.orders.credited.tolist(), amounts, strict=True):
        orders[message].append(amount)

    counts: dict[tuple[int, int], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for n, at in enumerate(world.messages.participated_at.tolist()):
        if not start <= at < end:
            continue
        row = counts[int(world.messages.mailing[n]), int(world.messages.variant[n])]
        reason = NOT_DELIVERED_REASONS[world.messages.not_delivered_reason[n]]
        failed = Status.NOT_DELIVERED in kinds[n]
        row["total"] += 1
        row["sent"] += Status.SENT in kinds[n]
        row["delivered"] += Status.SENT in kinds[n] and not failed
        row["opened"] += Status.OPENED in kinds[n]
        row["clicked"] += Status.CLICKED in kinds[n]
        row["unsubscribed"] += Status.UNSUBSCRIBE in kinds[n]
        row["bounced"] += failed and reason in ("EmailInactiveAccount", "EmailNonExistingAddress")
        row["conversions"] += len(orders[n])
        row["revenue"] += sum(orders[n])

    summary = world.truth.summary(since, till)
    told = {
        (int(summary.mailing[n]), int(summary.variant[n])): {
            name: int(getattr(summary, name)[n]) for name in next(iter(counts.values()))
        }
        for n in range(len(summary))
    }
    assert told == counts
    assert sum(row["conversions"] for row in counts.values()) > 0


def test_months_cover_history_without_gaps(world: World) -> None:
    months = world.truth.months()
    total = sum(int(world.truth.summary(*month).total.sum()) for month in months)
    assert total == len(world.messages)
    assert len(months) == world.settings.months + 1


def test_active_customers_bought_in_the_days_before(small_world: World) -> None:
    world = small_world
    _, day = world.truth.months()[-3]
    end = world.calendar.end_of(day)
    people = {
        int(world.customers.person[world.orders.customer[n]])
        for n in range(len(world.orders))
        if world.orders.customer[n] >= 0
        and world.truth.orders.in_goal[n]
        and end - 30 * DAY <= world.orders.ordered_at[n] < end
    }
    assert world.truth.active_customers(day, 30) == len(people) > 0
    by_brand = [world.truth.active_customers(day, 30, brand) for brand in (0, 1)]
    assert max(by_brand) < len(people) <= sum(by_brand)


def test_final_ids_are_of_customers_that_live(small_world: World) -> None:
    final = small_world.truth.final_ids()
    living = set(small_world.customers.mindbox_id[small_world.customers.merged_into < 0].tolist())
    assert set(final.values()) <= living
    assert not set(final) & living
    assert len(final) == len(small_world.merges)


def test_order_ids_are_unique_and_tell_anonymous_orders(small_world: World) -> None:
    ids = small_world.truth.order_ids()
    assert len(set(ids)) == len(ids)
    nameless = small_world.orders.customer == -1
    assert [("-" in order_id) for order_id in ids] == nameless.tolist()


def test_canaries_are_planted_only_when_asked_for(small_world: World) -> None:
    assert small_world.canaries() == []
    assert np.count_nonzero(small_world.customers.merged_into < 0) > 0
