"""Points: every account balances, whichever plain way it is counted."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sandbox.mindbox.world import World, WorldSettings, members
from sandbox.mindbox.world import world as making
from sandbox.mindbox.world.clock import DAY, NEVER
from sandbox.mindbox.world.points import POINT, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Lot:
    available_from: int
    expires_at: int
    rest: int


@dataclass(frozen=True)
class Movement:
    at: int
    kind: Kind
    amount: int
    available_from: int
    expires_at: int


def accounts(world: World) -> Iterator[tuple[int, list[Movement]]]:
    """The movements of every person in order of time."""
    moves = world.movements
    person = world.customers.person[moves.customer].tolist()
    columns = (moves.at, moves.kind, moves.amount, moves.available_from, moves.expires_at)
    found = defaultdict(list)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    for who, (at, kind, *rest) in zip(person, rows, strict=True):
        found[who].append(Movement(at, Kind(kind), *rest))
    yield from found.items()


def take(lots: list[Lot], at: int, amount: int) -> None:
    """Take points from the lots that can be spent, those that became available first first."""
    for lot in sorted(lots, key=lambda lot: lot.available_from):
        if lot.available_from <= at:
            taken = min(lot.rest, amount)
            lot.rest -= taken
            amount -= taken
    assert amount == 0, "more was spent than there was"


def lived(movements: list[Movement]) -> list[Lot]:
    """The lots of an account after its movements, as the rules read."""
    lots: list[Lot] = []
    for move in movements:
        if move.amount > 0:
            lots.append(Lot(move.available_from, move.expires_at, move.amount))
        elif move.kind is Kind.EXPIRED:
            ending = [lot for lot in lots if lot.expires_at == move.at]
            assert sum(lot.rest for lot in ending) == -move.amount
            for lot in ending:
                lot.rest = 0
        elif move.available_from > move.at:
            blocked = [
                lot
                for lot in lots
                if lot.available_from == move.available_from and lot.rest >= -move.amount
            ]
            blocked[0].rest += move.amount
        else:
            take(lots, move.at, -move.amount)
    return lots


@pytest.fixture(scope="module")
def year() -> World:
    """Long enough for points to expire, small enough for plain loops."""
    return World.generate(WorldSettings(customers=1_500, months=12, seed=4))


def test_accounts_come_out_as_the_rules_read(year: World) -> None:
    until = year.settings.until_ms
    balances = year.truth.balances
    seen = 0
    for person, movements in accounts(year):
        lots = lived(movements)
        assert all(lot.rest == 0 for lot in lots if lot.expires_at < until)
        assert sum(lot.rest for lot in lots) == balances.total[person]
        available = sum(lot.rest for lot in lots if lot.available_from <= until)
        assert available == balances.available[person]
        seen += 1
    assert seen > 500
    assert np.count_nonzero(balances.total) <= seen


def test_every_kind_of_movement_occurs(year: World) -> None:
    moves = year.movements
    for kind, sign in (
        (Kind.RETAIL_ORDER_BONUS, 1),
        (Kind.RETAIL_ORDER_BONUS, -1),
        (Kind.RETAIL_ORDER_PAYMENT, 1),
        (Kind.RETAIL_ORDER_PAYMENT, -1),
        (Kind.CUSTOM, 1),
        (Kind.EXPIRED, -1),
    ):
        assert ((moves.kind == kind) & (np.sign(moves.amount) == sign)).any(), (kind, sign)
    blocked = (moves.available_from > moves.at) & (moves.amount < 0)
    assert blocked.any(), "taken back before it could be spent"
    assert (moves.amount % POINT == 0).all(), "whole points"


def test_orders_are_paid_with_what_was_there(year: World) -> None:
    moves, orders = year.movements, year.orders
    payments = (moves.kind == Kind.RETAIL_ORDER_PAYMENT) & (moves.amount < 0)
    paid = np.zeros(len(orders), np.int64)
    np.add.at(paid, moves.order[payments], -moves.amount[payments])
    np.testing.assert_array_equal(paid, orders.points_paid)
    assert 0.05 < (paid > 0).mean() < 0.25
    goods = np.bincount(year.lines.order, year.lines.amount, minlength=len(orders))
    assert (paid <= goods * 0.3).all()
    np.testing.assert_array_equal(moves.at[payments], orders.ordered_at[moves.order[payments]])


def test_an_order_brought_back_gives_its_points_back(year: World) -> None:
    moves, orders, lines = year.movements, year.orders, year.lines
    gone = (lines.is_cancelled & (orders.cancelled_at[lines.order] < NEVER)) | (
        lines.is_returned & (orders.returned_at[lines.order] < NEVER)
    )
    left = np.bincount(lines.order, ~gone, minlength=len(orders))
    net = np.zeros(len(orders), np.int64)
    of_order = moves.order >= 0
    payment = of_order & (moves.kind == Kind.RETAIL_ORDER_PAYMENT)
    np.add.at(net, moves.order[payment], moves.amount[payment])
    whole = (left == 0) & (orders.points_paid > 0)
    assert whole.any()
    assert (net[whole] == 0).all()
    assert (net[left > 0] == -orders.points_paid[left > 0]).all()


def test_only_members_earn_and_spend_under_the_id_of_the_time(year: World) -> None:
    moves, customers = year.movements, year.customers
    club = members.of(year.settings, customers)
    gains = (moves.kind != Kind.EXPIRED) & (moves.amount > 0)
    back = moves.kind == Kind.RETAIL_ORDER_PAYMENT
    earned = gains & ~back
    assert club.belong(moves.customer[earned], moves.at[earned]).all()
    assert (customers.registered_at[moves.customer] <= moves.at).all()
    assert (customers.ended_at[moves.customer] > moves.at).all()
    assert (customers.merged_into[moves.customer] >= 0).any(), "ids that were merged later"
    assert (club.left_at < NEVER).any()
    assert 0.5 < (club.joined_at < NEVER).mean() < 0.75


def test_movements_come_in_order_of_time_within_history(year: World) -> None:
    moves = year.movements
    assert (np.diff(moves.at) >= 0).all()
    assert year.settings.since_ms <= moves.at[0]
    assert moves.at[-1] < year.settings.until_ms
    accrual = moves.amount > 0
    assert (moves.expires_at[accrual] >= moves.available_from[accrual] + 89 * DAY).all()
    assert (moves.expires_at[~accrual] == NEVER).all()


def test_what_the_shop_owes_grows_and_is_bounded(world: World) -> None:
    """Points outstanding are no more than the bonus of half a year and its gifts."""
    moves = world.movements
    assert (np.cumsum(moves.amount) >= 0).all()
    owed = world.truth.balances.total.sum()
    revenue = world.truth.orders.amount.sum()
    assert 0.004 < owed / revenue < 0.03
    accrued = moves.amount[(moves.amount > 0) & (moves.kind != Kind.RETAIL_ORDER_PAYMENT)].sum()
    expired = -moves.amount[moves.kind == Kind.EXPIRED].sum()
    assert 0.2 < expired / accrued < 0.5


def test_balances_hold_across_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "BLOCK_PEOPLE", 250)
    world = World.generate(WorldSettings(customers=900, months=7, seed=2))
    moves = world.movements
    of_order = moves.order >= 0
    person = world.customers.person
    np.testing.assert_array_equal(
        person[moves.customer[of_order]],
        person[world.orders.customer[moves.order[of_order]]],
    )
    for who, movements in accounts(world):
        assert sum(lot.rest for lot in lived(movements)) == world.truth.balances.total[who]
