# ruff: noqa: S608 (statements are put together from the constants of this file)
"""A small warehouse for the boards: the marts' own columns, filled with a made-up shop.

The tables are declared by the contracts in dbt's manifest; the rows are drawn by ClickHouse from
hashes, the same in every run. What a column means is dbt's business and tested there: here it
matters only that every slice has several values and every measure is there to be added up.
"""

from datetime import UTC, datetime

from clickhouse_connect.driver.client import Client

from superset_assets.manifest import Column, Manifest, Model
from superset_assets.mindbox_report import MAILINGS, MART
from superset_assets.semantics.catalog import HELPERS, MARTS
from superset_assets.semantics.catalog import Column as Type
from superset_assets.semantics.intervals import ALL_BRANDS

# The board opens on the last twelve full months and compares them with the twelve before.
TODAY = datetime.now(tz=UTC).date()
FIRST_DAY = TODAY.replace(year=TODAY.year - 2, month=1, day=1)
DAYS_LOADED = (TODAY - FIRST_DAY).days
MESSAGES = 60_000
ORDERS = 6_000
CUSTOMERS = 2_500
BRANDS = ["Север", "Юг"]
UNKNOWN = "Не указано"
MODEL, OTHER_MODEL = "Последнее непрямое касание", "Последний клик"


def create_marts(client: Client, manifest: Manifest) -> None:
    """Create the marts that questions are answered from, and fill those that the tests ask."""
    client.command("CREATE DATABASE IF NOT EXISTS marts")
    for name in (*MARTS, *HELPERS, MAILINGS, MART):
        _create(client, manifest.models[name])
    fillings = (*_wide_events(), ORDER_LINES, CUSTOMERS_TODAY, *_states(), CHANNEL_STATES, DATES)
    for query in (*fillings, MAILINGS_TOLD, REPORT):
        client.command(query)


def _create(client: Client, model: Model) -> None:
    columns = ", ".join(_declared(column) for column in model.columns.values())
    client.command(f"DROP TABLE IF EXISTS {model.schema}.{model.name}")
    client.command(
        f"CREATE TABLE {model.schema}.{model.name} ({columns}) ENGINE = MergeTree ORDER BY tuple()"
    )


def _declared(column: Column) -> str:
    """The column; a slice that nothing is said of is not known, as in the real marts."""
    declared = f"`{column.name}` {column.type}"
    type_ = Type(column.type, column.group)
    if not column.is_slice or type_.is_array or type_.is_number:
        return declared
    words = type_.words or (UNKNOWN,)
    return f"{declared} DEFAULT '{UNKNOWN if UNKNOWN in words else words[-1]}'"


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
    {_pick("rfm", ["Чемпионы", "Лояльные", "Без заказов за год"], "customer_key")} AS rfm_segment,
    {_pick("reach", ["E-mail", "E-mail + SMS", "Нет"], "customer_key")} AS reachable_set,
    {_pick("engaged", ["0–30", "31–90", "Не было"], "customer_key")} AS engagement_band,
    [['VIP'], ['VIP', 'Москвичи'], []][{_draw("segments", 3, "customer_key")} + 1]
        AS customer_segments,
    {_pick("stage", ["Новый", "Активный", "Отток"], "customer_key")} AS lifecycle_stage
"""
SLICES_OF_STATES = (
    "gender, age_band, region, email_domain_group, customer_timezone, "
    "rfm_segment, reachable_set, engagement_band, customer_segments"
)
SLICES_OF_CUSTOMERS = f"{SLICES_OF_STATES}, lifecycle_stage"
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
        [['зима'], ['зима', 'скидки'], []][mailing_number % 3 + 1] AS mailing_tags,
        {_pick("subject", ["Скидки недели", "Что нового", "Вы забыли"], "mailing_number")}
            AS mailing_subject,
        {_pick("pressure", ["0", "1–2", "3–4", "5–7", "8+"])} AS pressure_band,
        {_pick("their hour", ["09", "12", "18", "21"])} AS customer_send_hour,
        toDateTime64('{FIRST_DAY} 00:00:00', 3, 'UTC')
            + toIntervalSecond({_draw("at", DAYS_LOADED * 86400)}) AS send_at,
        {_draw("sent", 100)} < 95 AS sent,
        sent AND {_draw("delivered", 100)} < 93 AS delivered,
        delivered AND mailing_channel = 'E-mail' AND {_draw("open", 100)} < 28 AS opened,
        delivered AND {_draw("click", 100)} < 6 AS clicked,
        delivered AND mailing_channel = 'E-mail' AND {_draw("unsubscribe", 1000)} < 9 AS left_list,
        delivered AND clicked AND {_draw("bought", 100)} < 22 AS bought,
        {CUSTOMER_SLICES}
    FROM numbers({MESSAGES})
"""
SLICES = f"""
    brand, mailing_key, mailing, mailing_channel, mailing_type, mailing_variant, mailing_folder,
    mailing_topic, mailing_source, mailing_utm_campaign, mailing_tags,
    mailing_subject, pressure_band, customer_send_hour,
    {SLICES_OF_CUSTOMERS}, customer_key
"""
NO_MAILING = """
    '' AS mailing_key, 'Не указано' AS mailing, 'Не указано' AS mailing_channel,
    'Не указано' AS mailing_type, 'Не указано' AS mailing_variant, 'Не указано' AS mailing_folder,
    'Не указано' AS mailing_topic, 'Не указано' AS mailing_source,
    'Не указано' AS mailing_utm_campaign, CAST([], 'Array(String)') AS mailing_tags,
    'Не указано' AS mailing_subject, 'Не указано' AS pressure_band,
    'Не указано' AS customer_send_hour
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
ORDER_CHANNELS = ["Сайт", "Приложение", "Магазин"]
SEQ_GROUPS = ["1", "2", "3–5", "6+"]
TWINS = ("is_first_order", "is_repeat_order", "order_seq", "order_seq_group")
IN_BRAND = ", ".join(f"{name}_in_brand" for name in TWINS)


AMOUNT = f"toDecimal64(500 + {_draw('amount', 900000)} / 100, 4)"
# What is bought after a message, without what is known of the mailing.
BUYERS_TABLE = f"""
    SELECT n, event_key, customer_key, brand, send_at, {SLICES_OF_CUSTOMERS}
    FROM ({MESSAGES_TABLE}) WHERE bought
"""


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
            multiIf(
                NOT sent, 'Нет подписки', NOT delivered, 'Ящик не существует', 'Не указано'
            ) AS failure_reason,
            {TIMES}, send_at AS event_at, {SLICES}, {NO_ORDER},
            1, sent, NOT sent, delivered, sent AND NOT delivered,
            sent AND NOT delivered AND mailing_channel = 'E-mail',
            delivered AND mailing_channel = 'E-mail', delivered AND mailing_channel = 'E-mail'
        FROM ({MESSAGES_TABLE})
    """
    reactions = [
        f"""
        INSERT INTO marts.wide_events
            (event, event_key, {TIME_NAMES}, {SLICES}, {ORDER_NAMES}, {measure})
        SELECT
            '{event}', event_key,
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
    links = f"""
        INSERT INTO marts.wide_events
            (event, event_key, link, {TIME_NAMES}, {SLICES}, {ORDER_NAMES}, is_click_event)
        SELECT
            'click_event', event_key, {_pick("link", ["shop.example/sale", "shop.example/new"])},
            {TIMES}, send_at + toIntervalSecond({_draw("click", 5 * 86400)}) AS event_at,
            {SLICES}, {NO_ORDER}, 1
        FROM ({MESSAGES_TABLE})
        WHERE clicked
    """
    credited = [
        f"""
        INSERT INTO marts.wide_events
            (event, event_key, {TIME_NAMES}, {SLICES}, {ORDER_NAMES},
             attributed_orders, attributed_amount)
        SELECT
            'attributed_order', event_key,
            {TIMES}, send_at + toIntervalSecond({_draw("order", 7 * 86400)}) AS event_at, {SLICES},
            concat('o', event_key), {_pick("order_channel", ORDER_CHANNELS)},
            {_pick("seq", SEQ_GROUPS)}, '{model}', 'Рассылки', 1, {AMOUNT}
        FROM ({MESSAGES_TABLE})
        WHERE {condition}
        """
        for model, condition in (
            (MODEL, "bought"),
            (OTHER_MODEL, f"bought AND {_draw('other model', 3)} > 0"),
        )
    ]
    orders = f"""
        INSERT INTO marts.wide_events
            (event, event_key, {TIME_NAMES}, {SLICES}, {ORDER_NAMES},
             is_order, is_identified_order, is_first_order, is_repeat_order, order_seq,
             {IN_BRAND}, order_amount, identified_order_amount)
        SELECT
            'order', event_key, {TIMES}, event_at, {SLICES},
            event_key, {_pick("order_channel", ORDER_CHANNELS)},
            if(identified, {_pick("seq", SEQ_GROUPS)}, 'Не указано') AS seq,
            'Не указано', 'Не указано',
            1, identified, seq = '1', identified AND seq != '1',
            transform(seq, {SEQ_GROUPS}, [1, 2, 4, 7], 0),
            identified AND {_draw("first in brand", 2)} = 0 AS first_in_brand,
            identified AND NOT first_in_brand, if(first_in_brand, 1, 2),
            if(identified, if(first_in_brand, '1', '2'), 'Не указано'),
            amount, if(identified, amount, 0)
        FROM (
            SELECT
                number AS n, concat('order', toString(n)) AS event_key,
                {_draw("known", 10)} < 8 AS identified,
                if(identified, {_draw("buyer", CUSTOMERS)} + 1, 0) AS customer_key,
                {_pick("order_brand", ["Север", "Север", "Юг"])} AS brand, {NO_MAILING},
                toDateTime64('{FIRST_DAY} 00:00:00', 3, 'UTC')
                    + toIntervalSecond({_draw("order_at", DAYS_LOADED * 86400)}) AS event_at,
                event_at AS send_at,
                toDecimal64(700 + {_draw("order_amount", 1200000)} / 100, 4) AS amount,
                {CUSTOMER_SLICES}
            FROM numbers({ORDERS})
            UNION ALL
            SELECT
                n, concat('o', event_key) AS order_key, 1, customer_key, brand, {NO_MAILING},
                send_at + toIntervalSecond({_draw("order", 7 * 86400)}) AS event_at, event_at,
                {AMOUNT}, {SLICES_OF_CUSTOMERS}
            FROM ({BUYERS_TABLE})
        )
    """
    return [messages, *reactions, links, *credited, orders]


# A report that agrees with the events but for one message in a hundred.
REPORT = f"""
    INSERT INTO marts.{MART}
        (report, period_start, report_date, mailing_key, mailing_variant, measure, taken_at,
         is_comparable, why_not_comparable, reported, counted, deficit, surplus)
    SELECT
        report, toStartOfMonth(send_date), if(report = 'summary', toStartOfMonth(send_date),
        send_date) AS day, mailing_key, 1, figure.1, now(), 1, '', figure.2 + (n % 100 = 0),
        figure.2, n % 100 = 0, 0
    FROM (
        SELECT
            send_date, mailing_key, rowNumberInAllBlocks() AS n, [
                ('messages_total', sum(is_message)), ('sent', sum(is_sent)),
                ('delivered', sum(is_delivered)), ('opened', sum(is_opened)),
                ('clicked', sum(is_clicked)), ('unsubscribed', sum(is_unsubscribed))
            ] AS figures
        FROM marts.wide_events WHERE mailing_key != '' GROUP BY send_date, mailing_key
    ) ARRAY JOIN figures AS figure
    CROSS JOIN (SELECT arrayJoin(['summary', 'dynamics']) AS report) AS reports
"""
MAILINGS_TOLD = f"""
    INSERT INTO marts.{MAILINGS}
        (mailing_key, brand, mailing, mailing_channel, mailing_type, mailing_folder,
         mailing_topic, mailing_utm_campaign)
    SELECT
        mailing_key, any(brand), any(mailing), any(mailing_channel), any(mailing_type),
        any(mailing_folder), any(mailing_topic), any(mailing_utm_campaign)
    FROM marts.wide_events WHERE event = 'message' GROUP BY mailing_key
"""
ORDER_LINES = """
    INSERT INTO marts.mart_order_lines
        (order_key, line_key, product_key, product, category, order_status, quantity,
         line_amount, line_gross, is_goal_line)
    SELECT
        order_key, concat(order_key, '/', toString(line)), toString(line) AS product_key,
        concat('Товар ', product_key), ['Платья', 'Обувь'][line] AS category, 'Доставлена', 1,
        order_amount / 2, order_amount / 2, 1
    FROM marts.wide_events ARRAY JOIN [1, 2] AS line
    WHERE event = 'order'
"""
COHORTS = ["2023-11", "2024-02", "2024-05", "Без покупок"]
CUSTOMERS_TODAY = f"""
    INSERT INTO marts.dim_customer (customer_key, cohort_month, lifecycle_stage_now)
    SELECT
        number + 1 AS customer_key, {_pick("cohort", COHORTS, "customer_key")},
        {_pick("stage now", ["Активный", "Отток"], "customer_key")}
    FROM numbers({CUSTOMERS})
"""
DATES = f"""
    INSERT INTO marts.dim_date (date_day)
    SELECT toDate('{FIRST_DAY}') + number FROM numbers({DAYS_LOADED})
"""
CHANNEL_STATES = f"""
    INSERT INTO marts.mart_channel_states
        (brand, mailing_channel, customer_key, valid_from, valid_till,
         is_contact, is_subscribed, is_reachable)
    SELECT
        '{ALL_BRANDS}', channel, number + 1 AS customer_key,
        toDate('{FIRST_DAY}') + {_draw("contact from", 300, "customer_key")}, '2149-06-06',
        1, {_draw("subscribed", 2, "customer_key, channel")} AS subscribed, subscribed
    FROM numbers({CUSTOMERS}) ARRAY JOIN ['E-mail', 'SMS'] AS channel
"""


def _states() -> list[str]:
    """Two intervals for every customer, over all brands and, of its own, in its own brand."""
    registered = f"toDate('{FIRST_DAY}') + {_draw('registered', 200, 'customer_key')}"
    changed = f"{registered} + 1 + {_draw('changed', 400, 'customer_key')}"
    own_brand = _pick("own brand", BRANDS, "customer_key")
    return [
        f"""
        INSERT INTO marts.mart_customer_states
            (brand, customer_key, valid_from, valid_till, {SLICES_OF_STATES}, lifecycle_stage,
             is_customer, is_contact, is_reachable, is_buyer, is_active, is_churned,
             deeds, engagement_window_days, engagement_half_life_days)
        SELECT
            {brand} AS brand, customer_key, {since} AS valid_from, {till}, {SLICES_OF_STATES},
            if(is_active, 'Активный', 'Отток'), 1, 1,
            {_draw("reachable", 3, "customer_key, brand, valid_from")} > 0, 1,
            {_draw("active", 3, "customer_key, brand, valid_from")} > 0 AS is_active, NOT is_active,
            [({since}, toDecimal32(3, 2))], 90, 30
        FROM (SELECT number + 1 AS customer_key, {CUSTOMER_SLICES} FROM numbers({CUSTOMERS}))
        """
        for brand in (f"'{ALL_BRANDS}'", own_brand)
        for since, till in ((registered, changed), (changed, "toDate('2149-06-06')"))
    ]
