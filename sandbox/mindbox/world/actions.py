"""Actions of customers: the tables, the templates, and how the parts of a block become one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sandbox.mindbox.world.arrays import Array, Columns
from sandbox.mindbox.world.traffic import NO_AD
from sandbox.mindbox.world.vocabulary import ORDER_CHANNELS

if TYPE_CHECKING:
    from sandbox.mindbox.world.arrays import Bools, Ints

NO_CONTACT = 255
NO_SCORE = 255
FIRST_SOURCE = len(ORDER_CHANNELS)
"""`Actions.contact` of a visit is this number plus its Source."""


class Template(IntEnum):
    """Template of an action; `TEMPLATES` are the API's spellings."""

    SITE_VISIT = 0
    APP_LAUNCH = 1
    CATEGORY_VIEW = 2
    PRODUCT_VIEW = 3
    CART_ADD = 4
    CART_REMOVE = 5
    CART_SET = 6
    CART_CLEAR = 7
    CHECKOUT_START = 8
    REGISTRATION = 9
    SUBSCRIBED_EMAIL = 10
    SUBSCRIBED_SMS = 11
    SUBSCRIBED_MOBILE_PUSH = 12
    SUBSCRIBED_WEB_PUSH = 13
    SUBSCRIBED_VIBER = 14
    LEFT_EMAIL = 15
    LEFT_SMS = 16
    LEFT_MOBILE_PUSH = 17
    LEFT_WEB_PUSH = 18
    LEFT_VIBER = 19
    EMAIL_INVALID = 20
    PHONE_INVALID = 21
    EMAIL_VALID = 22
    PHONE_VALID = 23
    POINTS = 24
    ANSWER = 25
    EDITED = 26


class TemplateName(NamedTuple):
    """How a project calls a template of actions."""

    system_name: str
    name: str


TEMPLATES = (
    TemplateName("PerekhodNaSajt", "Переход на сайт"),
    TemplateName("ZapuskPrilozheniya", "Запуск приложения"),
    TemplateName("ProsmotrKategorii", "Просмотр категории"),
    TemplateName("ProsmotrProdukta", "Просмотр продукта"),
    TemplateName("DobavlenieProduktaVSpisok", "Добавление продукта в список"),
    TemplateName("UdalenieProduktaIzSpiska", "Удаление продукта из списка"),
    TemplateName("UstanovkaSpiskaProduktov", "Установка списка продуктов"),
    TemplateName("OchistkaSpiskaProduktov", "Очистка списка продуктов"),
    TemplateName("NachaloOformleniya", "Начало оформления заказа"),
    TemplateName("Registraciya", "Регистрация"),
    TemplateName("PodpiskaNaEmail", "Подписка на Email"),
    TemplateName("PodpiskaNaSms", "Подписка на SMS"),
    TemplateName("PodpiskaNaMobilePush", "Подписка на мобильные пуши"),
    TemplateName("PodpiskaNaWebPush", "Подписка на веб-пуши"),
    TemplateName("PodpiskaNaViber", "Подписка на Viber"),
    TemplateName("OtpiskaOtEmail", "Отписка от Email"),
    TemplateName("OtpiskaOtSms", "Отписка от SMS"),
    TemplateName("OtpiskaOtMobilePush", "Отписка от мобильных пушей"),
    TemplateName("OtpiskaOtWebPush", "Отписка от веб-пушей"),
    TemplateName("OtpiskaOtViber", "Отписка от Viber"),
    TemplateName("EmailNevaliden", "Email невалиден"),
    TemplateName("TelefonNevaliden", "Телефон невалиден"),
    TemplateName("EmailValiden", "Email валиден"),
    TemplateName("TelefonValiden", "Телефон валиден"),
    TemplateName("IzmenenieBallov", "Изменение баллов"),
    TemplateName("OtvetNaOpros", "Ответ на опрос"),
    TemplateName("RedaktirovanieKlienta", "Редактирование клиента"),
)
"""The last one is of no interest to the project: its settings do not name it."""
TRACKED = tuple(range(Template.SITE_VISIT, Template.CHECKOUT_START + 1))
"""Templates that the tracker of the site and the application records."""


@dataclass(frozen=True)
class Actions(Columns):
    """Actions of customers in order of their creation in Mindbox.

    Attributes:
        action_id: the API's id; larger for later creation.
        template: Template.
        customer: index of the customer of that time.
        brand: index in vocabulary.BRANDS.
        at: ms UTC at which it happened.
        created_at: ms UTC at which Mindbox processed it; never before `at`, and long after it
            where a visitor was recognised later.
        contact: point of contact: index in vocabulary.ORDER_CHANNELS, or FIRST_SOURCE plus the
            Source of a visit; NO_CONTACT where the API tells none.
        mailing: position of the mailing whose UTM marks a visit carries, -1 for none.
        ad: index in traffic.ADS whose UTM marks a visit carries, NO_AD for none.
        category: position of the viewed category, -1 for none.
        order: position of the order that points or an answer belong to, -1 for none.
        movement: position of the movement of points, -1 for none.
        score: answer to the survey from 0 to 10, NO_SCORE for none.
        first_item: position of its first item; items run up to the next action's.
        item_count: products that it names.
    """

    action_id: Ints
    template: Array
    customer: Array
    brand: Array
    at: Ints
    created_at: Ints
    contact: Array
    mailing: Array
    ad: Array
    category: Array
    order: Array
    movement: Array
    score: Array
    first_item: Array
    item_count: Array

    @classmethod
    def of(cls, template: Template | Array, **known: Array) -> Actions:
        """Actions with the columns that are told, and nothing in the others.

        `customer`, `brand`, `at` and `contact` must be told; `created_at` is `at` unless told.
        """
        count = len(known["at"])
        nothing: dict[str, Array] = {
            "action_id": np.zeros(count, np.int64),
            "template": np.broadcast_to(np.asarray(template, np.uint8), count),
            "created_at": known["at"],
            "mailing": np.full(count, -1, np.int32),
            "ad": np.full(count, NO_AD, np.uint8),
            "category": np.full(count, -1, np.int16),
            "order": np.full(count, -1, np.int32),
            "movement": np.full(count, -1, np.int32),
            "score": np.full(count, NO_SCORE, np.uint8),
            "first_item": np.zeros(count, np.int32),
            "item_count": np.zeros(count, np.uint8),
        }
        columns = nothing | known
        sizes = {"customer": np.int32, "brand": np.uint8, "contact": np.uint8}
        for name, size in sizes.items():
            columns[name] = np.broadcast_to(np.asarray(columns[name]).astype(size), count)
        return cls(**columns)


@dataclass(frozen=True)
class Items(Columns):
    """Products that actions name, action by action.

    Attributes:
        action: position of the action.
        product: position in the catalogue.
        quantity_milli: thousandths of a piece or kilogram in the cart; 0 for a view.
        price: of one unit on the site at that moment, in kopecks.
    """

    action: Array
    product: Array
    quantity_milli: Array
    price: Array


def only(actions: Actions, items: Items, kept: Bools) -> tuple[Actions, Items]:
    """The actions kept, with their items."""
    place = (np.cumsum(kept) - 1).astype(np.int32)
    items = items.take(kept[items.action])
    return actions.take(kept), replace(items, action=place[items.action])


def counted(actions: Actions, items: Items) -> tuple[Actions, Items]:
    """Put items in order of their actions, and tell each action where its own stand."""
    items = items.take(np.argsort(items.action, kind="stable"))
    count = np.bincount(items.action, minlength=len(actions))
    first = np.cumsum(count) - count
    return (
        replace(actions, item_count=count.astype(np.uint8), first_item=first.astype(np.int32)),
        items,
    )
