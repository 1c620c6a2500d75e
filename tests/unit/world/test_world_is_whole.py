"""A world is the same for the same settings, hangs together, and ends at `until`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sandbox.mindbox.world import World, WorldSettings
from sandbox.mindbox.world import world as making
from sandbox.mindbox.world.clock import DAY, NEVER
from sandbox.mindbox.world.messages import Status

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.mindbox.world.arrays import Columns

TABLES = (
    *("customers", "merges", "messages", "statuses", "orders", "lines", "movements"),
    *("actions", "items", "catalogue"),
)


def tables_of(world: World) -> dict[str, Columns]:
    return {name: getattr(world, name) for name in TABLES}


def assert_same(left: World, right: World) -> None:
    for name, table in tables_of(left).items():
        other = getattr(right, name)
        for column in table.__dataclass_fields__:
            np.testing.assert_array_equal(
                getattr(table, column), getattr(other, column), err_msg=f"{name}.{column}"
            )
    assert left.plan.mailings == right.plan.mailings
    assert left.promotions.rows == right.promotions.rows


def test_same_settings_make_the_same_world(small_world: World) -> None:
    assert_same(small_world, World.generate(small_world.settings))


def test_another_seed_makes_another_world(small_world: World) -> None:
    other = World.generate(replace(small_world.settings, seed=12))
    assert len(other.messages) != len(small_world.messages)


def test_a_kept_world_is_the_generated_one(small_world: World, tmp_path: Path) -> None:
    small_world.save(tmp_path / "world")
    assert_same(small_world, World.load(tmp_path / "world"))


def test_a_half_written_world_does_not_load(small_world: World, tmp_path: Path) -> None:
    small_world.save(tmp_path / "world")
    (tmp_path / "world" / "settings.json").unlink()
    with pytest.raises(FileNotFoundError):
        World.load(tmp_path / "world")


def test_blocks_of_people_join_into_one_world(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "BLOCK_PEOPLE", 250)
    world = World.generate(WorldSettings(customers=900, months=4, seed=2))
    assert world.truth.rows()["customers"] == 900
    assert len(np.unique(world.customers.mindbox_id)) == len(world.customers)
    phones = world.customers.phone[world.customers.phone > 0]
    assert len(np.unique(phones)) == len(phones)
    in_order = np.bincount(world.lines.order, minlength=len(world.orders))
    np.testing.assert_array_equal(in_order, world.orders.line_count)
    # What a message caused happened after it, to the same person, also across block borders.
    caused = np.flatnonzero(world.orders.caused_by >= 0)
    message = world.orders.caused_by[caused]
    person = world.customers.person
    np.testing.assert_array_equal(
        person[world.messages.customer[message]], person[world.orders.customer[caused]]
    )
    assert (world.orders.ordered_at[caused] > world.messages.participated_at[message]).all()


@pytest.mark.parametrize("brands", [1, 2, 5])
def test_any_number_of_brands_is_used(brands: int) -> None:
    world = World.generate(WorldSettings(customers=600, months=2, brands=brands))
    assert set(np.unique(world.orders.brand)) == set(range(brands))
    assert {m.brand for m in world.plan.mailings} == set(range(brands))


def test_the_smallest_world_is_a_world() -> None:
    world = World.generate(WorldSettings(customers=1, months=1, brands=1))
    assert world.truth.rows()["customers"] == 1


@pytest.mark.parametrize("wrong", [{"customers": 0}, {"months": 0}, {"brands": 0}, {"brands": 6}])
def test_impossible_settings_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"world|brands"):
        WorldSettings(**wrong)


def test_nothing_happens_at_or_after_the_end(world: World) -> None:
    until = world.settings.until_ms
    moments = {
        "registered": world.customers.registered_at,
        "changed": world.customers.changed_at,
        "merged": world.merges.at,
        "participated": world.messages.participated_at,
        "status": world.statuses.at,
        "ordered": world.orders.ordered_at,
        "points moved": world.movements.at,
        "product made": world.catalogue.created_at,
        "product changed": world.catalogue.changed_at,
        "promotion changed": world.promotions["changed_at"],
        "mailing made": np.array([m.created_at for m in world.plan.mailings]),
        "mailing changed": np.array([m.changed_at for m in world.plan.mailings]),
    }
    for name, at in moments.items():
        assert at.max() < until, name
        assert at.min() >= world.settings.since_ms, name
    for name in ("paid_at", "delivered_at", "cancelled_at", "returned_at"):
        at = getattr(world.orders, name)
        assert (at[at != NEVER] < until).all(), name


def test_mailings_exist_before_they_send(world: World) -> None:
    created = np.array([m.created_at for m in world.plan.mailings])
    assert (world.messages.participated_at >= created[world.messages.mailing]).all()


def test_ids_grow_with_time_and_are_unique(world: World) -> None:
    for ids, at in (
        (world.messages.message_id, world.messages.participated_at),
        (world.statuses.status_id, world.statuses.at),
        (world.orders.order_id, world.orders.ordered_at),
    ):
        assert (np.diff(ids) > 0).all()
        assert (np.diff(at) >= 0).all()


def test_every_message_shows_in_the_statuses(world: World) -> None:
    assert len(np.unique(world.statuses.message)) == len(world.messages)


def test_statuses_of_a_message_make_sense(world: World) -> None:
    facts = world.truth.messages
    not_sent = np.zeros(len(world.messages), bool)
    not_sent[world.statuses.message[world.statuses.kind == Status.NOT_SENT]] = True
    assert not (not_sent & facts.sent).any()
    for reaction in (facts.opened, facts.clicked, facts.unsubscribed):
        assert not (reaction & ~facts.delivered).any()
    participated = world.messages.participated_at[world.statuses.message]
    assert (world.statuses.at >= participated).all()
    # One Sent, NotSent, NotDelivered and Unsubscribe at most; opens and clicks repeat.
    for kind in (Status.SENT, Status.NOT_SENT, Status.NOT_DELIVERED, Status.UNSUBSCRIBE):
        message = world.statuses.message[world.statuses.kind == kind]
        assert len(np.unique(message)) == len(message), kind.name
    for kind in (Status.OPENED, Status.CLICKED):
        message = world.statuses.message[world.statuses.kind == kind]
        assert len(np.unique(message)) < len(message), kind.name


def test_some_messages_wait_in_the_queue_at_the_end(world: World) -> None:
    in_queue = np.zeros(len(world.messages), bool)
    in_queue[world.statuses.message[world.statuses.kind == Status.IN_QUEUE]] = True
    sent = world.truth.messages.sent
    assert (in_queue & sent).any()
    waiting = in_queue & ~sent
    assert (world.messages.participated_at[waiting] > world.settings.until_ms - DAY).all()


def test_late_reactions_exist(world: World) -> None:
    delay = world.statuses.at - world.messages.participated_at[world.statuses.message]
    assert (delay > 20 * DAY).sum() > 10


def test_merges_lead_every_id_to_a_living_one(world: World) -> None:
    customers = world.customers
    assert (customers.merged_into[customers.person] == -1).all()
    step = customers.merged_into[world.merges.merged]
    assert (customers.ended_at[step] > world.merges.at).all()
    assert (customers.registered_at[step] <= world.merges.at).all()
    chained = customers.merged_into[step] >= 0
    assert chained.any(), "a chain of two merges"
    entries = set(zip(world.merges.at.tolist(), world.merges.resulting.tolist(), strict=True))
    assert len(entries) < len(world.merges), "two ids merged in one execution"


def test_history_stays_under_the_id_of_its_time(world: World) -> None:
    customers = world.customers
    known = world.orders.customer >= 0
    customer, at = world.orders.customer[known], world.orders.ordered_at[known]
    assert (customers.registered_at[customer] <= at).all()
    assert (customers.ended_at[customer] > at).all()
    assert (customers.merged_into[customer] >= 0).any(), "orders of ids that were merged later"
    assert (customers.merged_into[world.messages.customer] >= 0).any()


def test_a_table_reads_as_arrow(small_world: World) -> None:
    table = small_world.customers.table()
    assert table.num_rows == len(small_world.customers)
    assert table.column("unsubscribed_at").to_pylist()[0] == [
        int(at) for at in small_world.customers.unsubscribed_at[0]
    ]
