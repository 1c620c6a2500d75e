"""What is known of everybody on the last day: how they came, what they bought, how they stand."""

from collections.abc import Iterable
from datetime import date

from tests.metrics.reference.facts import Words
from tests.metrics.reference.people import Person
from tests.metrics.reference.purchases import Order, Purchases
from tests.metrics.reference.states import States
from tests.metrics.reference.words import ALL_BRANDS, NO_ORDERS, OFFLINE, ONLINE, UNKNOWN

BEFORE_HISTORY = "До начала истории"
BOTH = "Омниканальный"


def of_person(
    person: Person, purchases: Purchases, states: States, horizon: date
) -> dict[str, Words]:
    """Slices of a person that have but today's reading, and today's reading of the others."""
    history = purchases.histories.get(person.number, [])
    life = states.lives[ALL_BRANDS][person.number]
    state = life.at(horizon)
    registered = states.registered(person.number)
    now: dict[str, Words] = dict(person.slices)
    if state is not None:
        now |= state.slices
    return {
        **{f"{name}_now": words for name, words in now.items()},
        "customer_segments_now": now.get("customer_segment", ()),
        "cohort_month": f"{history[0].day:%Y-%m}" if history else NO_ORDERS,
        "registration_month": f"{registered.day:%Y-%m}" if registered else BEFORE_HISTORY,
        "acq_channel": registered.point if registered else UNKNOWN,
        "contact_origin": registered.kind if registered else UNKNOWN,
        "buyer_channel_type": _channel_type(history),
        **_first_goods(history),
    }


def _channel_type(history: list[Order]) -> str:
    online = any(order.is_online for order in history)
    offline = any(order.is_offline for order in history)
    if online and offline:
        return BOTH
    if online or offline:
        return ONLINE if online else OFFLINE
    return NO_ORDERS


def _first_goods(history: list[Order]) -> dict[str, Words]:
    """What was in the first order, and what promoted it."""
    if not history:
        return {"first_promo": ()}
    lines = [line for line in history[0].lines if line.in_goal and line.product]
    return {
        "first_product": _words(line.slices["product"] for line in lines),
        "first_category": _words(line.slices["category"] for line in lines),
        "first_product_brand": _words(line.slices["product_brand"] for line in lines),
        "first_promo": history[0].slices["promotion"],
    }


def _words(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(found)))
