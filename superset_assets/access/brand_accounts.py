"""ClickHouse accounts that see the rows of some brands alone.

A user of the users file with `cut_by_brand` is a family of accounts: itself, which sees no row of a
cut table; one for all brands; and one for every set of brands that a person has. The name of an
account says its brands, so whoever knows a person's brands knows the account; its password follows
from the family's, so none is stored.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

if TYPE_CHECKING:
    from collections.abc import Iterable

ANALYST_USER = "superset_analyst"
"""The family of accounts behind analysts' SQL."""
_ALL = "brands=all"
_BRAND = "brand"


def account_name(family: str, brands: Iterable[str] | None) -> str:
    """The account of a family for a set of brands.

    Args:
        family: User of the users file.
        brands: The brands; None for all of them; empty for the family's own, which sees none.
    """
    if brands is None:
        return f"{family}?{_ALL}"
    said = urlencode([(_BRAND, brand) for brand in sorted(set(brands))])
    return f"{family}?{said}" if said else family


def account_password(family_password: str, name: str) -> str:
    """The password of an account; the family's own is the family's password."""
    if "?" not in name:
        return family_password
    return hmac.new(family_password.encode(), name.encode(), hashlib.sha256).hexdigest()


def brands_of(name: str) -> tuple[str, tuple[str, ...] | None]:
    """The family and the brands that an account's name says; None for all brands.

    Raises:
        ValueError: no account is named so.
    """
    family, _, said = name.partition("?")
    brands: tuple[str, ...] | None = None
    if said != _ALL:
        brands = tuple(brand for _, brand in parse_qsl(said))
    # One name per set: what is not written as we write it is nobody.
    if account_name(family, brands) != name:
        raise ValueError(f"{name} does not say brands")
    return family, brands
