"""What is known of everybody on the last day: how they came, what they bought, how they stand."""

from collections.abc import Iterable, Mapping
from datetime import date

from sandbox.mindbox.world import World
from sandbox.mindbox.world.actions import NO_SCORE as NO_ANSWER
from sandbox.mindbox.world.actions import Template
from tests.metrics.reference.facts import Words
from tests.metrics.reference.people import People, Person
from tests.metrics.reference.purchases import Order, Purchases
from tests.metrics.reference.rfm import NO_SCORE, Rfm, Scores
from tests.metrics.reference.states import States
from tests.metrics.reference.words import ALL_BRANDS, NO_ORDERS, OFFLINE, ONLINE, UNKNOWN

BEFORE_HISTORY = "До начала истории"
BOTH = "Омниканальный"
PASSIVES_FROM, PROMOTERS_FROM = 7, 9


def of_person(
    person: Person,
    purchases: Purchases,
    states: States,
    *,
    rfm: Rfm,
    given: Mapping[int, int],
    horizon: date,
) -> dict[str, Words]:
    """Slices of a person that have but today's reading, and today's reading of the others.

    `given` holds everybody's last score in a survey.
    """
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
        **_last_place(history),
        **_scores(rfm.scores(person.number, ALL_BRANDS, horizon)),
        "nps_group": _nps_group(given.get(person.number)),
    }


def last_scores(world: World, people: People) -> dict[int, int]:
    """The last score that everybody gave in a survey, by person."""
    actions, found = world.actions, dict[int, tuple[int, str, int]]()
    for n in range(len(actions)):
        score, person = int(actions.score[n]), people.of(int(actions.customer[n]))
        if (
            int(actions.template[n]) == Template.ANSWER
            and score != NO_ANSWER
            and person is not None
        ):
            answer = int(actions.at[n]), str(int(actions.action_id[n])), score
            found[person] = max(found.get(person, answer), answer)
    return {person: score for person, (_, _, score) in found.items()}


def _nps_group(score: int | None) -> str:
    if score is None:
        return "Нет оценки"
    if score >= PROMOTERS_FROM:
        return "Промоутеры (9–10)"
    return "Нейтральные (7–8)" if score >= PASSIVES_FROM else "Критики (0–6)"


def _scores(scores: Scores | None) -> dict[str, Words]:
    words = (NO_SCORE,) * 3 if scores is None else tuple(map(str, scores))
    names = ("recency", "frequency", "monetary")
    return {f"rfm_{name}_score_now": word for name, word in zip(names, words, strict=True)}


def _last_place(history: list[Order]) -> dict[str, Words]:
    """Where the last order was made."""
    if not history:
        return {"last_order_channel": UNKNOWN, "last_store": UNKNOWN}
    last = history[-1].slices
    return {"last_order_channel": last["order_channel"], "last_store": last["store"]}


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
