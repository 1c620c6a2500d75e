"""Who is who after all mergings, and what the customers' export tells of everybody."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta

from sandbox.mindbox.world import World, vocabulary
from sandbox.mindbox.world.customers import NO_BIRTH_DATE, NO_DOMAIN, NO_REGION
from tests.metrics.reference.facts import Words
from tests.metrics.reference.words import (
    AGES,
    DOMAINS,
    GENDERS,
    OTHER_DOMAIN,
    UNKNOWN,
)


@dataclass
class Person:
    """Somebody as known in the end, under the id that lives on.

    `accounts` are all ids that the person ever had, `slices` what never changes in an export that
    was taken once, `late` what is known of the person on the last day.
    """

    number: int
    accounts: list[int]
    slices: dict[str, str]
    has_email: bool
    has_phone: bool
    time_zone: str
    late: dict[str, Words] = field(default_factory=dict)


class People:
    """Everybody whom the shop knows."""

    def __init__(self, world: World) -> None:
        self._world = world
        count = len(world.customers)
        self._final = [self._end(customer) for customer in range(count)]
        accounts: dict[int, list[int]] = defaultdict(list)
        for customer, person in enumerate(self._final):
            accounts[person].append(customer)
        self._people = {number: self._person(number, ids) for number, ids in accounts.items()}

    def __getitem__(self, number: int) -> Person:
        return self._people[number]

    def everybody(self) -> list[Person]:
        """All of them in order of their number."""
        return [self._people[number] for number in sorted(self._people)]

    def of(self, customer: int) -> int | None:
        """The person of a customer of the world; None for -1, nobody."""
        return self._final[customer] if customer >= 0 else None

    def _end(self, customer: int) -> int:
        into = self._world.customers.merged_into
        while into[customer] >= 0:
            customer = int(into[customer])
        return customer

    def _person(self, number: int, accounts: list[int]) -> Person:
        customers = self._world.customers
        slices = {
            "gender": GENDERS.get(int(customers.sex[number]), UNKNOWN),
            "age_band": self._age(number),
            "region": UNKNOWN,
            "customer_timezone": UNKNOWN,
            "email_domain_group": UNKNOWN,
        }
        zone = ""
        region = int(customers.region[number])
        if region != NO_REGION:
            slices["region"] = vocabulary.REGIONS[region].name
            zone = vocabulary.REGIONS[region].time_zone
            slices["customer_timezone"] = zone
        domain = int(customers.email_domain[number])
        if domain != NO_DOMAIN:
            name, _ = vocabulary.EMAIL_DOMAINS[domain]
            slices["email_domain_group"] = DOMAINS.get(name, OTHER_DOMAIN)
        return Person(
            number=number,
            accounts=accounts,
            slices=slices,
            has_email=domain != NO_DOMAIN,
            has_phone=int(customers.phone[number]) > 0,
            time_zone=zone,
        )

    def _age(self, number: int) -> str:
        """Full years at the last change of the customer, in UTC, as the loader bands them."""
        born_after = int(self._world.customers.birth_date[number])
        if born_after <= NO_BIRTH_DATE:
            return UNKNOWN
        born = date(1970, 1, 1) + timedelta(days=born_after)
        changed = date(1970, 1, 1) + timedelta(
            milliseconds=int(self._world.customers.changed_at[number])
        )
        years = changed.year - born.year - ((changed.month, changed.day) < (born.month, born.day))
        return next(name for limit, name in AGES if years < limit)
