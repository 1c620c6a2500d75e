"""The dynamics report is what plain loops over messages and orders count."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from datetime import date

    from sandbox.mindbox.world import World

Key = tuple["date", int, int]


def local_day(world: World, at: int) -> date:
    moment = datetime.fromtimestamp(at / 1000, UTC)
    return moment.astimezone(ZoneInfo(world.settings.time_zone)).date()


def test_days_count_their_own_messages_and_their_own_orders(small_world: World) -> None:
    world = small_world
    since, till = world.truth.months()[-2]
    facts = world.truth.messages
    counts: dict[Key, dict[str, int]] = defaultdict(lambda: defaultdict(int))

    def row(at: int, message: int) -> dict[str, int] | None:
        day = local_day(world, at)
        cell = int(world.messages.mailing[message]), int(world.messages.variant[message])
        return counts[day, *cell] if since <= day <= till else None

    for n, at in enumerate(world.messages.participated_at.tolist()):
        found = row(at, n)
        if found is not None:
            found["total"] += 1
            for name in ("sent", "delivered", "opened", "clicked", "unsubscribed", "bounced"):
                found[name] += int(getattr(facts, name)[n])
            found["conversions"] += int(facts.conversions[n])
            found["revenue"] += int(facts.revenue[n])
    amounts = world.truth.orders.amount.tolist()
    for n, message in enumerate(world.orders.credited.tolist()):
        found = row(int(world.orders.ordered_at[n]), message) if message >= 0 else None
        if found is not None:
            found["orders"] += 1
            found["revenue_of_day"] += amounts[n]

    dynamics = world.truth.dynamics(since, till)
    told: dict[Key, dict[str, int]] = {}
    for n in range(len(dynamics)):
        day = world.calendar.dates[int(dynamics.day[n])]
        values = {
            name: int(getattr(dynamics, name)[n])
            for name in dynamics.__dataclass_fields__
            if name not in ("day", "mailing", "variant", "spam")
        }
        key = day, int(dynamics.mailing[n]), int(dynamics.variant[n])
        told[key] = {name: value for name, value in values.items() if value}
    plain = {key: {name: v for name, v in row.items() if v} for key, row in counts.items()}
    assert told == plain
    assert any("orders" in row and "total" not in row for row in told.values())


def test_all_orders_credited_fall_on_some_day(small_world: World) -> None:
    months = small_world.truth.months()
    dynamics = small_world.truth.dynamics(months[0][0], months[-1][1])
    facts = small_world.truth.orders
    credited = facts.credited_mailing > 0
    assert dynamics.orders.sum() == credited.sum() > 0
    assert dynamics.revenue_of_day.sum() == facts.amount[credited].sum()
    assert dynamics.total.sum() == len(small_world.messages)
