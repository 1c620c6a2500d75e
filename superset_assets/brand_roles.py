"""Whose brands a person sees: roles of brands, and the row-level rules that go with them.

A person has a role of `roles/` for what may be done, and roles of brands for whose rows. Without a
role of brands every dataset is empty: a Base rule closes it. The names below are the meeting place
of the tool, which makes roles and rules, and of what runs inside Superset, which reads roles.
"""

from collections.abc import Iterable

from superset_assets.semantics.intervals import ALL_BRANDS

ADMIN = "Admin"
ALL_BRANDS_ROLE = "Все бренды"
BRAND_ROLE_PREFIX = "Бренд: "


def brand_role(brand: str) -> str:
    """The role of one brand.

    Raises:
        ValueError: it is no brand of its own, which would open rows of all brands together; or it
            has signs that Superset's rules take for more than text.
    """
    if not brand.strip() or brand == ALL_BRANDS or set(brand) & set("{}\\"):
        raise ValueError(f"«{brand}» is no brand")
    return BRAND_ROLE_PREFIX + brand


def brands_of_roles(roles: Iterable[str]) -> tuple[str, ...] | None:
    """The brands that the roles of a person open; None for all."""
    names = set(roles)
    if names & {ADMIN, ALL_BRANDS_ROLE}:
        return None
    prefix = BRAND_ROLE_PREFIX
    return tuple(sorted(name.removeprefix(prefix) for name in names if name.startswith(prefix)))
