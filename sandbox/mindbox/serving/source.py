"""Everything one stand-in serves, from a world or from a folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from sandbox.mindbox.serving import segments
from sandbox.mindbox.serving.actions import ActionRows
from sandbox.mindbox.serving.customers import CustomerRows
from sandbox.mindbox.serving.mailings import MailingRows
from sandbox.mindbox.serving.merges import MergePages
from sandbox.mindbox.serving.orders import OrderRows
from sandbox.mindbox.serving.products import ProductTable
from sandbox.mindbox.serving.promotions import PromotionRows
from sandbox.mindbox.serving.report import DynamicsReport, SummaryReport
from sandbox.mindbox.serving.statuses import StatusRows

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from sandbox.mindbox.serving.rows import Rows
    from sandbox.mindbox.world import World


class Report(Protocol):
    """A report given as a CSV file."""

    def csv(self, since: date, till: date) -> bytes:
        """The file for project-local dates, both included."""


class Table(Protocol):
    """A dataset given as a CSV file."""

    def csv(self, since: int, till: int) -> bytes:
        """The file of rows created or changed in [since, till), ms UTC."""


class Segmentations(Protocol):
    """Changes of customer segmentations."""

    def __call__(self, external_id: str, /) -> Rows | None:
        """The changes of one of them; None where the project has none of the id."""


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
        tables: exports in CSV by name.
        segments: changes of the customer segmentation of an external id.
        reports: the summary and the dynamics report.
        merges: the merges.
        since: ms UTC; nothing in it is older.
        until: the project's "now" in ms UTC; everything in it is older.
    """

    rows: dict[str, Rows]
    tables: Mapping[str, Table]
    segments: Segmentations
    reports: Mapping[str, Report]
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
            PromotionRows(world),
            ActionRows(world, duplicates=edge_duplicates),
        ]
        return cls(
            rows={rows.root: rows for rows in exports},
            tables={"products": ProductTable(world)},
            segments=segments.of_world(world).get,
            reports={"summary": SummaryReport(world), "dynamics": DynamicsReport(world)},
            merges=MergePages(world),
            since=world.settings.since_ms,
            until=world.settings.until_ms,
        )
