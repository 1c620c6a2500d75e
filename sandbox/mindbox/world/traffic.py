"""Where visits come from: the source classes of Mindbox, and the shop's own advertising.

Source classes: Mindbox help, "Как определяется источник перехода на сайт". How often each of them
brings a customer who is known by name: see the table in the stand-in's README.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sandbox.mindbox.world.mailings import Channel

if TYPE_CHECKING:
    from sandbox.mindbox.world.arrays import Array

NO_AD = 255


class Source(IntEnum):
    """Class of a visit's source; `SOURCES` are the API's spellings."""

    DIRECT = 0
    ORGANIC_SEARCH = 1
    EMAIL = 2
    SOCIAL = 3
    PAID_SOCIAL = 4
    PAID_SEARCH = 5
    DISPLAY = 6
    OTHER_ADS = 7
    REFERRAL = 8


class SourceName(NamedTuple):
    """How the API names a class of sources, and its share of visits that no mailing began."""

    system_name: str
    name: str
    share: float


SOURCES = (
    SourceName("Direct", "Прямой переход", 0.34),
    SourceName("OrganicSearch", "Органический поиск", 0.31),
    SourceName("Email", "Email", 0.01),
    SourceName("Social", "Социальные сети", 0.04),
    SourceName("PaidSocial", "Реклама в социальных сетях", 0.035),
    SourceName("PaidSearch", "Поисковая реклама", 0.18),
    SourceName("Display", "Медийная реклама", 0.015),
    SourceName("OtherAds", "Другая реклама", 0.02),
    SourceName("Referral", "Переход с другого сайта", 0.05),
)


class Ad(NamedTuple):
    """An advertisement whose links carry UTM marks; none of them is a mailing of the shop."""

    source: Source
    utm_source: str
    utm_medium: str
    utm_campaign: str
    utm_content: str
    utm_term: str


ADS = (
    Ad(Source.PAID_SEARCH, "yandex", "cpc", "poisk_brend", "ad_11", "официальный сайт"),
    Ad(Source.PAID_SEARCH, "yandex", "cpc", "poisk_kategorii", "ad_12", "купить с доставкой"),
    Ad(Source.PAID_SEARCH, "google", "cpc", "search_generic", "ad_13", ""),
    Ad(Source.PAID_SOCIAL, "vk", "paid_social", "lookalike_pokupateli", "video_1", ""),
    Ad(Source.PAID_SOCIAL, "telegram", "paid_social", "kanaly_dom", "post_3", ""),
    Ad(Source.DISPLAY, "yandex", "display", "rsya_retargeting", "banner_240", ""),
    Ad(Source.OTHER_ADS, "blogger", "influence", "obzor_oseni", "", ""),
    Ad(Source.OTHER_ADS, "cashback", "cpa", "partner_77", "", ""),
    Ad(Source.EMAIL, "digest-partner", "email", "podborka_podarkov", "", ""),
)
_OF_SOURCE = tuple(
    np.array([n for n, ad in enumerate(ADS) if ad.source == source], np.uint8) for source in Source
)
_OF_CHANNEL = np.array([Source.EMAIL if c == Channel.EMAIL else Source.OTHER_ADS for c in Channel])


def draw(rng: np.random.Generator, count: int) -> tuple[Array, Array]:
    """Source and advertisement (NO_AD without one) of so many visits that no mailing began."""
    shares = np.cumsum([source.share for source in SOURCES])
    source = np.searchsorted(shares / shares[-1], rng.random(count), side="right").astype(np.uint8)
    ad = np.full(count, NO_AD, np.uint8)
    luck = rng.random(count)
    for number, ads in enumerate(_OF_SOURCE):
        if len(ads):
            mine = source == number
            ad[mine] = ads[(luck[mine] * len(ads)).astype(np.int64)]
    return source, ad


def of_mailings(channel: Array) -> Array:
    """Source class of visits by the links of mailings, by channel of the mailing.

    Mindbox knows no class of its own for SMS and push: their `utm_medium` makes them other ads.
    """
    return _OF_CHANNEL[channel].astype(np.uint8)
