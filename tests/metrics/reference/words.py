"""The words that people read, and the settings of the shop: told again here, not read from dbt."""

from datetime import date, timedelta
from decimal import Decimal

from sandbox.mindbox.world.mailings import Channel

Value = Decimal | None

UNKNOWN = "Не указано"
NOT_APPLICABLE = "Не применимо"
NO_ORDERS = "Без покупок"
ALL_BRANDS = "Все бренды"
DELIVERY = "Доставка"

DAY_MS = 24 * 60 * 60 * 1000
GOAL = {"CheckedOut", "Paid", "Delivered"}
WINDOW_DAYS = 7
GRACE_MS = 300_000
AT_RISK_DAYS, CHURN_DAYS = 120, 255
POINTS = {"click": 2, "visit": 1, "launch": 1, "cart": 3, "order": 10, "answer": 5}
SCORED_DAYS, HALF_LIFE_DAYS = 90, 30
SESSION_MS = 30 * 60 * 1000
LONG_AGO = -(2**62)
ONE_DAY = timedelta(days=1)
EVER = date.min

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
    "CheckedOut": "Оформлена",
    "Paid": "Оплачена",
    "Delivered": "Доставлена",
    "Cancelled": "Отменена",
    "Returned": "Возвращена",
}
PAYMENTS = {"card": "Карта", "cash": "Наличные", "sbp": "СБП", "bonus": "Баллы"}
MIXED_PAYMENT = "Смешанная"
ONLINE, OFFLINE = "Онлайн", "Офлайн"
PRICE_BANDS = (
    (500, "До 500 ₽"),
    (1000, "500–1 000 ₽"),
    (2000, "1 000–2 000 ₽"),
    (5000, "2 000–5 000 ₽"),
    (10**12, "От 5 000 ₽"),
)
VALUE_BANDS = (
    (1000, "До 1 000 ₽"),
    (2000, "1 000–2 000 ₽"),
    (3000, "2 000–3 000 ₽"),
    (5000, "3 000–5 000 ₽"),
    (10000, "5 000–10 000 ₽"),
    (20000, "10 000–20 000 ₽"),
    (10**12, "От 20 000 ₽"),
)
NOTHING_LEFT = "Ничего не осталось"
MAILINGS = "Рассылки"
MODEL_NAMES = {
    "mb_last_non_direct": "Последнее непрямое касание",
    "mb_imported": "Засчитано в Mindbox",
    "last_click": "Последний клик",
    "last_click_per_channel": "Последний клик, окно по каналам",
    "last_open_or_click": "Последнее открытие или клик",
    "last_delivery": "Последняя доставка",
    "first_touch": "Первый клик",
    "linear": "Клики поровну",
    "position_40_20_40": "Клики 40–20–40",
    "time_decay": "Клики с затуханием",
    "promo_code": "Промокод рассылки",
}


def band(value: Decimal, bands: tuple[tuple[int, str], ...]) -> str:
    """The name of the first band whose upper bound a value stays below."""
    return next(name for limit, name in bands if value < limit)


def pressure_band(messages: int) -> str:
    """The band of marketing messages that somebody had in the week before."""
    bands = ((1, "0"), (3, "1–2"), (5, "3–4"), (8, "5–7"), (10**9, "8+"))
    return band(Decimal(messages), bands)
