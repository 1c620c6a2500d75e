"""A shop of many people, as several worlds of few that follow one another."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from mindbox_extract.window import Window
from sandbox.bulk.filling import Filled, Filling
from sandbox.mindbox.api.settings import Gzip
from sandbox.mindbox.process import MindboxProcess, Serving
from sandbox.mindbox.world.settings import BLOCK_PEOPLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from mindbox_extract.project import Project
    from mindbox_extract.settings import Settings
    from sandbox.mindbox.world import WorldSettings


def fill(
    shop: WorldSettings,
    settings: Settings,
    project: Project,
    on_slice: Callable[[int, int], None] = lambda _done, _total: None,
) -> Filled:
    """Generate a shop slice by slice and put all of its rows into empty raw tables.

    Two slices are in memory at once, one being generated while the other is read; so memory does
    not grow with the shop.

    Args:
        shop: the whole shop; its history ends at a UTC midnight.
        settings: where the warehouse is, and the secret of the customers' keys.
        project: the client's project file.
        on_slice: told how many slices of how many are done.

    Raises:
        sandbox.bulk.filling.NotEmptyError: a raw table has rows.
        mindbox_extract.errors.ExtractError: the warehouse or a stand-in failed.
    """
    worlds = slices(shop)
    with (
        Filling(settings, project, history(shop)) as filling,
        ThreadPoolExecutor(max_workers=1) as ahead,
    ):
        following: Future[MindboxProcess] = ahead.submit(_serve, worlds[0])
        for number in range(len(worlds)):
            with following.result() as mindbox:
                if number + 1 < len(worlds):
                    following = ahead.submit(_serve, worlds[number + 1])
                filling.add(mindbox)
            on_slice(number + 1, len(worlds))
        return filling.land()


def slices(shop: WorldSettings) -> list[WorldSettings]:
    """Settings of worlds that together hold the people of a larger one, ids apart."""
    people = shop.customers
    return [
        replace(shop, people_before=first, customers=min(BLOCK_PEOPLE, people - first))
        for first in range(0, people, BLOCK_PEOPLE)
    ]


def history(shop: WorldSettings) -> Window:
    """The UTC days that a shop's history touches."""
    since = datetime.fromtimestamp(shop.since_ms / 1000, UTC)
    until = shop.until.astimezone(UTC)
    first = since.replace(hour=0, minute=0, second=0, microsecond=0)
    last = until.replace(hour=0, minute=0, second=0, microsecond=0)
    return Window(first, last if last == until else last + timedelta(days=1))


def _serve(world: WorldSettings) -> MindboxProcess:
    """The stand-in over one slice; unpacked, since nothing is sent far."""
    return MindboxProcess(world, serving=Serving(gzip=Gzip.NONE, edge_duplicates=False))
