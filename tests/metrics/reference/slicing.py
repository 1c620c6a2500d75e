"""Slices: which there are, which facts have them, and what a fact says of one."""

from collections.abc import Iterable

from tests.metrics.reference.facts import Fact, Words
from tests.metrics.reference.letters import Letters
from tests.metrics.reference.people import People
from tests.metrics.reference.words import UNKNOWN

OF_MAILINGS = frozenset(
    (
        *("mailing", "mailing_channel", "mailing_type", "mailing_variant", "mailing_folder"),
        *("mailing_topic", "mailing_tag", "mailing_source", "mailing_utm_campaign"),
        *(
            "mailing_subject",
            "send_slot",
            "send_hour",
            "send_weekday",
            "customer_send_hour",
            "customer_send_weekday",
        ),
        *("pressure_band", "failure_reason", "link", "channel_group"),
    )
)
OF_MODELS = frozenset({"attribution_model"})
OF_LINES = frozenset(
    (
        *("product", "category", "category_level_1", "category_level_2", "category_level_3"),
        *("product_brand", "price_band", "abc_class", "order_status"),
    )
)
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
OF_TIME = frozenset({"hour", "weekday"})
OF_BEHAVIOUR = frozenset(
    (
        *("lifecycle_stage", "rfm_segment", "reachable_set", "subscription_state"),
        *("engagement_band", "customer_segment"),
    )
)
NOT_OF_CUSTOMERS = OF_MAILINGS | OF_MODELS | OF_LINES | OF_ORDERS | OF_VISITS | OF_TIME


class Slicing:
    """Tells what a fact says of a slice."""

    def __init__(self, people: People, letters: Letters) -> None:
        self._people, self._mailings = people, letters.mailings

    def words(self, fact: Fact, name: str) -> tuple[str, ...]:
        """All words of a slice; the word for "not given" where the fact has none."""
        found = fact.slices.get(name)
        if found is None:
            found = self._mailings[fact.mailing].get(name)
        if found is None:
            found = self._of_person(fact, name)
        return several(found)

    def _of_person(self, fact: Fact, name: str) -> Words:
        if fact.person is None:
            return UNKNOWN
        person = self._people[fact.person]
        return person.slices.get(name) or person.late.get(name) or UNKNOWN


def several(words: Words) -> tuple[str, ...]:
    """One word or many, as many; the word for "not given" instead of none."""
    if isinstance(words, str):
        return (words,)
    return words or (UNKNOWN,)


def all_in(kinds: Iterable[str], slices: frozenset[str]) -> frozenset[str]:
    """Those of the slices that are of a kind."""
    return frozenset(kinds) & slices
