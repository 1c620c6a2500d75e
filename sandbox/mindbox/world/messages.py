"""Messages: who is written to, what keeps a message from going, how recipients react."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from sandbox.mindbox.world.arrays import Array, Columns
from sandbox.mindbox.world.chance import hashed, uniform
from sandbox.mindbox.world.clock import DAY, HOUR, MINUTE, NEVER, SECOND
from sandbox.mindbox.world.customers import NO_DOMAIN, ORDERS_PER_DAY
from sandbox.mindbox.world.mailings import Channel
from sandbox.mindbox.world.vocabulary import EMAIL_DOMAINS

if TYPE_CHECKING:
    from sandbox.mindbox.world.arrays import Bools, Floats, Ints
    from sandbox.mindbox.world.clock import Calendar
    from sandbox.mindbox.world.customers import Customers
    from sandbox.mindbox.world.mailings import Plan
    from sandbox.mindbox.world.settings import WorldSettings


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
)
"""The spellings from `SmsSubscriberIsUnavailable` on are assumed; the e-mail ones are documented."""
BOUNCE_REASONS = ("EmailNonExistingAddress", "EmailInactiveAccount")

_CONTACT_MISSING, _INVALID_CONTACT, _UNSUBSCRIBED, _GLOBAL_CONTROL, _MAILING_CONTROL = 1, 2, 3, 4, 5
_NON_EXISTING, _INACTIVE, _SMS_UNAVAILABLE, _SMS_NO_NUMBER, _PUSH_TOKEN = 1, 2, 13, 14, 15
_SOFT_EMAIL = np.array([3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
_SOFT_EMAIL_SHARE = np.cumsum([0.34, 0.22, 0.12, 0.08, 0.09, 0.05, 0.05, 0.02, 0.01, 0.02])

GLOBAL_CONTROL_SHARE = 0.05
_HARD_BOUNCE, _SOFT_BOUNCE = 0.0065, 0.0075
_SMS_FAILURE, _PUSH_FAILURE = 0.035, 0.045
_UNSUBSCRIBE_OPENED, _UNSUBSCRIBE_BLIND = 0.0065, 0.0003
_SPAM_BUTTON = 0.15
_MACHINE_OPEN = 0.5
_MAIL_RU_DOMAINS = ("mail.ru", "bk.ru", "list.ru", "inbox.ru")
_MAIL_GROUP = [n for n, (d, _) in enumerate(EMAIL_DOMAINS) if d in _MAIL_RU_DOMAINS]
_PRIVACY_PROXY = next(n for n, (d, _) in enumerate(EMAIL_DOMAINS) if d == "icloud.com")


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


@dataclass(frozen=True)
class Wave:
    """Messages of one stage with their statuses (`statuses.message` counts inside the wave).

    `caused_by` and `caused_at` are the messages that made their recipients order, and when.
    """

    messages: Messages
    statuses: Statuses
    caused_by: Array
    caused_at: Ints


def has_contact(customers: Customers, customer: Array, channel: Array) -> Bools:
    """Whether each customer can be reached by the channel at all."""
    return np.select(
        [channel == Channel.EMAIL, channel == Channel.SMS, channel == Channel.MOBILE_PUSH],
        [
            customers.email_domain[customer] != NO_DOMAIN,
            customers.phone[customer] > 0,
            customers.has_app[customer],
        ],
        customers.has_web_push[customer],
    )


def in_global_control(
    settings: WorldSettings, calendar: Calendar, mindbox_id: Array, at: Ints
) -> Bools:
    """Membership of the global control group: 5 % of customers, drawn anew each local month."""
    luck = uniform(settings.seed, "global control", mindbox_id, calendar.month(at))
    return luck < GLOBAL_CONTROL_SHARE


def campaigns(plan: Plan, customers: Customers, rng: np.random.Generator) -> Candidates:
    """Recipients of every mass mailing among the customers of one block."""
    by_registration = np.argsort(customers.registered_at, kind="stable").astype(np.int32)
    registered = customers.registered_at[by_registration]
    reachable: dict[tuple[int, int], Array] = {}
    parts: list[Candidates] = []
    for position in np.flatnonzero(plan["mass"]):
        mailing = plan.mailings[position]
        known = int(np.searchsorted(registered, mailing.send_at))
        cell = (int(mailing.brand), int(mailing.channel))
        if cell not in reachable:
            reachable[cell] = _audience(customers, *cell)[by_registration]
        # Segments lean towards the curious, and let in a few whom the channel cannot reach.
        luck = rng.random(known, dtype=np.float32)
        chosen = by_registration[:known][luck < mailing.reach * reachable[cell][:known]]
        chosen = chosen[customers.ended_at[chosen] > mailing.send_at]
        at = mailing.send_at + rng.integers(0, 20 * MINUTE, len(chosen))
        parts.append(
            Candidates(
                customer=chosen,
                mailing=np.full(len(chosen), position, np.int32),
                at=at,
            )
        )
    if not parts:
        empty = np.zeros(0, np.int32)
        return Candidates(customer=empty, mailing=empty, at=np.zeros(0, np.int64))
    return Candidates.join(parts)


def react(
    settings: WorldSettings,
    calendar: Calendar,
    plan: Plan,
    customers: Customers,
    rng: np.random.Generator,
    candidates: Candidates,
    *,
    contacts_may_die: bool,
) -> Wave:
    """Send the candidates of one block and let recipients react.

    With `contacts_may_die` the first hard bounce and the first unsubscribing are final: they are
    written into `customers` and keep later messages back (most are not even planned any more).
    """
    order = np.lexsort((candidates.mailing, candidates.customer, candidates.at))
    candidates = candidates.take(order)
    customer, mailing, at = candidates.customer, candidates.mailing, candidates.at
    channel = plan["channel"][mailing]
    brand = plan["brand"][mailing]
    count = len(customer)
    email = channel == Channel.EMAIL
    ids = customers.mindbox_id[customer]
    marketing = ~plan["transactional"][mailing]

    variant = 1 + hashed(settings.seed, "variant", ids, mailing) % plan["variants"][mailing]
    reason = np.zeros(count, np.uint8)
    held = uniform(settings.seed, "own control", ids, mailing) < plan["control_share"][mailing]
    reason[held & marketing] = _MAILING_CONTROL
    reason[in_global_control(settings, calendar, ids, at) & marketing] = _GLOBAL_CONTROL
    reason[~has_contact(customers, customer, channel)] = _CONTACT_MISSING

    sent_at = at + _queue_time(rng, plan["mass"][mailing])
    failure = _failures(rng, channel, hard=contacts_may_die)
    reactions = _draw(plan, customers, rng, candidates, sent_at, variant)
    leaves = np.where(
        reactions.opened_at < NEVER,
        rng.random(count) < _UNSUBSCRIBE_OPENED,
        rng.random(count) < _UNSUBSCRIBE_BLIND,
    )
    leaves &= email & marketing & (failure == 0)
    left_at = np.where(leaves, reactions.after_seeing, NEVER)

    kept = np.ones(count, bool)
    if contacts_may_die:
        hard = (failure == _NON_EXISTING) | (failure == _INACTIVE)
        _mark_first(customers.email_invalid_at, customer, sent_at + MINUTE, hard & (reason == 0))
    dead = email & (at > customers.email_invalid_at[customer])
    kept &= ~dead | (rng.random(count) < 0.12)
    reason[dead & (reason == 0)] = _INVALID_CONTACT
    if contacts_may_die:
        for number in range(settings.brands):
            mine = leaves & (reason == 0) & (brand == number)
            column = customers.unsubscribed_at[:, number]
            _mark_first(column, customer, left_at, mine & (left_at < settings.until_ms))
    gone = email & marketing & (at > customers.unsubscribed_at[customer, brand])
    kept &= ~gone | (rng.random(count) < 0.07)
    reason[gone & (reason == 0)] = _UNSUBSCRIBED

    sent = (reason == 0) & (sent_at < settings.until_ms)
    arrived = sent & (failure == 0)
    spam = (
        leaves
        & arrived
        & np.isin(customers.email_domain[customer], _MAIL_GROUP)
        & (rng.random(count) < _SPAM_BUTTON)
    )
    messages = Messages(
        message_id=np.zeros(count, np.int64),
        customer=customer,
        mailing=mailing,
        variant=variant.astype(np.uint8),
        participated_at=at,
        not_sent_reason=reason,
        not_delivered_reason=np.where(sent, failure, 0).astype(np.uint8),
        is_spam=spam,
    )
    statuses = _statuses(rng, messages, sent_at, sent, arrived, reactions, left_at)
    statuses = statuses.take((statuses.at < settings.until_ms) & kept[statuses.message])
    caused_by, caused_at = _lifted_orders(plan, customers, rng, messages, arrived & kept, reactions)

    position = np.cumsum(kept) - 1
    return Wave(
        messages=messages.take(kept),
        statuses=Statuses(
            status_id=statuses.status_id,
            message=position[statuses.message].astype(np.int32),
            kind=statuses.kind,
            at=statuses.at,
            link=statuses.link,
        ),
        caused_by=position[caused_by].astype(np.int32),
        caused_at=caused_at,
    )


@dataclass(frozen=True)
class _Reactions:
    opened_at: Ints
    clicked_at: Ints
    after_seeing: Ints
    """When a recipient who means to leave would have done so."""


def _audience(customers: Customers, brand: int, channel: int) -> Floats:
    everyone = np.arange(len(customers))
    reachable = has_contact(customers, everyone, np.full(len(customers), channel))
    interest = np.clip(0.6 + 0.4 * customers.curiosity, 0.5, 1.6)
    written_to = (customers.brands >> brand) & 1
    return np.asarray((interest * written_to * np.where(reachable, 1.0, 0.02)).astype(np.float32))


def _queue_time(rng: np.random.Generator, mass: Bools) -> Ints:
    seconds = np.where(
        mass, rng.lognormal(np.log(150), 1.1, len(mass)), rng.gamma(2.0, 6, len(mass))
    )
    return (seconds * SECOND).astype(np.int64) + 200


def _failures(rng: np.random.Generator, channel: Array, *, hard: bool) -> Array:
    luck = rng.random(len(channel))
    kind = rng.random(len(channel))
    failure = np.zeros(len(channel), np.uint8)
    email = channel == Channel.EMAIL
    limit = _HARD_BOUNCE if hard else 0.0
    failure[email & (luck < limit)] = _NON_EXISTING
    failure[email & (luck < limit) & (kind < 0.35)] = _INACTIVE
    soft = email & (luck >= limit) & (luck < limit + _SOFT_BOUNCE)
    failure[soft] = _SOFT_EMAIL[np.searchsorted(_SOFT_EMAIL_SHARE, kind[soft] * 0.999)]
    sms = (channel == Channel.SMS) & (luck < _SMS_FAILURE)
    failure[sms] = np.where(kind[sms] < 0.7, _SMS_UNAVAILABLE, _SMS_NO_NUMBER)
    push = (channel >= Channel.MOBILE_PUSH) & (luck < _PUSH_FAILURE)
    failure[push] = _PUSH_TOKEN
    return failure


def _draw(
    plan: Plan,
    customers: Customers,
    rng: np.random.Generator,
    candidates: Candidates,
    sent_at: Ints,
    variant: Array,
) -> _Reactions:
    mailing, customer = candidates.mailing, candidates.customer
    count = len(mailing)
    # Variants of a test differ: each next one does a little better or worse, by mailing.
    step = uniform(0, "variant effect", plan["ids"][mailing]) * 0.24 - 0.10
    factor = customers.curiosity[customer] * (1 + step * (variant.astype(np.int64) - 1))
    opens = np.minimum(plan["opened"][mailing] * factor, 0.92)
    proxied = (customers.email_domain[customer] == _PRIVACY_PROXY) & (
        plan["channel"][mailing] == Channel.EMAIL
    )
    machine = proxied & (rng.random(count) < _MACHINE_OPEN)
    opened = (rng.random(count) < opens) | machine
    delay = rng.lognormal(np.log(130), 1.9, count) * MINUTE
    delay = np.where(machine, rng.random(count) * 9 * SECOND, delay).astype(np.int64)
    opened_at = np.where(opened, sent_at + 2 * SECOND + delay, NEVER)

    blind = ~opened | machine
    clicks = np.where(
        blind, plan["clicked_blind"][mailing] * factor, plan["clicked_opened"][mailing]
    )
    clicked = rng.random(count) < clicks
    reading = (rng.lognormal(np.log(35), 1.2, count) * SECOND).astype(np.int64) + SECOND
    seen_later = sent_at + (rng.lognormal(np.log(95), 1.8, count) * MINUTE).astype(np.int64)
    seen_at = np.where(blind, seen_later, opened_at)
    return _Reactions(
        opened_at=opened_at,
        clicked_at=np.where(clicked, seen_at + reading, NEVER),
        after_seeing=seen_at + 2 * reading,
    )


def _mark_first(column: Ints, customer: Array, at: Ints, where: Bools) -> None:
    np.minimum.at(column, customer[where], at[where])


def _statuses(
    rng: np.random.Generator,
    messages: Messages,
    sent_at: Ints,
    sent: Bools,
    arrived: Bools,
    reactions: _Reactions,
    left_at: Ints,
) -> Statuses:
    rows = np.arange(len(messages), dtype=np.int32)
    queued = (messages.not_sent_reason == 0) & (
        (sent_at - messages.participated_at > 40 * MINUTE) | ~sent
    )
    refused = messages.not_sent_reason > 0
    failed = sent & ~arrived
    opened = arrived & (reactions.opened_at < NEVER)
    clicked = arrived & (reactions.clicked_at < NEVER)
    left = arrived & (left_at < NEVER)

    parts = [
        _kind(Status.IN_QUEUE, rows[queued], messages.participated_at[queued]),
        _kind(Status.SENT, rows[sent], sent_at[sent]),
        _kind(Status.NOT_SENT, rows[refused], messages.participated_at[refused] + 150),
        _kind(
            Status.NOT_DELIVERED,
            rows[failed],
            sent_at[failed] + rng.integers(SECOND, 6 * HOUR, int(failed.sum())),
        ),
        _kind(Status.OPENED, rows[opened], reactions.opened_at[opened]),
        _again(rng, Status.OPENED, rows[opened], reactions.opened_at[opened], 0.32),
        _kind(Status.CLICKED, rows[clicked], reactions.clicked_at[clicked], rng),
        _again(rng, Status.CLICKED, rows[clicked], reactions.clicked_at[clicked], 0.21),
        _kind(Status.UNSUBSCRIBE, rows[left], left_at[left]),
    ]
    return Statuses.join(parts)


def _kind(
    kind: Status, message: Array, at: Ints, rng: np.random.Generator | None = None
) -> Statuses:
    links = np.zeros(len(message)) if rng is None else 1 + rng.geometric(0.5, len(message))
    return Statuses(
        status_id=np.zeros(len(message), np.int64),
        message=message,
        kind=np.full(len(message), kind, np.uint8),
        at=at,
        link=np.minimum(links, 9).astype(np.uint8),
    )


def _again(
    rng: np.random.Generator, kind: Status, message: Array, at: Ints, rate: float
) -> Statuses:
    """Repeated reactions to the same message, hours to weeks after the first."""
    times = rng.poisson(rate, len(message))
    repeated = np.repeat(np.arange(len(message)), times)
    later = (rng.lognormal(np.log(300), 1.8, len(repeated)) * MINUTE).astype(np.int64) + SECOND
    clicks = rng if kind is Status.CLICKED else None
    return _kind(kind, message[repeated], at[repeated] + later, clicks)


def _lifted_orders(
    plan: Plan,
    customers: Customers,
    rng: np.random.Generator,
    messages: Messages,
    arrived: Bools,
    reactions: _Reactions,
) -> tuple[Array, Ints]:
    """Orders that would not have been made without the message: after the click, or the receipt."""
    mailing = messages.mailing
    # Somebody who never buys is hard to move, a frequent buyer is moved more easily.
    ease = np.clip(0.3 + 0.7 * customers.eagerness[messages.customer] / ORDERS_PER_DAY, 0.3, 2.5)
    clicked = arrived & (reactions.clicked_at < NEVER)
    by_click = clicked & (rng.random(len(mailing)) < plan["click_lift"][mailing] * ease)
    by_receipt = arrived & (rng.random(len(mailing)) < plan["receipt_lift"][mailing] * ease)

    at_click = np.flatnonzero(by_click)
    soon = rng.random(len(at_click)) < 0.6
    minutes = np.where(
        soon, rng.gamma(2.0, 14, len(at_click)), rng.exponential(2.2 * DAY / MINUTE, len(at_click))
    )
    click_orders = reactions.clicked_at[at_click] + ((1 + minutes) * MINUTE).astype(np.int64)
    at_receipt = np.flatnonzero(by_receipt)
    days = rng.exponential(1.6, len(at_receipt))
    receipt_orders = messages.participated_at[at_receipt] + ((0.04 + days) * DAY).astype(np.int64)
    return (
        np.concatenate([at_click, at_receipt]),
        np.concatenate([click_orders, receipt_orders]),
    )
