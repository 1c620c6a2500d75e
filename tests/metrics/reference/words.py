"""The words that people read, and the settings of the shop: told again here, not read from dbt."""

from datetime import timedelta
from decimal import Decimal

from sandbox.mindbox.world.mailings import Channel

Value = Decimal | None

UNKNOWN = "Не указано"
NO_ORDERS = "Без покупок"
ALL_BRANDS = "Все бренды"
DELIVERY = "Доставка"

DAY_MS = 24 * 60 * 60 * 1000
GOAL = {"CheckedOut", "Paid", "Delivered"}
WINDOW_DAYS = 7
GRACE_MS = 300_000
AT_RISK_DAYS, CHURN_DAYS = 120, 255
SESSION_MS = 30 * 60 * 1000
LONG_AGO = -(2**62)
ONE_DAY = timedelta(days=1)

WEEKDAYS = ("Пн", "Вт", "Ср", "Чт", "Пт", "Сб", "Вс")
GENDERS = {1: "Мужской", 2: "Женский"}
CHANNELS = {
    Channel.EMAIL: "E-mail",
    Channel.SMS: "SMS",
    Channel.MOBILE_PUSH: "Мобильный пуш",
    Channel.WEB_PUSH: "Веб-пуш",
    Channel.VIBER: "Viber",
}
OPENS_ARE_REPORTED = {"E-mail", "Веб-пуш"}
TYPES = {"mass": "Массовая", "trigger": "Автоматическая", "transaction": "Транзакционная"}
DOMAINS = {
    "mail.ru": "Mail.ru",
    "bk.ru": "Mail.ru",
    "list.ru": "Mail.ru",
    "inbox.ru": "Mail.ru",
    "yandex.ru": "Яндекс",
    "ya.ru": "Яндекс",
    "gmail.com": "Gmail",
    "icloud.com": "iCloud",
    "rambler.ru": "Рамблер",
}
OTHER_DOMAIN = "Другой домен"
AGES = (
    (18, "До 18"),
    (25, "18–24"),
    (35, "25–34"),
    (45, "35–44"),
    (55, "45–54"),
    (65, "55–64"),
    (1000, "65 и старше"),
)
BOUNCES = {"EmailNonExistingAddress", "EmailInactiveAccount"}
FAILURES = {
    "ContactMissing": "Нет контакта",
    "InvalidContact": "Контакт невалиден",
    "CustomerUnsubscribed": "Клиент отписан",
    "CustomerInGlobalControlGroup": "Глобальная контрольная группа",
    "CustomerInMailingControlGroup": "Контрольная группа рассылки",
    "EmailBlackList": "Адрес в чёрном списке",
    "EmailConnectionFailureOnSending": "Сбой соединения при отправке",
    "EmailInactiveAccount": "Ящик неактивен",
    "EmailIncorrectAddressFormat": "Неверный формат адреса",
    "EmailMailboxFull": "Ящик переполнен",
    "EmailMxRecordWasntResolved": "Домен не принимает почту",
    "EmailNonExistingAddress": "Адрес не существует",
    "EmailReceiverServerIsUnavailable": "Сервер получателя недоступен",
    "EmailRejectedBecauseOfContent": "Отклонено из-за содержания",
    "EmailRejectedWithUnknownReason": "Отклонено без объяснения",
    "EmailServerProtocolOrTimeoutError": "Ошибка протокола или тайм-аут",
    "UnknownError": "Неизвестная ошибка",
    "SmsSubscriberIsUnavailable": "Абонент недоступен",
    "SmsNumberDoesNotExist": "Номер не существует",
    "PushTokenIsInvalid": "Пуш-токен недействителен",
    "ViberUserIsUnavailable": "Абонент Viber недоступен",
    "ViberUserIsNotFound": "Нет пользователя Viber",
}
OFFLINE_POINTS = {"shop-tverskaya", "shop-nevsky", "call-centre"}


def order_number_band(number: int) -> str:
    """The band of an order's number in its customer's history; 0 for an unknown customer."""
    if number == 0:
        return UNKNOWN
    if number <= 2:
        return str(number)
    return "3–5" if number <= 5 else "6+"


LINE_STATUSES = {
    "CheckedOut": "Оформлен",
    "Paid": "Оплачен",
    "Delivered": "Доставлен",
    "Cancelled": "Отменён",
    "Returned": "Возвращён",
}


def price_band(price: Decimal) -> str:
    """The band of a product's price in roubles."""
    return _band(
        price, ((500, "до 500 ₽"), (1000, "500–999 ₽"), (3000, "1 000–2 999 ₽")), "3 000 ₽ и больше"
    )


def value_band(amount: Decimal) -> str:
    """The band of an order's amount in roubles."""
    return _band(
        amount,
        ((1000, "до 1 000 ₽"), (3000, "1 000–2 999 ₽"), (10000, "3 000–9 999 ₽")),
        "10 000 ₽ и больше",
    )


def _band(value: Decimal, bands: tuple[tuple[int, str], ...], rest: str) -> str:
    return next((name for limit, name in bands if value < limit), rest)


MODEL_NAMES = {
    "mb_last_non_direct": "Последнее непрямое касание",
    "last_click": "Последний клик",
    "last_click_per_channel": "Последний клик в окне канала",
    "last_open_or_click": "Последнее открытие или клик",
    "last_delivery": "Последняя доставка",
    "first_touch": "Первое касание",
    "linear": "Линейная",
    "position_40_20_40": "40–20–40",
    "time_decay": "Затухание во времени",
}
