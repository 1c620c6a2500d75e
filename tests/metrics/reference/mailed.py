"""Metrics of messages and reactions: section C.3 of the catalogue."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from tests.metrics.reference.calendar import unit_start
from tests.metrics.reference.cells import Cell, Metric, changed, counted, distinct, people
from tests.metrics.reference.letters import LetterFact
from tests.metrics.reference.words import Value

EMAIL = "E-mail"
CONTROL_GROUPS = {"CustomerInGlobalControlGroup", "CustomerInMailingControlGroup"}
SOFT = {
    *("EmailMailboxFull", "EmailReceiverServerIsUnavailable"),
    *("EmailServerProtocolOrTimeoutError", "EmailConnectionFailureOnSending"),
}
BLOCKED = {"EmailBlackList", "EmailRejectedBecauseOfContent", "EmailRejectedWithUnknownReason"}
MINUTE_MS = 60_000


def _is_delivered(fact: LetterFact) -> bool:
    return fact.letter.is_delivered


def _reports(fact: LetterFact) -> bool:
    return fact.letter.reports_opens


def _by_person(fact: LetterFact) -> bool:
    return not fact.letter.is_opened_by_machine


def _has_failed(fact: LetterFact) -> bool:
    return fact.letter.not_delivered_at is not None


def recipients_of_last_month(cell: Cell) -> Value:
    """Recipients of messages that may earn orders, in the month that the bucket ends in."""
    month = unit_start(cell.bucket.last, "month")
    return Decimal(
        len(
            {
                fact.person
                for fact in cell["messages"]
                if _is_delivered(fact)
                and fact.letter.mailing_type != "transaction"
                and fact.sent_on >= month
            }
        )
    )


def median_minutes(source: str, moment: str) -> Metric:
    """The middle of the minutes from sending to the first reaction, halfway between two of them."""

    def middle(cell: Cell) -> Value:
        waits = sorted(_wait(fact, moment) for fact in cell[source])
        return halfway(waits)

    return Metric(frozenset({source}), middle)


def halfway(numbers: Sequence[Decimal]) -> Value:
    """The middle of sorted numbers; of two in the middle their mean."""
    if not numbers:
        return None
    place = len(numbers) // 2
    if len(numbers) % 2:
        return numbers[place]
    return (numbers[place - 1] + numbers[place]) / 2


def _wait(fact: LetterFact, moment: str) -> Decimal:
    at: Any = getattr(fact.letter, moment)
    assert fact.letter.sent_at is not None
    return Decimal(at - fact.letter.sent_at) / MINUTE_MS


messages_total = counted("messages")
sent = counted("messages", lambda fact: fact.letter.is_sent)
not_sent = counted("messages", lambda fact: fact.letter.not_sent_at is not None)
delivered = counted("messages", _is_delivered)
not_delivered = counted("messages", lambda fact: fact.letter.not_delivered_at is not None)
bounces = counted("messages", lambda fact: fact.letter.is_bounced)
opened = counted("opens")
open_capable = counted("messages", lambda fact: _is_delivered(fact) and _reports(fact))
clicks = counted("clicks")
clicks_total = counted("all_clicks")
unsubscribes = counted("leavings")
recipients = people("messages", _is_delivered)
delivered_email = counted(
    "messages", lambda fact: _is_delivered(fact) and fact.letter.channel == EMAIL
)
sent_email = counted("messages", lambda x: x.letter.is_sent and x.letter.channel == EMAIL)


def where_reported(metric: Metric) -> Metric:
    """Openings; nothing, not 0, where no channel reports them."""

    def value(cell: Cell) -> Value:
        return metric.value(cell) if opened.value(cell) or open_capable.value(cell) else None

    return Metric(metric.sources | opened.sources | open_capable.sources, value)


opens = where_reported(opened)
opens_human = where_reported(counted("opens", _by_person))

spam_complaints = counted("complaints")
flow_customers = people("messages", lambda fact: _is_delivered(fact) and fact.letter.is_of_flow)

readable = people("messages", lambda fact: _is_delivered(fact) and _reports(fact))
readers = people("messages", lambda x: _is_delivered(x) and _reports(x) and x.letter.is_to_reader)

METRICS: dict[str, Metric] = {
    "messages_total": messages_total,
    "sent": sent,
    "not_sent": not_sent,
    "not_sent_control_group": counted(
        "messages",
        lambda x: x.letter.not_sent_at is not None and x.letter.failure in CONTROL_GROUPS,
    ),
    "soft_bounces": counted("messages", lambda x: _has_failed(x) and x.letter.failure in SOFT),
    "blocked_messages": counted(
        "messages", lambda x: _has_failed(x) and x.letter.failure in BLOCKED
    ),
    "delivered": delivered,
    "not_delivered": not_delivered,
    "bounces": bounces,
    "opens": opens,
    "opens_human_est": opens_human,
    "clicks": clicks,
    "clicks_total": clicks_total,
    "link_click_share": clicks_total / counted("all_clicks_of_mailing"),
    "unsubscribes": unsubscribes,
    "clicks_human_est": counted("all_clicks", lambda fact: fact.is_first_human),
    "spam_complaints": spam_complaints,
    "spam_rate": spam_complaints / delivered_email,
    "recipients_mb": Metric(frozenset({"messages"}), recipients_of_last_month),
    "flow_customers_delivered": flow_customers,
    "recipients": recipients,
    "clickers": people("clicks"),
    "unengaged_share": (readable - readers) / readable,
    "messages_per_recipient": delivered
    / distinct("messages", lambda x: (x.person, unit_start(x.sent_on, "month")), _is_delivered),
    "mailings_count": distinct("messages", lambda x: x.mailing, lambda x: x.letter.is_sent),
    "delivery_rate": delivered / sent,
    "open_rate": opened / open_capable,
    "click_rate": clicks / delivered,
    "ctor": counted("clicks", _reports) / counted("opens", _reports),
    "unsubscribe_rate": unsubscribes / delivered_email,
    "bounce_rate": bounces / sent_email,
    "machine_open_share": changed(lambda share: 1 - share, opens_human / opens),
    "time_to_open_median": median_minutes("opens", "opened_at"),
    "time_to_click_median": median_minutes("clicks", "clicked_at"),
    "send_hour_open_rate": opened / open_capable,
}
