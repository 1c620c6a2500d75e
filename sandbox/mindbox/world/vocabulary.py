"""Words of the world, all invented or generic, and in Russian where the shop would write Russian.

Shares of regions follow population (Rosstat, 2024, rounded); shares of mailbox domains are those
usually met in Russian shops' bases (Mail.ru group, Yandex and Gmail hold some 90 %).
"""

from __future__ import annotations

from typing import NamedTuple


class Brand(NamedTuple):
    """A brand of the shop."""

    system_name: str
    name: str
    site: str
    weighed: bool
    """Sells by weight, so quantities may be fractional."""


class Region(NamedTuple):
    """A region of Russia with its time zone and relative population."""

    external_id: str
    name: str
    time_zone: str
    weight: float


class OrderChannel(NamedTuple):
    """Where an order is made."""

    external_id: str
    name: str
    weight: float
    anonymous: float
    """Share of its orders that carry no customer."""


class Category(NamedTuple):
    """A leaf of the category tree."""

    external_id: str
    word: str
    """First word of the names of its products."""
    name: str
    path: str
    margin: float
    """Share of the price that is not cost."""


BRANDS = (
    Brand("yasen", "Ясень Дом", "yasen-dom.example", weighed=False),
    Brand("severchay", "Северный чай", "severchay.example", weighed=True),
    Brand("polyana", "Лесная поляна", "polyana.example", weighed=False),
    Brand("rodnik", "Родник", "rodnik.example", weighed=False),
    Brand("zarnitsa", "Зарница", "zarnitsa.example", weighed=False),
)

REGIONS = (
    Region("77", "Москва", "Europe/Moscow", 13.1),
    Region("50", "Московская область", "Europe/Moscow", 8.6),
    Region("78", "Санкт-Петербург", "Europe/Moscow", 5.6),
    Region("23", "Краснодарский край", "Europe/Moscow", 5.8),
    Region("66", "Свердловская область", "Asia/Yekaterinburg", 4.2),
    Region("61", "Ростовская область", "Europe/Moscow", 4.2),
    Region("02", "Республика Башкортостан", "Asia/Yekaterinburg", 4.1),
    Region("16", "Республика Татарстан", "Europe/Moscow", 4.0),
    Region("72", "Тюменская область", "Asia/Yekaterinburg", 3.9),
    Region("74", "Челябинская область", "Asia/Yekaterinburg", 3.4),
    Region("52", "Нижегородская область", "Europe/Moscow", 3.1),
    Region("63", "Самарская область", "Europe/Samara", 3.1),
    Region("05", "Республика Дагестан", "Europe/Moscow", 3.2),
    Region("26", "Ставропольский край", "Europe/Moscow", 2.9),
    Region("24", "Красноярский край", "Asia/Krasnoyarsk", 2.8),
    Region("54", "Новосибирская область", "Asia/Novosibirsk", 2.8),
    Region("59", "Пермский край", "Asia/Yekaterinburg", 2.5),
    Region("42", "Кемеровская область", "Asia/Novokuznetsk", 2.5),
    Region("34", "Волгоградская область", "Europe/Volgograd", 2.4),
    Region("64", "Саратовская область", "Europe/Saratov", 2.4),
    Region("38", "Иркутская область", "Asia/Irkutsk", 2.3),
    Region("36", "Воронежская область", "Europe/Moscow", 2.3),
    Region("22", "Алтайский край", "Asia/Barnaul", 2.1),
    Region("56", "Оренбургская область", "Asia/Yekaterinburg", 1.8),
    Region("47", "Ленинградская область", "Europe/Moscow", 2.0),
    Region("55", "Омская область", "Asia/Omsk", 1.8),
    Region("25", "Приморский край", "Asia/Vladivostok", 1.8),
    Region("31", "Белгородская область", "Europe/Moscow", 1.5),
    Region("71", "Тульская область", "Europe/Moscow", 1.5),
    Region("18", "Удмуртская Республика", "Europe/Samara", 1.4),
    Region("27", "Хабаровский край", "Asia/Vladivostok", 1.3),
    Region("33", "Владимирская область", "Europe/Moscow", 1.3),
    Region("76", "Ярославская область", "Europe/Moscow", 1.2),
    Region("39", "Калининградская область", "Europe/Kaliningrad", 1.0),
    Region("14", "Республика Саха (Якутия)", "Asia/Yakutsk", 1.0),
    Region("41", "Камчатский край", "Asia/Kamchatka", 0.3),
)

EMAIL_DOMAINS = (
    ("mail.ru", 27.0),
    ("yandex.ru", 25.0),
    ("gmail.com", 25.0),
    ("bk.ru", 3.5),
    ("list.ru", 3.0),
    ("inbox.ru", 2.5),
    ("ya.ru", 2.5),
    ("icloud.com", 4.0),
    ("rambler.ru", 2.5),
    ("outlook.com", 1.0),
    ("zavod-urala.example", 1.5),
    ("stroyinvest.example", 1.5),
    ("litsey7.example", 1.0),
)

ORDER_CHANNELS = (
    OrderChannel("site", "Сайт", 0.52, anonymous=0.05),
    OrderChannel("app", "Мобильное приложение", 0.23, anonymous=0.0),
    OrderChannel("shop-tverskaya", "Магазин на Тверской", 0.11, anonymous=0.12),
    OrderChannel("shop-nevsky", "Магазин на Невском", 0.08, anonymous=0.12),
    OrderChannel("call-centre", "Контакт-центр", 0.06, anonymous=0.02),
)
SITE, APP = 0, 1
ONLINE_CHANNELS = (SITE, APP)
"""Positions of the channels in which customers leave a trace of what they look at."""

MALE_NAMES = (
    *("Александр", "Дмитрий", "Максим", "Сергей", "Андрей", "Алексей", "Артём", "Илья", "Кирилл"),
    *("Михаил", "Никита", "Матвей", "Роман", "Егор", "Арсений", "Иван", "Денис", "Тимур"),
)
FEMALE_NAMES = (
    *("Анастасия", "Мария", "Анна", "Екатерина", "Наталья", "Юлия", "Ольга", "Дарья", "Ирина"),
    *("Елена", "Татьяна", "Светлана", "Полина", "Виктория", "Ксения", "Алина", "Марина", "Гузель"),
)
MIDDLE_NAME_STEMS = ("Александров", "Сергеев", "Андреев", "Иванов", "Петров", "Олегов", "Рустамов")
LAST_NAME_STEMS = (
    *("Смирнов", "Иванов", "Кузнецов", "Соколов", "Попов", "Лебедев", "Козлов", "Новиков"),
    *("Морозов", "Волков", "Соловьёв", "Васильев", "Зайцев", "Павлов", "Семёнов", "Голубев"),
    *("Виноградов", "Богданов", "Воробьёв", "Фёдоров", "Михайлов", "Беляев", "Тарасов", "Белов"),
)

PRODUCT_WORDS = {
    False: (
        ("Плед", "Кружка", "Подушка", "Ваза", "Скатерть", "Полка", "Светильник", "Корзина"),
        ("шерстяной набор", "«Берёза»", "«Ясень»", "«Север»", "«Лён»", "«Сканди»", "«Облако»"),
        ("белый", "серый", "терракотовый", "зелёный", "синий", "песочный"),
    ),
    True: (
        ("Чай чёрный", "Чай зелёный", "Иван-чай", "Чай травяной", "Кофе в зёрнах", "Какао"),
        ("«Утро»", "«Карелия»", "«Таёжный сбор»", "«Ассам»", "«Белая ночь»", "«Поморский»"),
        ("весовой", "100 г", "250 г", "подарочный", "с чабрецом", "с морошкой"),
    ),
}

CATEGORIES = (
    Category("plaids", "Плед", "Пледы", "Дом/Текстиль/Пледы", 0.54),
    Category("mugs", "Кружка", "Кружки", "Дом/Посуда/Кружки", 0.50),
    Category("cushions", "Подушка", "Подушки", "Дом/Текстиль/Подушки", 0.52),
    Category("vases", "Ваза", "Вазы", "Дом/Декор/Вазы", 0.58),
    Category("tablecloths", "Скатерть", "Скатерти", "Дом/Текстиль/Скатерти", 0.50),
    Category("shelves", "Полка", "Полки", "Дом/Мебель/Полки", 0.38),
    Category("lamps", "Светильник", "Светильники", "Свет/Светильники", 0.44),
    Category("baskets", "Корзина", "Корзины", "Дом/Хранение/Корзины", 0.48),
    Category("black-tea", "Чай чёрный", "Чёрный чай", "Чай и кофе/Чай/Чёрный чай", 0.46),
    Category("green-tea", "Чай зелёный", "Зелёный чай", "Чай и кофе/Чай/Зелёный чай", 0.48),
    Category("ivan-tea", "Иван-чай", "Иван-чай", "Чай и кофе/Чай/Иван-чай", 0.56),
    Category("herbal-tea", "Чай травяной", "Травяной чай", "Чай и кофе/Чай/Травяной чай", 0.52),
    Category(
        "coffee-beans", "Кофе в зёрнах", "Кофе в зёрнах", "Чай и кофе/Кофе/Кофе в зёрнах", 0.40
    ),
    Category("cocoa", "Какао", "Какао", "Чай и кофе/Какао", 0.42),
)
VENDORS = (
    *("Льняной двор", "Северная мануфактура", "Мастерская «Кедр»", "Поморские промыслы"),
    *(
        "Фабрика «Заря»",
        "Глиняный дом",
        "Сибирский сбор",
        "Чайная артель",
        "Дубрава",
        "Светлый цех",
    ),
)

TOPICS = (
    ("novosti", "Новости и акции"),
    ("podborki", "Подборки и советы"),
    ("servis", "Сервисные уведомления"),
)

CAMPAIGN_SUBJECTS = (
    *("Новая коллекция", "Скидки выходного дня", "Подборка недели", "Бесплатная доставка"),
    *("Хиты сезона", "Последний шанс", "Тайная распродажа", "Подарок к заказу"),
    *("Рецепты и идеи", "Мы соскучились", "Удвоенные баллы", "Только в приложении"),
)

SEASON_FOLDERS = (
    *("Зима", "Зима", "Весна", "Весна", "Весна", "Лето"),
    *("Лето", "Лето", "Осень", "Осень", "Осень", "Зима"),
)
