# ruff: noqa: S608 (statements are put together from the constants of this file)
"""A small warehouse for the boards: the marts' own columns, filled with a made-up shop.

The tables are declared by the contracts in dbt's manifest; the rows are drawn by ClickHouse from
hashes, the same in every run. What a column means is dbt's business and tested there: here it
matters only that every slice has several values and every measure is there to be added up.
"""

from datetime import UTC, datetime

from clickhouse_connect.driver.client import Client

from superset_assets.manifest import Manifest, Model

# The board opens on the last twelve full months and compares them with the twelve before.
TODAY = datetime.now(tz=UTC).date()
FIRST_DAY = TODAY.replace(year=TODAY.year - 2, month=1, day=1)
DAYS = (TODAY - FIRST_DAY).days
MESSAGES = 60_000
ORDERS = 6_000
CUSTOMERS = 2_500


def create_marts(client: Client, manifest: Manifest) -> None:
    """Create and fill the marts that the boards read."""
    client.command("CREATE DATABASE IF NOT EXISTS marts")
    for name in ("wide_events", "mart_customer_base_daily"):
        _create(client, manifest.models[name])
    for query in _wide_events():
        client.command(query)
    client.command(_customer_base())


def _create(client: Client, model: Model) -> None:
    columns = ", ".join(f"`{column.name}` {column.type}" for column in model.columns.values())
    client.command(f"DROP TABLE IF EXISTS {model.schema}.{model.name}")
    client.command(
        f"CREATE TABLE {model.schema}.{model.name} ({columns}) ENGINE = MergeTree ORDER BY tuple()"
    )


def _draw(salt: str, size: int, key: str = "n") -> str:
    """A number below `size`, drawn from a hash of the row."""
    return f"cityHash64('{salt}', {key}) % {size}"


def _pick(salt: str, values: list[str], key: str = "n") -> str:
    listed = ", ".join(f"'{value}'" for value in values)
    return f"[{listed}][{_draw(salt, len(values), key)} + 1]"


GENDERS = ["Женский", "Женский", "Мужской", "Не указано"]
AGES = ["18–24", "25–34", "25–34", "35–44", "35–44", "45–54", "65 и старше", "Не указано"]
REGIONS = ["Москва", "Санкт-Петербург", "Свердловская область", "Краснодарский край", "Не указано"]
DOMAINS = ["Mail.ru", "Яндекс", "Яндекс", "Gmail", "Gmail", "Другой домен", "Не указано"]
CUSTOMER_SLICES = f"""
    {_pick("gender", GENDERS, "customer_key")} AS gender,
    {_pick("age", AGES, "customer_key")} AS age_band,
    {_pick("region", REGIONS, "customer_key")} AS region,
    {_pick("domain", DOMAINS, "customer_key")} AS email_domain_group,
    {_pick("zone", ["Europe/Moscow", "Asia/Yekaterinburg", "Не указано"], "customer_key")}
        AS customer_timezone,
    {_pick("cohort", ["2023-11", "2024-02", "2024-05", "Без покупок"], "customer_key")}
        AS cohort_month
"""
MESSAGES_TABLE = f"""
    SELECT
        number AS n,
        toString(1000000 + n) AS event_key,
        {_draw("customer", CUSTOMERS)} + 1 AS customer_key,
        {_draw("mailing", 24)} AS mailing_number,
        concat('m', toString(mailing_number)) AS mailing_key,
        concat(
            [
                'Еженедельная подборка', 'Брошенная корзина', 'Закрытая распродажа',
                'Вернитесь за подарком', 'Новая коллекция', 'Статус заказа'
            ][mailing_number % 6 + 1],
            ' №',
            toString(intDiv(mailing_number, 6) + 1)
        ) AS mailing,
        {_pick("brand", ["Север", "Север", "Юг"], "mailing_number")} AS brand,
        {_pick("channel", ["E-mail", "E-mail", "SMS", "Мобильный пуш"], "mailing_number")}
            AS mailing_channel,
        {_pick("type", ["Массовая", "Автоматическая", "Транзакционная"], "mailing_number")}
            AS mailing_type,
        {_pick("folder", ["Регулярные", "Акции", "Триггеры", "Сервис"], "mailing_number")}
            AS mailing_folder,
        {_pick("topic", ["Новости", "Скидки", "Не указано"], "mailing_number")} AS mailing_topic,
        {_pick("utm", ["spring", "sale", "welcome", "Не указано"], "mailing_number")}
            AS mailing_utm_campaign,
        {_pick("source", ["Сценарий «Корзина»", "Ручной запуск"], "mailing_number")}
            AS mailing_source,
        {_pick("variant", ["1", "1", "2"])} AS mailing_variant,
        toDateTime64('{FIRST_DAY} 00:00:00', 3, 'UTC')
            + toIntervalSecond({_draw("at", DAYS * 86400)}) AS send_at,
        {_draw("sent", 100)} < 95 AS sent,
        sent AND {_draw("delivered", 100)} < 93 AS delivered,
        delivered AND mailing_channel = 'E-mail' AND {_draw("open", 100)} < 28 AS opened,
        delivered AND {_draw("click", 100)} < 6 AS clicked,
        delivered AND mailing_channel = 'E-mail' AND {_draw("unsubscribe", 1000)} < 9 AS left_list,
        delivered AND clicked AND {_draw("bought", 100)} < 22 AS bought,
        {CUSTOMER_SLICES}
    FROM numbers({MESSAGES})
"""
SLICES = """
    brand, mailing_key, mailing, mailing_channel, mailing_type, mailing_variant, mailing_folder,
    mailing_topic, mailing_source, mailing_utm_campaign, email_domain_group, gender, age_band,
    region, customer_timezone, cohort_month, customer_key
"""
NO_MAILING = """
    '' AS mailing_key, 'Не указано' AS mailing, 'Не указано' AS mailing_channel,
    'Не указано' AS mailing_type, 'Не указано' AS mailing_variant, 'Не указано' AS mailing_folder,
    'Не указано' AS mailing_topic, 'Не указано' AS mailing_source,
    'Не указано' AS mailing_utm_campaign
"""
TIMES = """
    toDate(event_at) AS event_date, toDate(send_at) AS send_date,
    toHour(event_at) AS hour, toHour(send_at) AS send_hour,
    ['Пн', 'Вт', 'Ср', 'Чт', 'Пт', 'Сб', 'Вс'][toDayOfWeek(event_at)] AS weekday,
    ['Пн', 'Вт', 'Ср', 'Чт', 'Пт', 'Сб', 'Вс'][toDayOfWeek(send_at)] AS send_weekday
"""
NO_ORDER = """
    '' AS order_key, 'Не указано' AS order_channel, 'Не указано' AS order_seq_group,
    'Не указано' AS attribution_model, 'Не указано' AS channel_group
"""
TIME_NAMES = "event_date, send_date, hour, send_hour, weekday, send_weekday, event_at"
ORDER_NAMES = "order_key, order_channel, order_seq_group, attribution_model, channel_group"


def _wide_events() -> list[str]:
    measures = (
        "is_message, is_sent, is_not_sent, is_delivered, is_not_delivered, is_bounced, "
        "is_open_capable_delivered, is_email_delivered"
    )
    messages = f"""
        INSERT INTO marts.wide_events
            (event, event_key, failure_reason, {TIME_NAMES}, {SLICES}, {ORDER_NAMES}, {measures})
        SELECT
            'message', event_key,
            if(sent AND NOT delivered, 'Ящик не существует', 'Не указано') AS failure_reason,
            {TIMES}, send_at AS event_at, {SLICES}, {NO_ORDER},
            1, sent, NOT sent, delivered, sent AND NOT delivered,
            sent AND NOT delivered AND mailing_channel = 'E-mail',
            delivered AND mailing_channel = 'E-mail', delivered AND mailing_channel = 'E-mail'
        FROM ({MESSAGES_TABLE})
    """
    reactions = [
        f"""
        INSERT INTO marts.wide_events
            (event, event_key, failure_reason, {TIME_NAMES}, {SLICES}, {ORDER_NAMES}, {measure})
        SELECT
            '{event}', event_key, 'Не указано',
            {TIMES}, send_at + toIntervalSecond({_draw(event, 5 * 86400)}) AS event_at,
            {SLICES}, {NO_ORDER}, {values}
        FROM ({MESSAGES_TABLE})
        WHERE {condition}
        """
        for event, measure, values, condition in (
            ("open", "is_opened, is_open_capable_opened", "1, 1", "opened"),
            (
                "click",
                "is_clicked, is_open_capable_clicked",
                "1, mailing_channel = 'E-mail'",
                "clicked",
            ),
            ("unsubscribe", "is_unsubscribed, is_email_unsubscribed", "1, 1", "left_list"),
        )
    ]
    credited = [
        f"""
        INSERT INTO marts.wide_events
            (event, event_key, failure_reason, {TIME_NAMES}, {SLICES}, {ORDER_NAMES},
             attributed_orders, attributed_amount)
        SELECT
            'attributed_order', event_key, 'Не указано',
            {TIMES}, send_at + toIntervalSecond({_draw("order", 7 * 86400)}) AS event_at, {SLICES},
            concat('o', event_key), {_pick("order_channel", ["Сайт", "Приложение", "Магазин"])},
            {_pick("seq", ["1", "2", "3–5", "6+"])}, 'Последнее непрямое касание', 'Рассылки',
            1, toDecimal64(500 + {_draw("amount", 900000)} / 100, 4)
        FROM ({MESSAGES_TABLE})
        WHERE bought
        """
    ]
    orders = f"""
        INSERT INTO marts.wide_events
            (event, event_key, failure_reason, {TIME_NAMES}, {SLICES}, {ORDER_NAMES},
             is_order, is_identified_order, is_first_order, is_repeat_order, order_amount,
             identified_order_amount)
        SELECT
            'order', event_key, 'Не указано', {TIMES}, event_at, {SLICES},
            event_key, {_pick("order_channel", ["Сайт", "Приложение", "Магазин"])},
            if(identified, {_pick("seq", ["1", "2", "3–5", "6+"])}, 'Не указано') AS seq,
            'Не указано', 'Не указано',
            1, identified, seq = '1', identified AND seq != '1', amount, if(identified, amount, 0)
        FROM (
            SELECT
                number AS n, concat('order', toString(n)) AS event_key,
                {_draw("known", 10)} < 8 AS identified,
                if(identified, {_draw("buyer", CUSTOMERS)} + 1, 0) AS customer_key,
                {_pick("order_brand", ["Север", "Север", "Юг"])} AS brand, {NO_MAILING},
                toDateTime64('{FIRST_DAY} 00:00:00', 3, 'UTC')
                    + toIntervalSecond({_draw("order_at", DAYS * 86400)}) AS event_at,
                event_at AS send_at,
                toDecimal64(700 + {_draw("order_amount", 1200000)} / 100, 4) AS amount,
                {CUSTOMER_SLICES}
            FROM numbers({ORDERS})
        )
    """
    return [messages, *reactions, *credited, orders]


def _customer_base() -> str:
    return f"""
        INSERT INTO marts.mart_customer_base_daily
            (event_date, send_date, brand, gender, age_band, region, email_domain_group,
             active_customers_count, buyers_count)
        SELECT
            toDate('{FIRST_DAY}') + n, event_date, brand, gender, age_band, region,
            email_domain_group,
            5 + {_draw("active", 9, "n, brand, gender, region, age_band")} + intDiv(n, 30),
            100 + n
        FROM (SELECT number AS n, toDate('{FIRST_DAY}') + n AS event_date FROM numbers({DAYS}))
        ARRAY JOIN ['Север', 'Юг'] AS brand
        ARRAY JOIN ['Женский', 'Мужской'] AS gender
        ARRAY JOIN ['Москва', 'Санкт-Петербург'] AS region
        ARRAY JOIN ['25–34', '35–44'] AS age_band
        ARRAY JOIN ['Яндекс', 'Gmail'] AS email_domain_group
    """
