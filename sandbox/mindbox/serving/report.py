"""The summary and dynamics reports as the CSV files that the API gives."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from sandbox.mindbox.serving.csv_text import as_csv, number
from sandbox.mindbox.world.mailings import CHANNEL_NAMES
from sandbox.mindbox.world.vocabulary import BRANDS

if TYPE_CHECKING:
    from datetime import date

    from sandbox.mindbox.world.arrays import Columns
    from sandbox.mindbox.world.world import World

COLUMNS = (
    "ReportMailingId",
    "ReportMailingVariantNum",
    "ReportMessageName",
    "ReportSubject",
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


DYNAMICS_COLUMNS = ("ReportDate", *COLUMNS, "ReportOrders", "ReportRevenue")


class SummaryReport:
    """The summary report of a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def csv(self, since: date, till: date) -> bytes:
        """The report over project-local dates, both included."""
        summary = self._world.truth.summary(since, till)
        rows = [_facts(self._world, _counts(summary, n)) for n in range(len(summary))]
        return as_csv(rows, COLUMNS)


class DynamicsReport:
    """The dynamics report of a world, by day."""

    def __init__(self, world: World) -> None:
        self._world = world

    def csv(self, since: date, till: date) -> bytes:
        """The report over project-local dates, both included."""
        world = self._world
        dynamics = world.truth.dynamics(since, till)
        comma = world.settings.decimal_comma
        rows = []
        for n in range(len(dynamics)):
            counts = _counts(dynamics, n)
            revenue = Decimal(counts["revenue_of_day"]) / 100
            rows.append(
                {
                    "ReportDate": world.calendar.dates[counts["day"]].isoformat(),
                    **_facts(world, counts),
                    "ReportOrders": str(counts["orders"]),
                    "ReportRevenue": number(revenue, comma=comma),
                }
            )
        return as_csv(rows, DYNAMICS_COLUMNS)


def _counts(table: Columns, row: int) -> dict[str, int]:
    return {name: int(getattr(table, name)[row]) for name in table.__dataclass_fields__}


def _facts(world: World, counts: dict[str, int]) -> dict[str, str]:
    """The columns that both reports have."""
    comma = world.settings.decimal_comma

    def quotient(part: Decimal, whole: int) -> str:
        return number(part / whole, comma=comma) if whole else ""

    def percent(part: int, whole: int) -> str:
        return quotient(Decimal(part) * 100, whole)

    mailing = world.plan.mailings[counts["mailing"]]
    revenue = Decimal(counts["revenue"]) / 100
    delivered, conversions = counts["delivered"], counts["conversions"]
    return {
        "ReportMailingId": str(mailing.mailing_id),
        "ReportMailingVariantNum": str(counts["variant"]),
        "ReportMessageName": mailing.name,
        "ReportSubject": mailing.subject,
        "ReportChannel": CHANNEL_NAMES[mailing.channel],
        "ReportBrand": BRANDS[mailing.brand].name,
        "ReportFolder": mailing.folder,
        "ReportTags": ", ".join(mailing.tags),
        "ReportMessagesTotal": str(counts["total"]),
        "ReportSent": str(counts["sent"]),
        "ReportDelivered": str(delivered),
        "ReportDeliveryRate": percent(delivered, counts["sent"]),
        "ReportOpened": str(counts["opened"]),
        "ReportOpenRate": percent(counts["opened"], delivered),
        "ReportClicked": str(counts["clicked"]),
        "ReportClickRate": percent(counts["clicked"], delivered),
        "ReportCTOR": percent(counts["clicked"], counts["opened"]),
        "ReportUnsubscribed": str(counts["unsubscribed"]),
        "ReportUnsubscribeRate": percent(counts["unsubscribed"], delivered),
        "ReportSpam": str(counts["spam"]),
        "ReportBounced": str(counts["bounced"]),
        "ReportBounceRate": percent(counts["bounced"], counts["sent"]),
        "ReportConversions": str(conversions),
        "ReportConversionRate": percent(conversions, delivered),
        "ReportConversionsRevenue": number(revenue, comma=comma),
        "ReportAverageOrderValue": quotient(revenue, conversions),
        "ReportConversionRevenuePerRecipient": quotient(revenue, delivered),
    }
