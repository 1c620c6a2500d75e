"""Who is credited with an order, by the wording of each model: every status is looked at."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from tests.dbt.build import SHIPPED_VARS
from tests.dbt.histories import EXCLUDED, GOAL, GRACE, MAILINGS, PROMO_CODES, Histories

WINDOW = timedelta(days=SHIPPED_VARS["attribution_window_days"])
CHANNEL_WINDOWS = {"Email": 5, "SMS": 1, "MobilePush": 1}
HALF_LIFE = timedelta(days=2)
BOT_CLICKS_WITHIN, MACHINE_OPENS_WITHIN = timedelta(seconds=3), timedelta(seconds=10)
MILLION = 1_000_000


class Touch(NamedTuple):
    """A moment at which a message reached a person; larger ones are later."""

    at: datetime
    message: int
    mailing: str


class Share(NamedTuple):
    """A part of an order, and the touch that earned it, None where the message is unknown."""

    touch: Touch | None
    mailing: str
    part: Fraction


class Credit(NamedTuple):
    """What a message has of an order."""

    model: str
    order: str
    mailing: str
    message: str
    weight: Decimal
    amount: Decimal


class PlainCredits:
    """Credits of all orders of the histories."""

    def __init__(self, histories: Histories, sms_touch: str, *, human_only: bool) -> None:
        self._histories = histories
        self._sms_touch, self._human_only = sms_touch, human_only
        self._visits = self._foreign_visits()
        self._sent = {
            each["message_id"]: each["status_at"]
            for each in histories.statuses
            if each["status"] == "Sent"
        }
        self._lost = {
            each["message_id"] for each in histories.statuses if each["status"] == "NotDelivered"
        }

    def all(self) -> set[Credit]:
        """Every credit by every model."""
        return {
            credit
            for order in self._histories.orders
            if order["lines"][0][-2] in GOAL
            for model, shares in self._shares(order).items()
            for credit in _divided(model, order, shares)
        }

    def last_non_direct(self, order: dict[str, Any], *, visits_break: bool = True) -> list[Touch]:
        """The last click, if it is in the window and no visit from elsewhere follows."""
        touches = self._touches(order)
        if not touches or order["ordered_at"] - touches[-1].at > WINDOW:
            return []
        broken = visits_break and any(
            person == self._histories.person(order["customer_key"])
            and brand == order["brand"]
            and touches[-1].at < at <= order["ordered_at"]
            for person, brand, at in self._visits
        )
        return [] if broken else touches[-1:]

    def _shares(self, order: dict[str, Any]) -> dict[str, list[Share]]:
        imported = self._imported(order)
        if order["customer_key"] == 0:
            return {"mb_imported": imported}
        clicks = _recent(self._touches(order), order)
        opened = _recent(self._reached(order, "Opened"), order)
        arrived = _recent(self._arrived(order), order)
        days = CHANNEL_WINDOWS
        fresh = [
            touch
            for touch in self._touches(order)
            if order["ordered_at"] - touch.at <= timedelta(days[MAILINGS[touch.mailing].channel])
        ]
        return {
            "mb_imported": imported,
            "mb_last_non_direct": _whole(self.last_non_direct(order)),
            "last_click": _whole(clicks[-1:]),
            "last_click_per_channel": _whole(fresh[-1:]),
            "last_open_or_click": _whole(sorted([*clicks, *opened])[-1:]),
            "last_delivery": _whole(arrived[-1:]),
            "first_touch": _whole(clicks[:1]),
            "linear": _parts(clicks, [Fraction(1)] * len(clicks)),
            "position_40_20_40": _parts(clicks, _positions(len(clicks))),
            "time_decay": _parts(clicks, [_decayed(order["ordered_at"] - x.at) for x in clicks]),
            "promo_code": _whole(self._redeemed(order)[-1:]),
        }

    def _touches(self, order: dict[str, Any]) -> list[Touch]:
        """Clicks before the order, and deliveries of SMS instead of theirs if they count."""
        touches = [
            touch
            for touch in self._reached(order, "Clicked")
            if MAILINGS[touch.mailing].channel != "SMS" or self._sms_touch == "click"
        ]
        if self._sms_touch == "delivery":
            touches += [
                touch for touch in self._arrived(order) if MAILINGS[touch.mailing].channel == "SMS"
            ]
        return sorted(touches)

    def _arrived(self, order: dict[str, Any]) -> list[Touch]:
        sent = self._reached(order, "Sent")
        return [touch for touch in sent if str(touch.message) not in self._lost]

    def _reached(self, order: dict[str, Any], status: str) -> list[Touch]:
        """Moments of a status that may earn the order; of opens the first of each message."""
        found = {
            Touch(each["status_at"], int(each["message_id"]), each["mailing_id"])
            for each in self._histories.statuses
            if each["status"] == status
            and self._may_earn(each, order)
            and not self._is_machine(each)
        }
        if status == "Opened":
            first = self._first_opens()
            found = {touch for touch in found if touch.at == first[touch.message]}
        return sorted(touch for touch in found if touch.at <= order["ordered_at"])

    def _may_earn(self, status: dict[str, Any], order: dict[str, Any]) -> bool:
        mailing = MAILINGS[status["mailing_id"]]
        whose = self._histories.person(status["customer_key"])
        return (
            mailing.kind != "transaction"
            and status["mailing_id"] != EXCLUDED
            and mailing.brand == order["brand"]
            and whose == self._histories.person(order["customer_key"])
        )

    def _is_machine(self, status: dict[str, Any]) -> bool:
        """Too quick for a person, where that is asked."""
        waited = status["status_at"] - self._sent[status["message_id"]]
        limits = {"Clicked": BOT_CLICKS_WITHIN, "Opened": MACHINE_OPENS_WITHIN}
        return self._human_only and waited < limits.get(status["status"], timedelta())

    def _first_opens(self) -> dict[int, datetime]:
        first: dict[int, datetime] = {}
        for each in self._histories.statuses:
            if each["status"] == "Opened":
                message = int(each["message_id"])
                first[message] = min(each["status_at"], first.get(message, each["status_at"]))
        return first

    def _redeemed(self, order: dict[str, Any]) -> list[Touch]:
        """Deliveries before the order of mailings that give out codes like the one it used."""
        used = [code for effect, *_, code, _ in order["promotions"] if effect != "issuedCoupon"]
        givers = {
            name
            for prefix, names in PROMO_CODES.items()
            if any(code.startswith(prefix) for code in used)
            for name in names
        }
        return [x for x in self._arrived(order) if f"mailing {x.mailing}" in givers]

    def _imported(self, order: dict[str, Any]) -> list[Share]:
        """The campaigns that the order names; of each the message clicked, or sent, last."""
        shares = []
        campaigns = sorted(each for each, *_ in order["attributed_campaigns"])
        for mailing in campaigns:
            mine = [
                each
                for each in self._histories.statuses
                if each["mailing_id"] == mailing
                and order["customer_key"] != 0
                and self._histories.person(each["customer_key"])
                == self._histories.person(order["customer_key"])
                and each["status_at"] <= order["ordered_at"]
            ]
            touch = None
            for status in ("Sent", "Clicked"):
                moments = [
                    Touch(each["status_at"], int(each["message_id"]), mailing)
                    for each in mine
                    if each["status"] == status
                ]
                touch = max(moments, default=touch)
            shares.append(Share(touch, mailing, Fraction(1, len(campaigns))))
        return shares

    def _foreign_visits(self) -> list[tuple[int, str, datetime]]:
        """Person, brand and moment of every visit that may take a credit away."""
        person = self._histories.person
        visits = [
            (person(action["customer_key"]), action["brand"], action["happened_at"])
            for action in self._histories.actions
            if action["template"] == "PerekhodNaSajt"
            and action["customer_key"] != 0
            and action["channel"] != "Direct"
            and not action["utm_campaign"]
        ]
        clicks = [
            (person(click["customer_key"]), click["brand"], click["status_at"])
            for click in self._histories.statuses
            if click["status"] == "Clicked"
        ]
        return [
            (visitor, brand, at)
            for visitor, brand, at in visits
            if not any(
                (visitor, brand) == (clicker, mailing_brand)
                and timedelta() <= at - clicked <= GRACE
                for clicker, mailing_brand, clicked in clicks
            )
        ]


def _recent(touches: Iterable[Touch], order: dict[str, Any]) -> list[Touch]:
    return [touch for touch in touches if order["ordered_at"] - touch.at <= WINDOW]


def _whole(touches: Sequence[Touch]) -> list[Share]:
    return _parts(touches, [Fraction(1)] * len(touches))


def _parts(touches: Sequence[Touch], parts: Sequence[Fraction]) -> list[Share]:
    whole = sum(parts, Fraction(0))
    return [
        Share(touch, touch.mailing, part / whole)
        for touch, part in zip(touches, parts, strict=True)
    ]


def _positions(count: int) -> list[Fraction]:
    if count <= 2:
        return [Fraction(1)] * count
    return [Fraction(2, 5), *[Fraction(1, 5) / (count - 2)] * (count - 2), Fraction(2, 5)]


def _decayed(age: timedelta) -> Fraction:
    return Fraction(0.5 ** (age / HALF_LIFE))


def _divided(model: str, order: dict[str, Any], shares: Sequence[Share]) -> list[Credit]:
    """Shares by message, rounded so that they add up: the last takes what rounding leaves."""
    if not shares:
        return []
    # Shares without a touch are in the order of their mailings, and rounded down.
    rounded = [
        round(share.part * MILLION)
        if share.touch and model != "mb_imported"
        else int(share.part * MILLION)
        for share in shares
    ]
    rounded[-1] += MILLION - sum(rounded)
    weights: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    last: dict[tuple[str, str], tuple[Any, ...]] = {}
    for share, millionths in zip(shares, rounded, strict=True):
        key = (share.mailing, str(share.touch.message) if share.touch else "")
        weights[key] += Decimal(millionths) / MILLION
        last[key] = (share.touch is not None, share.touch or (), share.mailing)
    total = order["lines"][0][-3]
    amounts = {
        key: (total * weight).quantize(Decimal("0.0001"), ROUND_DOWN)
        for key, weight in weights.items()
    }
    amounts[max(last, key=lambda key: last[key])] += total - sum(amounts.values())
    return [
        Credit(model, order["order_id"], mailing, message, weight, amounts[mailing, message])
        for (mailing, message), weight in weights.items()
        if weight
    ]
