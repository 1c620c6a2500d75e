"""Reactions: what keeps a message from going out, and what recipients do with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sandbox.mindbox.world.chance import happens, hashed, uniform
from sandbox.mindbox.world.clock import DAY, HOUR, MINUTE, NEVER, SECOND
from sandbox.mindbox.world.customers import ORDERS_PER_DAY
from sandbox.mindbox.world.mailings import Channel
from sandbox.mindbox.world.messages import (
    NOT_DELIVERED_REASONS,
    NOT_SENT_REASONS,
    Messages,
    Status,
    Statuses,
    has_contact,
)
from sandbox.mindbox.world.vocabulary import EMAIL_DOMAINS

if TYPE_CHECKING:
    from sandbox.mindbox.world.arrays import Array, Bools, Ints
    from sandbox.mindbox.world.clock import Calendar
    from sandbox.mindbox.world.messages import Candidates
    from sandbox.mindbox.world.scene import Scene
    from sandbox.mindbox.world.settings import WorldSettings

_CONTACT_MISSING = NOT_SENT_REASONS.index("ContactMissing")
_INVALID_CONTACT = NOT_SENT_REASONS.index("InvalidContact")
_UNSUBSCRIBED = NOT_SENT_REASONS.index("CustomerUnsubscribed")
_GLOBAL_CONTROL = NOT_SENT_REASONS.index("CustomerInGlobalControlGroup")
_MAILING_CONTROL = NOT_SENT_REASONS.index("CustomerInMailingControlGroup")
_NON_EXISTING = NOT_DELIVERED_REASONS.index("EmailNonExistingAddress")
_INACTIVE = NOT_DELIVERED_REASONS.index("EmailInactiveAccount")
_SMS_UNAVAILABLE = NOT_DELIVERED_REASONS.index("SmsSubscriberIsUnavailable")
_SMS_NO_NUMBER = NOT_DELIVERED_REASONS.index("SmsNumberDoesNotExist")
_PUSH_TOKEN = NOT_DELIVERED_REASONS.index("PushTokenIsInvalid")
_VIBER_UNAVAILABLE = NOT_DELIVERED_REASONS.index("ViberUserIsUnavailable")
_VIBER_NO_USER = NOT_DELIVERED_REASONS.index("ViberUserIsNotFound")
_SOFT_EMAIL_FIRST = NOT_DELIVERED_REASONS.index("EmailMailboxFull")
_SOFT_EMAIL_SHARE = np.cumsum([0.34, 0.22, 0.12, 0.08, 0.09, 0.05, 0.05, 0.02, 0.01, 0.02])
"""Soft failures of e-mail: how often each reason from the first soft one on is given."""

GLOBAL_CONTROL_SHARE = 0.05
_HARD_BOUNCE, _SOFT_BOUNCE = 0.0065, 0.0075
_SMS_FAILURE, _PUSH_FAILURE, _VIBER_FAILURE = 0.035, 0.045, 0.14
_INACTIVE_SHARE, _NO_NUMBER_SHARE, _NO_VIBER_SHARE = 0.35, 0.1, 0.45
_STILL_ADDRESSED_INVALID, _STILL_ADDRESSED_UNSUBSCRIBED = 0.12, 0.07
"""Share of later messages that segments still plan, and that are then not sent."""
_NOTICEABLE_WAIT = 40 * MINUTE
"""Messages that wait longer show an InQueue status of their own."""
_UNSUBSCRIBE_OPENED, _UNSUBSCRIBE_BLIND = 0.0065, 0.0003
_SPAM_BUTTON = 0.15
_MACHINE_OPEN = 0.5
_MAIL_RU_DOMAINS = ("mail.ru", "bk.ru", "list.ru", "inbox.ru")
_MAIL_GROUP = [n for n, (d, _) in enumerate(EMAIL_DOMAINS) if d in _MAIL_RU_DOMAINS]
_PRIVACY_PROXY = next(n for n, (d, _) in enumerate(EMAIL_DOMAINS) if d == "icloud.com")


def in_global_control(
    settings: WorldSettings, calendar: Calendar, mindbox_id: Array, at: Ints
) -> Bools:
    """Membership of the global control group: 5 % of customers, drawn anew each local month."""
    luck = uniform(settings.seed, "global control", mindbox_id, calendar.month(at))
    return luck < GLOBAL_CONTROL_SHARE


@dataclass(frozen=True)
class Wave:
    """Messages of one stage with their statuses (`statuses.message` counts inside the wave).

    `caused_by` and `caused_at` are the messages that made their recipients order, and when.
    """

    messages: Messages
    statuses: Statuses
    caused_by: Array
    caused_at: Ints


def react(scene: Scene, candidates: Candidates, *, contacts_may_die: bool) -> Wave:
    """Send the candidates of one block and let recipients react.

    With `contacts_may_die` the first hard bounce and the first unsubscribing are final: they are
    written into the scene's customers and keep later messages back (most are not even planned
    any more).
    """
    order = np.lexsort((candidates.mailing, candidates.customer, candidates.at))
    sending = _planned(scene, candidates.take(order), hard=contacts_may_die)
    reason, kept = _held_back(scene, sending, contacts_may_die=contacts_may_die)
    sent = (reason == 0) & (sending.sent_at < scene.settings.until_ms)
    arrived = sent & (sending.failure == 0)
    count = len(reason)
    spam = np.isin(scene.customers.email_domain[sending.customer], _MAIL_GROUP)
    spam &= happens(scene.rng, _SPAM_BUTTON, count) & (sending.left_at < NEVER) & arrived
    messages = Messages(
        message_id=np.zeros(count, np.int64),
        customer=sending.customer,
        mailing=sending.mailing,
        variant=sending.variant,
        participated_at=sending.at,
        not_sent_reason=reason,
        not_delivered_reason=np.where(sent, sending.failure, 0).astype(np.uint8),
        is_spam=spam,
    )
    statuses = _statuses(scene, sending, reason, sent)
    statuses = statuses.take((statuses.at < scene.settings.until_ms) & kept[statuses.message])
    caused_by, caused_at = _lifted_orders(scene, sending, arrived & kept)
    position = (np.cumsum(kept) - 1).astype(np.int32)
    return Wave(
        messages=messages.take(kept),
        statuses=replace(statuses, message=position[statuses.message]),
        caused_by=position[caused_by],
        caused_at=caused_at,
    )


@dataclass(frozen=True)
class _Sending:
    """Planned messages, and what would come of each if nothing held it back."""

    customer: Array
    mailing: Array
    at: Ints
    channel: Array
    brand: Array
    marketing: Bools
    variant: Array
    sent_at: Ints
    failure: Array
    opened_at: Ints
    clicked_at: Ints
    left_at: Ints


def _planned(scene: Scene, candidates: Candidates, *, hard: bool) -> _Sending:
    plan, customers, rng = scene.plan, scene.customers, scene.rng
    customer, mailing = candidates.customer, candidates.mailing
    channel = plan["channel"][mailing]
    marketing = ~plan["transactional"][mailing]
    number = hashed(scene.settings.seed, "variant", customers.mindbox_id[customer], mailing)
    variant = (1 + number % plan["variants"][mailing]).astype(np.uint8)
    sent_at = candidates.at + _queue_time(rng, plan["mass"][mailing])
    failure = _failures(rng, channel, hard=hard)
    opened_at, clicked_at, left_at = _interest(scene, candidates, sent_at, variant)
    leaves = (channel == Channel.EMAIL) & marketing & (failure == 0)
    return _Sending(
        customer=customer,
        mailing=mailing,
        at=candidates.at,
        channel=channel,
        brand=plan["brand"][mailing],
        marketing=marketing,
        variant=variant,
        sent_at=sent_at,
        failure=failure,
        opened_at=opened_at,
        clicked_at=clicked_at,
        left_at=np.where(leaves, left_at, NEVER),
    )


def _held_back(scene: Scene, sending: _Sending, *, contacts_may_die: bool) -> tuple[Array, Bools]:
    """Why messages are not sent (0: they are), and which messages exist at all.

    Contacts and subscriptions go before control groups, so both arms of a test are reachable.
    """
    settings, customers, rng = scene.settings, scene.customers, scene.rng
    customer, at, channel = sending.customer, sending.at, sending.channel
    count = len(customer)
    ids = customers.mindbox_id[customer]
    reason = np.zeros(count, np.uint8)
    share = scene.plan["control_share"][sending.mailing]
    own_control = uniform(settings.seed, "own control", ids, sending.mailing) < share
    reason[own_control & sending.marketing] = _MAILING_CONTROL
    control = in_global_control(settings, scene.calendar, ids, at)
    reason[control & sending.marketing] = _GLOBAL_CONTROL
    missing = ~has_contact(customers, customer, channel)
    reason[missing] = _CONTACT_MISSING

    kept = np.ones(count, bool)
    contacts = (
        (Channel.EMAIL, customers.email_invalid_at, (_NON_EXISTING, _INACTIVE)),
        (Channel.SMS, customers.phone_invalid_at, (_SMS_NO_NUMBER,)),
    )
    for kind, invalid_at, deadly in contacts:
        mine = channel == kind
        if contacts_may_die:
            dies = mine & (reason == 0) & np.isin(sending.failure, deadly)
            _mark_first(invalid_at, customer, sending.sent_at + MINUTE, dies)
        dead = mine & ~missing & (at > invalid_at[customer])
        kept &= ~dead | happens(rng, _STILL_ADDRESSED_INVALID, count)
        reason[dead] = _INVALID_CONTACT
    if contacts_may_die:
        for brand in range(settings.brands):
            leaves = (reason == 0) & (sending.brand == brand)
            leaves &= sending.left_at < settings.until_ms
            _mark_first(customers.unsubscribed_at[:, brand], customer, sending.left_at, leaves)
    email = (channel == Channel.EMAIL) & sending.marketing & ~missing
    gone = email & (at > customers.unsubscribed_at[customer, sending.brand])
    kept &= ~gone | happens(rng, _STILL_ADDRESSED_UNSUBSCRIBED, count)
    reason[gone & (reason != _INVALID_CONTACT)] = _UNSUBSCRIBED
    return reason, kept


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
    failure[email & (luck < limit) & (kind < _INACTIVE_SHARE)] = _INACTIVE
    soft = email & (luck >= limit) & (luck < limit + _SOFT_BOUNCE)
    failure[soft] = _SOFT_EMAIL_FIRST + np.searchsorted(_SOFT_EMAIL_SHARE, kind[soft] * 0.999)
    sms = (channel == Channel.SMS) & (luck < _SMS_FAILURE)
    failure[sms] = np.where(kind[sms] < _NO_NUMBER_SHARE, _SMS_NO_NUMBER, _SMS_UNAVAILABLE)
    push = np.isin(channel, [Channel.MOBILE_PUSH, Channel.WEB_PUSH]) & (luck < _PUSH_FAILURE)
    failure[push] = _PUSH_TOKEN
    viber = (channel == Channel.VIBER) & (luck < _VIBER_FAILURE)
    failure[viber] = np.where(kind[viber] < _NO_VIBER_SHARE, _VIBER_NO_USER, _VIBER_UNAVAILABLE)
    return failure


def _interest(
    scene: Scene, candidates: Candidates, sent_at: Ints, variant: Array
) -> tuple[Ints, Ints, Ints]:
    """When recipients would open, click and leave, NEVER where they would not."""
    plan, customers, rng = scene.plan, scene.customers, scene.rng
    mailing, customer = candidates.mailing, candidates.customer
    count = len(mailing)
    # Variants of a test differ: each next one does a little better or worse, by mailing.
    step = uniform(0, "variant effect", plan["ids"][mailing]) * 0.24 - 0.10
    factor = customers.curiosity[customer] * (1 + step * (variant.astype(np.int64) - 1))
    opens = np.minimum(plan["opened"][mailing] * factor, 0.92)
    proxied = customers.email_domain[customer] == _PRIVACY_PROXY
    proxied &= plan["channel"][mailing] == Channel.EMAIL
    machine = proxied & happens(rng, _MACHINE_OPEN, count)
    opened = happens(rng, opens, count) | machine
    delay = rng.lognormal(np.log(130), 1.9, count) * MINUTE
    delay = np.where(machine, rng.random(count) * 9 * SECOND, delay).astype(np.int64)
    opened_at = np.where(opened, sent_at + 2 * SECOND + delay, NEVER)

    blind = ~opened | machine
    clicks = np.where(
        blind, plan["clicked_blind"][mailing] * factor, plan["clicked_opened"][mailing]
    )
    reading = (rng.lognormal(np.log(35), 1.2, count) * SECOND).astype(np.int64) + SECOND
    seen_later = sent_at + (rng.lognormal(np.log(95), 1.8, count) * MINUTE).astype(np.int64)
    seen_at = np.where(blind, seen_later, opened_at)
    clicked_at = np.where(happens(rng, clicks, count), seen_at + reading, NEVER)
    leaves = happens(rng, np.where(opened, _UNSUBSCRIBE_OPENED, _UNSUBSCRIBE_BLIND), count)
    return opened_at, clicked_at, np.where(leaves, seen_at + 2 * reading, NEVER)


def _mark_first(column: Ints, customer: Array, at: Ints, where: Bools) -> None:
    np.minimum.at(column, customer[where], at[where])


def _statuses(scene: Scene, sending: _Sending, reason: Array, sent: Bools) -> Statuses:
    """All statuses of the messages, some of them after the world's end."""
    rng, until = scene.rng, scene.settings.until_ms
    rows = np.arange(len(sending.at), dtype=np.int32)
    arrived = sent & (sending.failure == 0)
    waited = sending.sent_at - sending.at > _NOTICEABLE_WAIT
    queued = rows[(reason == 0) & (waited | ~sent)]
    refused = rows[reason > 0]
    failed = rows[sent & ~arrived]
    opened = rows[arrived & (sending.opened_at < NEVER)]
    clicked = rows[arrived & (sending.clicked_at < NEVER)]
    left = rows[arrived & (sending.left_at < NEVER)]
    # Every message has a status before the end, be it in the last millisecond.
    refused_at = np.minimum(sending.at[refused] + 150, until - 1)
    failed_at = sending.sent_at[failed] + rng.integers(SECOND, 6 * HOUR, len(failed))
    return Statuses.join(
        [
            _kind(Status.IN_QUEUE, queued, sending.at[queued]),
            _kind(Status.SENT, rows[sent], sending.sent_at[sent]),
            _kind(Status.NOT_SENT, refused, refused_at),
            _kind(Status.NOT_DELIVERED, failed, failed_at),
            _kind(Status.OPENED, opened, sending.opened_at[opened]),
            _again(rng, Status.OPENED, opened, sending.opened_at[opened], 0.32),
            _kind(Status.CLICKED, clicked, sending.clicked_at[clicked], rng),
            _again(rng, Status.CLICKED, clicked, sending.clicked_at[clicked], 0.21),
            _kind(Status.UNSUBSCRIBE, left, sending.left_at[left]),
        ]
    )


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


def _lifted_orders(scene: Scene, sending: _Sending, arrived: Bools) -> tuple[Array, Ints]:
    """Orders that would not have been made without the message: after the click, or the receipt."""
    plan, rng = scene.plan, scene.rng
    mailing = sending.mailing
    # Somebody who never buys is hard to move, a frequent buyer is moved more easily.
    eagerness = scene.customers.eagerness[sending.customer]
    ease = np.clip(0.3 + 0.7 * eagerness / ORDERS_PER_DAY, 0.3, 2.5)
    by_click = happens(rng, plan["click_lift"][mailing] * ease, len(mailing))
    by_receipt = happens(rng, plan["receipt_lift"][mailing] * ease, len(mailing))

    click = np.flatnonzero(arrived & (sending.clicked_at < NEVER) & by_click)
    soon = happens(rng, 0.6, len(click))
    minutes = np.where(
        soon, rng.gamma(2.0, 14, len(click)), rng.exponential(2.2 * DAY / MINUTE, len(click))
    )
    after_click = sending.clicked_at[click] + ((1 + minutes) * MINUTE).astype(np.int64)
    receipt = np.flatnonzero(arrived & by_receipt)
    days = rng.exponential(1.6, len(receipt))
    after_receipt = sending.sent_at[receipt] + ((0.04 + days) * DAY).astype(np.int64)
    return np.concatenate([click, receipt]), np.concatenate([after_click, after_receipt])
