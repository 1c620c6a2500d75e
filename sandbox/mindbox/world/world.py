"""The world as a whole: generated block by block, put in order of time, kept on disk."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from sandbox.mindbox.world import (
    actions,
    attribution,
    campaigns,
    catalogue,
    customers,
    deeds,
    flows,
    mailings,
    orders,
    points,
    promotions,
    sessions,
    steps,
)
from sandbox.mindbox.world.actions import Actions, Items
from sandbox.mindbox.world.canaries import Planting
from sandbox.mindbox.world.chance import stream
from sandbox.mindbox.world.clock import Calendar, Demand
from sandbox.mindbox.world.customers import Customers, Merges
from sandbox.mindbox.world.messages import Candidates, Messages, Statuses
from sandbox.mindbox.world.orders import Lines, Orders, Sales
from sandbox.mindbox.world.outage import Outage
from sandbox.mindbox.world.points import Movements
from sandbox.mindbox.world.reactions import Wave, react
from sandbox.mindbox.world.scene import Scene, Stage
from sandbox.mindbox.world.settings import BLOCK_PEOPLE, WorldSettings
from sandbox.mindbox.world.truth import Truth

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.mindbox.world.arrays import Array, Columns
    from sandbox.mindbox.world.canaries import Canary
    from sandbox.mindbox.world.catalogue import Catalogue
    from sandbox.mindbox.world.flows import Carts
    from sandbox.mindbox.world.mailings import Plan
    from sandbox.mindbox.world.promotions import Promotions

Table = TypeVar("Table", bound="Columns")

_IDS_OF_A_SLICE = 10**12


class Progress(Protocol):
    """Told how many of how many people exist already."""

    def __call__(self, done: int, total: int) -> None:
        """Report progress."""


@dataclass(frozen=True)
class World:
    """A shop's whole history.

    Tables refer to each other by position; see each table's own description.
    """

    settings: WorldSettings
    calendar: Calendar
    catalogue: Catalogue
    plan: Plan
    promotions: Promotions
    customers: Customers
    merges: Merges
    messages: Messages
    statuses: Statuses
    orders: Orders
    lines: Lines
    movements: Movements
    actions: Actions
    items: Items
    outage: Outage

    @classmethod
    def generate(cls, settings: WorldSettings, progress: Progress | None = None) -> World:
        """Make the world of the settings; the same settings give the same world, byte for byte."""
        stage = _stage(settings)
        blocks: list[_Block] = []
        # People may have several ids each; a slice leaves room for those before it.
        first = settings.people_before * customers.MOST_IDS
        block = settings.people_before // BLOCK_PEOPLE
        for number, start in enumerate(range(0, settings.customers, BLOCK_PEOPLE), start=block):
            people = min(BLOCK_PEOPLE, settings.customers - start)
            blocks.append(_block(stage, number, people, first))
            first += len(blocks[-1].customers)
            if progress is not None:
                progress(start + people, settings.customers)
        return _assembled(stage, blocks)

    @cached_property
    def truth(self) -> Truth:
        """What is true of the world: counts, amounts, credits, reports."""
        return Truth(self)

    def canaries(self) -> list[Canary]:
        """Personal values planted in the world; empty unless its settings ask for them."""
        return self.planting.all()

    @cached_property
    def planting(self) -> Planting:
        """Where the canaries stand."""
        return Planting(self)

    def save(self, folder: Path) -> None:
        """Write the generated tables and the settings; `load` maps them back in no time."""
        for name, table in self._tables().items():
            table.save(folder / name)
        # Written last: a folder without it was not finished.
        text = json.dumps(self.settings.as_json(), indent=2)
        (folder / "settings.json").write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> World:
        """The world written by `save`; FileNotFoundError where none was finished."""
        text = (folder / "settings.json").read_text(encoding="utf-8")
        stage = _stage(WorldSettings.from_json(json.loads(text)))
        return cls(
            settings=stage.settings,
            calendar=stage.calendar,
            catalogue=stage.catalogue,
            plan=stage.plan,
            promotions=stage.promotions,
            customers=Customers.load(folder / "customers"),
            merges=Merges.load(folder / "merges"),
            messages=Messages.load(folder / "messages"),
            statuses=Statuses.load(folder / "statuses"),
            orders=Orders.load(folder / "orders"),
            lines=Lines.load(folder / "lines"),
            movements=Movements.load(folder / "movements"),
            actions=Actions.load(folder / "actions"),
            items=Items.load(folder / "items"),
            outage=stage.outage,
        )

    def _tables(self) -> dict[str, Columns]:
        return {
            "customers": self.customers,
            "merges": self.merges,
            "messages": self.messages,
            "statuses": self.statuses,
            "orders": self.orders,
            "lines": self.lines,
            "movements": self.movements,
            "actions": self.actions,
            "items": self.items,
        }


def _stage(settings: WorldSettings) -> Stage:
    calendar = Calendar(settings.since_ms, settings.until_ms, settings.time_zone)
    plan = mailings.generate(settings, calendar)
    outage = Outage.of(settings, calendar, plan)
    return Stage(
        settings=settings,
        calendar=calendar,
        demand=Demand.over(calendar, settings.since_ms, settings.until_ms),
        catalogue=catalogue.generate(settings),
        plan=outage.postponed(plan),
        promotions=promotions.generate(settings),
        outage=outage,
    )


@dataclass(frozen=True)
class _Block:
    """People of one block with all that happened to them; positions count inside the block."""

    customers: Customers
    messages: Messages
    statuses: Statuses
    orders: Orders
    lines: Lines
    movements: Movements
    actions: Actions
    items: Items


def _block(stage: Stage, number: int, people: int, first: int) -> _Block:
    """Live through history in three waves, each made possible by the orders of the one before.

    Campaigns and the customers' own doings first; then what orders set off (orders of the first
    wave's readers among them); then the notices of all orders. What was looked at on the way
    there is told last: by then it is known who clicked and who ordered.
    """
    settings = stage.settings
    rng = stream(settings.seed, "block", number)
    crowd = customers.generate(settings, stage.demand, rng, people, first)
    scene = Scene(**vars(stage), customers=crowd, rng=rng)
    carts = flows.carts_left(scene)
    own = Candidates.join(
        [
            campaigns.recipients(scene),
            flows.welcomes(scene),
            flows.abandoned_carts(scene, carts),
            flows.birthdays(scene),
        ]
    )
    bought = orders.own_accord(scene)
    waves = [react(scene, own, contacts_may_die=True)]
    bought = Sales.join([bought, orders.moved(scene, waves[0], 0)])

    waves.append(react(scene, flows.after_orders(scene, bought), contacts_may_die=False))
    bought = Sales.join([bought, orders.moved(scene, waves[1], len(waves[0].messages))])

    receipts, lines = orders.fill(scene, bought)
    receipts, lines = orders.only(receipts, lines, ~stage.outage.deters(receipts, rng))
    receipts, movements = points.settle(scene, receipts, lines)
    waves.append(react(scene, flows.order_notices(scene, receipts), contacts_may_die=False))
    sent, told = _waves_joined(waves)
    visitors = replace(scene, rng=stream(settings.seed, "sessions", number))
    done, items = _actions(visitors, (sent, told), (receipts, lines), carts, movements)
    return _Block(
        customers=customers.with_last_change(crowd, settings.until_ms),
        messages=sent,
        statuses=told,
        orders=receipts,
        lines=lines,
        movements=movements,
        actions=done,
        items=items,
    )


def _actions(
    scene: Scene,
    letters: tuple[Messages, Statuses],
    bought: tuple[Orders, Lines],
    carts: Carts,
    movements: Movements,
) -> tuple[Actions, Items]:
    """What Mindbox knows of a block's doings: recorded, within history and before its end."""
    settings, receipts = scene.settings, bought[0]
    visits = sessions.of_block(scene, *letters, receipts, carts)
    tracked, items = steps.taken(scene, visits, *bought)
    tracked, items = actions.only(tracked, items, ~scene.outage.hides(tracked.at))
    everything = Actions.join([tracked, deeds.done(scene, receipts, movements)])
    known = (everything.at >= settings.since_ms) & (everything.created_at < settings.until_ms)
    return actions.only(everything, items, known)


def _waves_joined(waves: list[Wave]) -> tuple[Messages, Statuses]:
    shift = 0
    parts = []
    for wave in waves:
        parts.append(replace(wave.statuses, message=wave.statuses.message + np.int32(shift)))
        shift += len(wave.messages)
    return Messages.join([w.messages for w in waves]), Statuses.join(parts)


def _assembled(stage: Stage, blocks: list[_Block]) -> World:
    """Join the blocks, put every table in order of time and number its rows in that order.

    Empties the list of blocks, and lets go of each block's table once it is joined: blocks and
    world are never in memory at the same time as wholes.
    """
    settings = stage.settings
    people = _starts([len(b.customers) for b in blocks])
    letters = _starts([len(b.messages) for b in blocks])
    receipt = _starts([len(b.orders) for b in blocks])

    crowds = [b.customers for b in blocks]
    sent = [b.messages for b in blocks]
    told = [b.statuses for b in blocks]
    bought = [b.orders for b in blocks]
    filled = [b.lines for b in blocks]
    accounts = [b.movements for b in blocks]
    done = [b.actions for b in blocks]
    named = [b.items for b in blocks]
    account = _starts([len(movements) for movements in accounts])
    deed = _starts([len(actions_of_block) for actions_of_block in done])
    blocks.clear()

    crowd = _joined(crowds, person=people, merged_into=people)
    by_time = np.argsort(np.concatenate([m.participated_at for m in sent]), kind="stable")
    message_place = _places(by_time)
    sent_ids = _ids(settings, 7_000_000_000, len(by_time), "message")
    messages = replace(_joined(sent, by_time, customer=people), message_id=sent_ids)

    by_time = np.argsort(np.concatenate([s.at for s in told]), kind="stable")
    statuses = _joined(told, by_time, message=letters)
    statuses = replace(
        statuses,
        message=message_place[statuses.message],
        status_id=_ids(settings, 90_000_000_000, len(by_time), "status"),
    )

    by_time = np.argsort(np.concatenate([o.ordered_at for o in bought]), kind="stable")
    order_place = _places(by_time)
    receipts = _joined(bought, by_time, customer=people, caused_by=letters)
    lines = _joined(filled, order=receipt)
    lines = replace(lines, order=order_place[lines.order])
    lines = lines.take(np.lexsort((lines.number, lines.order)))
    by_time = np.argsort(np.concatenate([m.at for m in accounts]), kind="stable")
    movement_place = _places(by_time)
    movements = _joined(accounts, by_time, customer=people, order=receipt)
    movements = replace(movements, order=_moved(movements.order, order_place))

    by_time = np.argsort(np.concatenate([d.created_at for d in done]), kind="stable")
    action_place = _places(by_time)
    happened = _joined(done, by_time, customer=people, order=receipt, movement=account)
    happened = replace(
        happened,
        action_id=_ids(settings, 500_000_000_000, len(happened), "action"),
        order=_moved(happened.order, order_place),
        movement=_moved(happened.movement, movement_place),
    )
    items = _joined(named, action=deed)
    items = replace(items, action=action_place[items.action])
    happened, items = actions.counted(happened, items)

    receipts = replace(
        receipts,
        order_id=_ids(settings, 300_000_000, len(receipts), "order"),
        first_line=np.cumsum(receipts.line_count, dtype=np.int64) - receipts.line_count,
        caused_by=_moved(receipts.caused_by, message_place),
    )
    in_goal, _ = attribution.goal_amounts(receipts, lines, orders.line_status(receipts, lines))
    touches = attribution.touches(stage.plan, crowd, messages, statuses)
    visits = attribution.foreign_visits(stage.plan, crowd, messages, statuses, happened)
    credited = attribution.credit(
        touches,
        visits,
        crowd,
        receipts,
        in_goal,
        window_days=settings.attribution_window_days,
    )
    return World(
        settings=settings,
        calendar=stage.calendar,
        catalogue=stage.catalogue,
        plan=stage.plan,
        promotions=stage.promotions,
        customers=crowd,
        merges=Merges.of(crowd),
        messages=messages,
        statuses=statuses,
        orders=replace(receipts, credited=credited),
        lines=lines,
        movements=movements,
        actions=happened,
        items=items,
        outage=stage.outage,
    )


def _starts(counts: list[int]) -> list[int]:
    """How many rows stand before each block."""
    return [0, *accumulate(counts[:-1])]


def _joined(parts: list[Table], by_time: Array | None = None, /, **starts: list[int]) -> Table:
    """The blocks' rows as one table, in the given order; empties the list of parts.

    Columns named in `starts` hold positions inside the block and are made to count over all
    blocks; -1 goes on meaning "none".
    """
    columns = {}
    kind = type(parts[0])
    for field in fields(kind):
        pieces = [getattr(part, field.name) for part in parts]
        if field.name in starts:
            pieces = [
                np.where(piece >= 0, piece + piece.dtype.type(start), piece)
                for piece, start in zip(pieces, starts[field.name], strict=True)
            ]
        column = np.concatenate(pieces)
        columns[field.name] = column if by_time is None else column[by_time]
    parts.clear()
    return kind(**columns)


def _places(order: Array) -> Array:
    """Where each row of before the sort stands after it."""
    places = np.empty(len(order), np.int32)
    places[order] = np.arange(len(order), dtype=np.int32)
    return places


def _moved(positions: Array, places: Array) -> Array:
    """Where rows of before a sort stand after it; -1 goes on meaning "none"."""
    return np.append(places, np.int32(-1))[positions]


def _ids(settings: WorldSettings, start: int, count: int, name: str) -> Array:
    """Ascending ids with gaps, as a shared counter would give."""
    # A slice's ids begin where no slice before it can reach.
    number = settings.people_before // BLOCK_PEOPLE
    steps = stream(settings.seed, "ids", name, number).integers(1, 9, count)
    return start + number * _IDS_OF_A_SLICE + np.cumsum(steps)
