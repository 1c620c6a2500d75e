"""The summary report as the CSV file that the API gives."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import TYPE_CHECKING

from sandbox.mindbox.world.mailings import CHANNEL_NAMES
from sandbox.mindbox.world.vocabulary import BRANDS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from sandbox.mindbox.world.world import World

_BYTE_ORDER_MARK = "\ufeff"


def as_csv(rows: list[dict[str, str]], columns: Sequence[str]) -> bytes:
    """Rows as Mindbox writes CSV: `;`, UTF-8 with byte order mark, CR LF."""
    out = io.StringIO()
    out.write(_BYTE_ORDER_MARK)
    writer = csv.DictWriter(out, columns, delimiter=";", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


COLUMNS = (
    "ReportMailingId",
    "ReportMailingVariantNum",
    "ReportMessageName",
    "ReportChannel",
    "ReportBrand",
    "ReportFolder",
    "ReportTags",
    "ReportMessagesTotal",
    "ReportSent",
    "ReportDelivered",
    "ReportDeliveryRate",
    "ReportOpened",
    "ReportOpenRate",
    "ReportClicked",
    "ReportClickRate",
    "ReportCTOR",
    "ReportUnsubscribed",
    "ReportUnsubscribeRate",
    "ReportSpam",
    "ReportBounced",
    "ReportBounceRate",
    "ReportConversions",
    "ReportConversionRate",
    "ReportConversionsRevenue",
    "ReportAverageOrderValue",
    "ReportConversionRevenuePerRecipient",
)


class SummaryReport:
    """The summary report of a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def csv(self, since: date, till: date) -> bytes:
        """The report over project-local dates, both included."""
        summary = self._world.truth.summary(since, till)
        rows = []
        for n in range(len(summary)):
            mailing = self._world.plan.mailings[int(summary.mailing[n])]
            counts = {name: int(getattr(summary, name)[n]) for name in summary.__dataclass_fields__}
            revenue = Decimal(counts["revenue"]) / 100
            delivered, conversions = counts["delivered"], counts["conversions"]
            rows.append(
                {
                    "ReportMailingId": str(mailing.mailing_id),
                    "ReportMailingVariantNum": str(counts["variant"]),
                    "ReportMessageName": mailing.name,
                    "ReportChannel": CHANNEL_NAMES[mailing.channel],
                    "ReportBrand": BRANDS[mailing.brand].name,
                    "ReportFolder": mailing.folder,
                    "ReportTags": ", ".join(mailing.tags),
                    "ReportMessagesTotal": str(counts["total"]),
                    "ReportSent": str(counts["sent"]),
                    "ReportDelivered": str(delivered),
                    "ReportDeliveryRate": self._percent(delivered, counts["sent"]),
                    "ReportOpened": str(counts["opened"]),
                    "ReportOpenRate": self._percent(counts["opened"], delivered),
                    "ReportClicked": str(counts["clicked"]),
                    "ReportClickRate": self._percent(counts["clicked"], delivered),
                    "ReportCTOR": self._percent(counts["clicked"], counts["opened"]),
                    "ReportUnsubscribed": str(counts["unsubscribed"]),
                    "ReportUnsubscribeRate": self._percent(counts["unsubscribed"], delivered),
                    "ReportSpam": str(counts["spam"]),
                    "ReportBounced": str(counts["bounced"]),
                    "ReportBounceRate": self._percent(counts["bounced"], counts["sent"]),
                    "ReportConversions": str(conversions),
                    "ReportConversionRate": self._percent(conversions, delivered),
                    "ReportConversionsRevenue": self._number(revenue),
                    "ReportAverageOrderValue": self._quotient(revenue, conversions),
                    "ReportConversionRevenuePerRecipient": self._quotient(revenue, delivered),
                }
            )
        return as_csv(rows, COLUMNS)

    def _percent(self, part: int, whole: int) -> str:
        return self._quotient(Decimal(part) * 100, whole)

    def _quotient(self, part: Decimal, whole: int) -> str:
        return self._number(part / whole) if whole else ""

    def _number(self, value: Decimal) -> str:
        text = f"{value:.2f}"
        return text.replace(".", ",") if self._world.settings.decimal_comma else text
