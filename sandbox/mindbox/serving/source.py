"""Everything one stand-in serves, from a world or from a folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from sandbox.mindbox.serving.actions import ActionRows
from sandbox.mindbox.serving.customers import CustomerRows
from sandbox.mindbox.serving.mailings import MailingRows
from sandbox.mindbox.serving.merges import MergePages
from sandbox.mindbox.serving.orders import OrderRows
from sandbox.mindbox.serving.report import SummaryReport
from sandbox.mindbox.serving.statuses import StatusRows

if TYPE_CHECKING:
    from datetime import date

    from sandbox.mindbox.serving.rows import Rows
    from sandbox.mindbox.world import World


class Report(Protocol):
    """A report given as a CSV file."""

    def csv(self, since: date, till: date) -> bytes:
        """The file for project-local dates, both included."""


class Merges(Protocol):
    """Customer merges, read page by page."""

    def page(
        self, since: int, till: int, skip: int, count: int
    ) -> tuple[list[dict[str, Any]], int]:
        """Entries of [since, till) (ms UTC), `count` after `skip`; and how many there are."""


@dataclass(frozen=True)
class Source:
    """The datasets of one project.

    Attributes:
        rows: exports by root array.
        report: the summary report.
        merges: the merges.
        since: ms UTC; nothing in it is older.
        until: the project's "now" in ms UTC; everything in it is older.
    """

    rows: dict[str, Rows]
    report: Report
    merges: Merges
    since: int
    until: int

    @classmethod
    def of_world(cls, world: World, *, edge_duplicates: bool = True) -> Source:
        """Serve a generated world."""
        exports: list[Rows] = [
            CustomerRows(world),
            MailingRows(world),
            StatusRows(world, edge_duplicates=edge_duplicates),
            OrderRows(world),
            ActionRows(world, duplicates=edge_duplicates),
        ]
        return cls(
            rows={rows.root: rows for rows in exports},
            report=SummaryReport(world),
            merges=MergePages(world),
            since=world.settings.since_ms,
            until=world.settings.until_ms,
        )
