"""Messages and their statuses: the tables, and the spellings of the API."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from sandbox.mindbox.world.arrays import Array, Columns
from sandbox.mindbox.world.customers import NO_DOMAIN
from sandbox.mindbox.world.mailings import Channel

if TYPE_CHECKING:
    from sandbox.mindbox.world.arrays import Bools, Ints
    from sandbox.mindbox.world.customers import Customers


class Status(IntEnum):
    """Kinds of message status; `STATUS_NAMES` are the API's spellings."""

    IN_QUEUE = 0
    SENT = 1
    NOT_SENT = 2
    NOT_DELIVERED = 3
    OPENED = 4
    CLICKED = 5
    UNSUBSCRIBE = 6


STATUS_NAMES = (
    "InQueue",
    "Sent",
    "NotSent",
    "NotDelivered",
    "Opened",
    "Clicked",
    "Unsubscribe",
)

NOT_SENT_REASONS = (
    "",
    "ContactMissing",
    "InvalidContact",
    "CustomerUnsubscribed",
    "CustomerInGlobalControlGroup",
    "CustomerInMailingControlGroup",
)
NOT_DELIVERED_REASONS = (
    "",
    "EmailNonExistingAddress",
    "EmailInactiveAccount",
    "EmailMailboxFull",
    "EmailRejectedWithUnknownReason",
    "EmailRejectedBecauseOfContent",
    "EmailBlackList",
    "EmailReceiverServerIsUnavailable",
    "EmailConnectionFailureOnSending",
    "EmailServerProtocolOrTimeoutError",
    "EmailMxRecordWasntResolved",
    "EmailIncorrectAddressFormat",
    "UnknownError",
    "SmsSubscriberIsUnavailable",
    "SmsNumberDoesNotExist",
    "PushTokenIsInvalid",
    "ViberUserIsUnavailable",
    "ViberUserIsNotFound",
)
"""The spellings from `SmsSubscriberIsUnavailable` on are assumed; the rest are documented."""
BOUNCE_REASONS = ("EmailNonExistingAddress", "EmailInactiveAccount")


@dataclass(frozen=True)
class Candidates(Columns):
    """Messages about to be made: to whom, by which mailing, when, on account of which order.

    Attributes:
        customer: index of the customer.
        mailing: position of the mailing in the plan.
        at: participation, ms UTC.
    """

    customer: Array
    mailing: Array
    at: Ints


@dataclass(frozen=True)
class Messages(Columns):
    """Messages in order of participation.

    Attributes:
        message_id: the API's id; larger for later participation.
        customer: index of the customer of that time (merged-away ones included).
        mailing: position of the mailing in the plan.
        variant: A/B variant from 1.
        participated_at: ms UTC, `customerMessage.dateTimeUtc`.
        not_sent_reason: index in NOT_SENT_REASONS, 0 unless held back.
        not_delivered_reason: index in NOT_DELIVERED_REASONS, 0 unless it did not arrive.
        is_spam: its unsubscribe came from the spam button.
    """

    message_id: Ints
    customer: Array
    mailing: Array
    variant: Array
    participated_at: Ints
    not_sent_reason: Array
    not_delivered_reason: Array
    is_spam: Array


@dataclass(frozen=True)
class Statuses(Columns):
    """Statuses of messages in order of time.

    Attributes:
        status_id: the API's id; larger for later ones.
        message: position of the message in Messages.
        kind: Status.
        at: ms UTC.
        link: for clicks, 1 + the number of the link in the message; 0 otherwise.
    """

    status_id: Ints
    message: Array
    kind: Array
    at: Ints
    link: Array


def has_contact(customers: Customers, customer: Array, channel: Array) -> Bools:
    """Whether each customer can be reached by the channel at all."""
    return np.select(
        [channel == kind for kind in Channel],
        [
            customers.email_domain[customer] != NO_DOMAIN,
            customers.phone[customer] > 0,
            customers.has_app[customer],
            customers.has_web_push[customer],
            customers.has_viber[customer],
        ],
        False,
    )
