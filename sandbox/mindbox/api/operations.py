"""The project's operations: which name stands for which step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Operation:
    """One operation of the integration point.

    Attributes:
        name: as the administrator called it.
        step: an export of the rows of a window, of what changed since a moment, of the changes
            of a segmentation, of a table, of a report; or the paged reading of merges.
        root: root array of an export's files; name of the table or of the report.
    """

    name: str
    step: Literal["rows", "changes", "segments", "table", "report", "merges"]
    root: str = ""

    @property
    def is_export(self) -> bool:
        """Whether it works by tasks and files."""
        return self.step != "merges"


OPERATIONS = {
    operation.name: operation
    for operation in (
        Operation("Export.Customers", "rows", "customers"),
        Operation("Export.Mailings", "rows", "mailings"),
        Operation("Export.MessageStatuses", "rows", "customerMessageStatuses"),
        Operation("Export.Orders", "rows", "orders"),
        Operation("Export.CustomerActions", "rows", "customerActions"),
        Operation("Export.Products", "table", "products"),
        Operation("Export.Promotions", "changes", "promotions"),
        Operation("Export.SegmentChanges", "segments", "customerSegments"),
        Operation("Export.MailingReportSummary", "report", "summary"),
        Operation("Export.MailingReportDynamics", "report", "dynamics"),
        Operation("Customers.Merges", "merges"),
    )
}
