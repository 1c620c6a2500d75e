"""Slices: which there are, which facts have them, and what a fact says of one."""

from dataclasses import dataclass
from datetime import date, timedelta

from tests.metrics.reference.facts import Fact, Words
from tests.metrics.reference.letters import Letters
from tests.metrics.reference.people import People
from tests.metrics.reference.rfm import NO_SCORE
from tests.metrics.reference.states import States
from tests.metrics.reference.taking_part import TakingPart
from tests.metrics.reference.words import ALL_BRANDS, UNKNOWN, WINDOW_DAYS

OF_TIME = frozenset({"hour", "weekday"})
BRAND = frozenset({"brand"})
OF_MAILINGS = frozenset(
    (
        *("mailing", "mailing_channel", "mailing_type", "mailing_variant", "mailing_folder"),
        *("mailing_topic", "mailing_tag", "mailing_source", "mailing_utm_campaign"),
        *("mailing_subject", "send_slot"),
        *("customer_send_hour", "customer_send_weekday", "pressure_band", "failure_reason"),
        *("link", "channel_group"),
    )
)
OF_SENDING = frozenset(
    (
        *("mailing_source", "mailing_subject", "send_slot"),
        *("customer_send_hour", "customer_send_weekday", "pressure_band", "failure_reason"),
        *("link", "channel_group"),
    )
)
"""Slices that a single message has and its mailing has not."""
OF_MODELS = frozenset({"attribution_model"})
OF_GOODS = frozenset(
    (
        *("product", "category", "category_level_1", "category_level_2", "category_level_3"),
        *("product_brand", "price_band", "abc_class"),
    )
)
OF_LINES = OF_GOODS | {"order_status"}
OF_ORDERS = frozenset(
    (
        *("order_channel", "store", "order_seq_group", "order_value_band", "payment_type"),
        *("promotion", "contact_point_type"),
    )
)
OF_VISITS = frozenset(
    (
        *("traffic_source", "platform"),
        *("visit_utm_source", "visit_utm_medium", "visit_utm_campaign"),
    )
)
OF_PEOPLE = frozenset(("gender", "age_band", "region", "customer_timezone", "email_domain_group"))
OF_BEHAVIOUR = frozenset(
    (
        *("lifecycle_stage", "rfm_segment", "reachable_set", "subscription_state"),
        *("engagement_band", "customer_segment"),
    )
)
OF_TODAY = frozenset(
    f"{name}_now" for name in (OF_PEOPLE | OF_BEHAVIOUR) - {"customer_segment"}
) | {
    "customer_segments_now",
    *("cohort_month", "registration_month", "acq_channel", "contact_origin"),
    *("last_order_channel", "last_store", "nps_group"),
    *("rfm_recency_score_now", "rfm_frequency_score_now", "rfm_monetary_score_now"),
    *("buyer_channel_type", "first_product", "first_category", "first_product_brand"),
    "first_promo",
}
AT_START = frozenset({"rfm_segment_at_start"})
OF_CUSTOMERS = OF_PEOPLE | OF_BEHAVIOUR | OF_TODAY
OF_CHANNELS = frozenset({"mailing_channel"})
OF_LOSSES = frozenset({"loss_reason"})
OF_TESTS = frozenset({"experiment", "experiment_arm", "experiment_group"})
OF_HOLDOUT = frozenset({"holdout_arm"})
OF_TRIALS = OF_TESTS - {"experiment_arm"} | OF_HOLDOUT
"""Experiments as the slices of whatever their participants do."""
OF_AGE = frozenset({"maturity"})
OF_FIRST_ORDER = frozenset({"order_seq_group"})
"""The slice of its order that a visit has."""
OF_SEGMENTS = frozenset({"segmentation", "customer_segment"})

_COMMON = OF_TIME | BRAND | OF_CUSTOMERS | AT_START | OF_TRIALS | OF_AGE
_LETTERS = _COMMON | OF_MAILINGS - {"channel_group"}
_ORDERS = _COMMON | OF_ORDERS | OF_LINES | OF_MAILINGS | OF_MODELS | OF_VISITS
_VISITS = _COMMON | OF_MAILINGS - {"channel_group"} | OF_VISITS | OF_GOODS | OF_FIRST_ORDER
_STATES = BRAND | OF_CUSTOMERS | AT_START
KNOWN = {
    **dict.fromkeys(("messages", "opens", "clicks", "leavings", "all_clicks"), _LETTERS),
    "complaints": _LETTERS - {"hour"} - OF_TRIALS,
    **dict.fromkeys(("orders", "previous_orders", "credits", "credits_by_order"), _ORDERS),
    "strays": _COMMON | OF_VISITS | OF_FIRST_ORDER,
    "paths": _COMMON | OF_ORDERS | OF_LINES | OF_MAILINGS - {"channel_group"} | OF_VISITS,
    **dict.fromkeys(("visits", "steps"), _VISITS),
    "life": _COMMON - {"hour"} | OF_CHANNELS | OF_LOSSES,
    **dict.fromkeys(("closing", "opening"), _STATES),
    **dict.fromkeys(("reach", "opening_reach"), _STATES | OF_CHANNELS),
    "participants": BRAND | OF_CUSTOMERS | OF_MAILINGS - OF_SENDING | OF_TESTS,
    "holdouts": OF_CUSTOMERS | OF_HOLDOUT,
    **dict.fromkeys(("members", "entries", "exits"), OF_TODAY | OF_SEGMENTS),
}
"""Slices that can be asked of the facts of a source."""
EVERY_SLICE = frozenset(name for names in KNOWN.values() for name in names)
NOT_OF_CUSTOMERS = EVERY_SLICE - OF_CUSTOMERS - BRAND - AT_START


OF_WHOLE_PEOPLE = frozenset({"closing", "opening"})
"""Sources of what is true of people as a whole, and of none of their channels."""


def applies(source: str, name: str, asked: frozenset[str]) -> bool:
    """Whether a slice can be asked of a source, beside the other slices asked for.

    Where channels are asked for, states are those of channels: of people they know today alone.
    """
    if source in ("reach", "opening_reach") and asked & OF_CHANNELS:
        return name in BRAND | OF_TODAY | OF_CHANNELS
    return name in KNOWN[source]


@dataclass(frozen=True)
class Opening:
    """When a bucket opens, and whether brands are told apart."""

    day: date
    in_brand: bool


class Slicing:
    """Tells what a fact says of a slice."""

    def __init__(
        self,
        people: People,
        letters: Letters,
        states: States,
        taking_part: TakingPart,
        *,
        horizon: date,
    ) -> None:
        self._people, self._mailings, self._states = people, letters.mailings, states
        self._taking_part, self._horizon = taking_part, horizon

    def words(
        self, fact: Fact, name: str, basis: str = "event", opening: Opening | None = None
    ) -> tuple[str, ...]:
        """All words of a slice; the word for "not given" where the fact has none.

        Hours and weekdays are those of the date that counts: of the message on the send basis.
        What somebody was at the start, the bucket's day before tells.
        """
        found = None
        if name in AT_START and opening is not None:
            return (self._at_start(fact, opening),)
        if name in OF_AGE:
            return (self._age(fact),)
        if basis == "send" and name in OF_TIME:
            found = fact.slices.get(f"send_{name}")
        if found is None:
            found = fact.slices.get(name)
        if found is None and name in OF_TRIALS:
            found = self._taking_part.words(fact, name)
        if found is None:
            found = self._mailings[fact.mailing].get(name)
        if found is None:
            found = self._of_person(fact, name)
        return several(found)

    def _of_person(self, fact: Fact, name: str) -> Words:
        if name in OF_BEHAVIOUR:
            return self._of_behaviour(fact, name)
        if fact.person is None:
            return UNKNOWN
        person = self._people[fact.person]
        return person.slices.get(name) or person.late.get(name) or UNKNOWN

    def _age(self, fact: Fact) -> str:
        is_mature = fact.sent_on + timedelta(days=WINDOW_DAYS) <= self._horizon
        return "Созрело" if is_mature else "Ещё не созрело"

    def _at_start(self, fact: Fact, opening: Opening) -> str:
        if fact.person is None:
            return NO_SCORE
        brand = self.words(fact, "brand")[0] if opening.in_brand else ALL_BRANDS
        state = self._states.at(fact.person, brand, opening.day)
        return NO_SCORE if state is None else str(state.slices["rfm_segment"])

    def _of_behaviour(self, fact: Fact, name: str) -> Words:
        """At the end of the day before: what a message or an order does is not its cause."""
        before = fact.sent_on - timedelta(days=1)
        if fact.person is not None:
            state = self._states.at(fact.person, ALL_BRANDS, before)
            if state is not None:
                return state.slices[name]
        return NO_SCORE if name == "rfm_segment" else UNKNOWN


def several(words: Words) -> tuple[str, ...]:
    """One word or many, as many; the word for "not given" instead of none."""
    if isinstance(words, str):
        return (words,)
    return words or (UNKNOWN,)
