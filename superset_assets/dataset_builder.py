"""Superset's datasets, generated from dbt's manifest: the definitions live there, once."""

import re
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid5

from superset_assets import mindbox_report
from superset_assets.files import Content
from superset_assets.funnel_steps import ANY_ORDER, IN_ORDER, steps_of_a_visit
from superset_assets.manifest import Column, Manifest, Metric, Model
from superset_assets.methodology import RUSSIAN
from superset_assets.metric_sql import MetricSql
from superset_assets.semantics.catalog import (
    DAYS,
    EVENTS,
    MARTS,
    OF_THE_BASIS,
    RFM,
    RFM_AT_START,
    singular,
)
from superset_assets.semantics.comparison import CHOICES, DEFAULT
from superset_assets.semantics.conditions import UNKNOWN
from superset_assets.semantics.rows import COUNTED_DATE

NAMESPACE = UUID("7b0a8a51-5b39-4f4e-8a57-0c7f8f5c7c2e")
DATABASE_UUID = str(uuid5(NAMESPACE, "database/warehouse"))
CERTIFICATION = {
    "certified_by": "Аналитика рассылок",
    "details": "Определён один раз, в dbt; числа сверяются с отчётами Mindbox",
}

METRICS = "metrics"
BOARD_OPTIONS = "board_options"
FRESHNESS = "freshness"
RECONCILIATION = "mailing_reconciliation"
WEEKDAY = "weekday"
DATE_BASIS = "date_basis"
BY_SEND_DATE = "По дате отправки"
BY_EVENT_DATE = "По дате события"
ATTRIBUTION_MODEL = "attribution_model"
COMPARED_METRIC = "compared_metric"
FUNNEL_STEP, FUNNEL_STEP_IN_ORDER = "funnel_step", "funnel_step_in_order"
WEEKDAY_AXIS = "weekday_axis"
# Sorts before every letter and cannot be seen before a word.
THIN_SPACE = "\u2009"
DATE_DESCRIPTION = (
    "Дата учёта. По дате отправки (обычно): день участия в рассылке того сообщения, к которому "
    "относится событие. По дате события: день самого события. Выбирает фильтр «Дата учёта». "
    "Состояния базы читаются на последний день периода, а на оси времени — на последний день "
    "каждого отрезка."
)


def dataset_uuid(name: str) -> str:
    """The identity of a dataset in every installation."""
    return str(uuid5(NAMESPACE, f"dataset/{name}"))


def generate(manifest: Manifest) -> dict[str, Content]:
    """All datasets by name.

    One dataset holds every metric and every slice; its rows are composed by the question (see
    `semantics`). `board_options` holds the choices of the switches «Дата учёта» and «Модель
    атрибуции», so that their lists cost no scan.

    Raises:
        ManifestError: a metric cannot be translated.
    """
    sql = MetricSql(manifest)
    slices = slices_of(manifest)
    model = manifest.models[EVENTS]
    return {
        METRICS: {
            **_frame(
                METRICS,
                "Все показатели и все срезы. Какие таблицы читать, на какую дату брать состояния и "
                "как товар или рассылка доходят до заказа, решается по вопросу.",
            ),
            "schema": model.schema,
            "table_name": METRICS,
            "sql": "{{ facts() }}",
            "main_dttm_col": "date",
            "columns": sorted(
                [
                    _column(
                        "date",
                        "Дата",
                        "Date",
                        DATE_DESCRIPTION,
                        expression=COUNTED_DATE,
                        is_time=True,
                    ),
                    *(
                        _column(name, each.label, _element(each.type), each.description)
                        for name, each in slices.items()
                    ),
                    _weekday_axis(slices[WEEKDAY]),
                    *_funnel_steps(),
                    _date_basis(f"'{BY_SEND_DATE}'"),
                    _compared_metric(f"'{manifest.metrics[DEFAULT].label}'"),
                ],
                key=_label,
            ),
            "metrics": sorted(
                [
                    *(
                        _metric(each, sql.expression(each.name))
                        for each in manifest.metrics.values()
                    ),
                    _order("hour", slices["hour"], "min(hour)"),
                    _order(WEEKDAY, slices[WEEKDAY], f"min({_weekday_number(slices[WEEKDAY])})"),
                ],
                key=_label,
            ),
        },
        BOARD_OPTIONS: _board_options(
            slices[ATTRIBUTION_MODEL], [manifest.metrics[name].label for name in CHOICES]
        ),
        FRESHNESS: _freshness(manifest.models[DAYS]),
        RECONCILIATION: _reconciliation(manifest, slices),
    }


def slices_of(manifest: Manifest) -> dict[str, Column]:
    """Every slice by the name that it is offered under, described where it lives first."""
    found: dict[str, Column] = {}
    for mart in MARTS:
        for column in manifest.models[mart].columns.values():
            name = singular(column.name) if column.type.startswith("Array(") else column.name
            if column.group and column.is_slice and name not in OF_THE_BASIS:
                found.setdefault(name, column)
    found[RFM_AT_START] = replace(
        found[RFM],
        name=RFM_AT_START,
        label=f"{found[RFM].label} на начало",
        description=(
            "RFM-сегмент клиента на конец дня перед периодом, а на оси времени — перед каждым "
            "отрезком: заказы самого периода его не меняют."
        ),
        label_en=f"{found[RFM].label_en} at start",
        description_en=(
            "The customer's RFM segment at the end of the day before the period, on a time axis "
            "before each step: the period's own orders do not change it."
        ),
    )
    return found


def _element(written: str) -> str:
    """The type of one value: a slice of several values is offered value by value."""
    return written[len("Array(") : -1] if written.startswith("Array(") else written


def _attribution_models(column: Column) -> list[str]:
    """The attribution models in the order of the mart's list; the first is the default."""
    values = re.findall(r"'([^']+)'\s*=", column.type)
    return [value for value in values if value != UNKNOWN]


def _board_options(attribution: Column, compared: list[str]) -> Content:
    return {
        **_frame(BOARD_OPTIONS, "Варианты переключателей доски. Чисел здесь нет."),
        "schema": "marts",
        "table_name": BOARD_OPTIONS,
        "sql": "select 1 as option",
        "main_dttm_col": None,
        "columns": sorted(
            [
                _date_basis(_array_join([BY_SEND_DATE, BY_EVENT_DATE])),
                _compared_metric(_array_join(compared)),
                _column(
                    attribution.name,
                    attribution.label,
                    "String",
                    attribution.description,
                    expression=_array_join(_attribution_models(attribution)),
                ),
            ],
            key=_label,
        ),
        "metrics": [_row_count()],
    }


def _freshness(days: Model) -> Content:
    """One row of texts: the calendar of the marts is written anew by every build, up to its end."""
    built = (
        "(select max(metadata_modification_time) from system.tables"  # noqa: S608
        f" where database = '{days.schema}' and name = '{days.name}')"
    )
    zone = "{{ project_time_zone }}"
    return {
        **_frame(FRESHNESS, "По какой день есть данные и когда они пересчитаны. Строка одна."),
        "schema": days.schema,
        "table_name": FRESHNESS,
        "sql": (
            "select formatDateTime(max(date_day), '%d.%m.%Y') as data_until,\n"
            f"  formatDateTime({built}, '%d.%m.%Y %H:%i', '{zone}') as updated_at\n"
            f"from {days.schema}.{days.name}"
        ),
        "main_dttm_col": None,
        "columns": [
            _column(
                "data_until",
                "Данные по",
                "String",
                "Последний день, о котором что-нибудь известно, в часовом поясе проекта. Обычно он "
                "неполный.",
            ),
            _column(
                "updated_at",
                "Обновлено",
                "String",
                "Когда витрины пересчитаны в последний раз, в часовом поясе проекта.",
            ),
        ],
        "metrics": [_row_count()],
    }


def _reconciliation(manifest: Manifest, slices: dict[str, Column]) -> Content:
    """Mindbox's mailing report beside ours, with the mailings' slices so that filters reach it."""
    written = mindbox_report.contents()
    return {
        **_frame(
            RECONCILIATION,
            "Каждый показатель отчёта Mindbox о рассылках рядом с нашим, на момент снимка отчёта. "
            "Смотрите в разрезе показателя отчёта и по одному отчёту за раз.",
        ),
        "schema": manifest.models[mindbox_report.MART].schema,
        "table_name": RECONCILIATION,
        "sql": mindbox_report.rows(manifest),
        "main_dttm_col": "date",
        "columns": sorted(
            [
                *(
                    _column(
                        each["name"],
                        each["label"],
                        "Date" if each["name"] == "date" else "String",
                        each["description"],
                        expression=mindbox_report.DATE if each["name"] == "date" else None,
                        is_time=each["name"] == "date",
                    )
                    for each in written.columns
                ),
                *(
                    _column(name, slices[name].label, "String", slices[name].description)
                    for name in (*mindbox_report.OF_MAILINGS, mindbox_report.VARIANT)
                ),
            ],
            key=_label,
        ),
        "metrics": sorted(
            (
                _metric_frame(
                    each["name"],
                    each["label"],
                    mindbox_report.metric_sql(each["sql"]),
                    with_formula(each["description"], RUSSIAN.formula_mark, each["formula"]),
                    each["format"],
                )
                for each in written.metrics
            ),
            key=_label,
        ),
    }


def _array_join(values: list[str]) -> str:
    listed = ", ".join(f"'{value}'" for value in values)
    return f"arrayJoin([{listed}])"


def _frame(name: str, description: str) -> Content:
    return {
        "always_filter_main_dttm": False,
        "cache_timeout": None,
        "catalog": None,
        "currency_code_column": None,
        "database_uuid": DATABASE_UUID,
        "default_endpoint": None,
        "description": description,
        "extra": {"certification": CERTIFICATION},
        "fetch_values_predicate": None,
        "filter_select_enabled": True,
        "folders": None,
        "normalize_columns": False,
        "offset": 0,
        "params": None,
        "template_params": None,
        "uuid": dataset_uuid(name),
        "version": "1.0.0",
    }


def _column(
    name: str,
    label: str,
    type_: str,
    description: str,
    *,
    expression: str | None = None,
    is_time: bool = False,
) -> Content:
    return {
        "advanced_data_type": None,
        "column_name": name,
        "datetime_format": None,
        "description": description,
        "expression": expression,
        "extra": {},
        "filterable": True,
        "groupby": True,
        "is_active": True,
        "is_dttm": is_time,
        "python_date_format": None,
        "type": type_,
        "verbose_name": label,
    }


def _weekday_axis(weekday: Column) -> Content:
    return _column(
        WEEKDAY_AXIS,
        "День недели (ось)",
        "String",
        "День недели для осей, которые Superset упорядочивает по буквам: пробелы перед названием "
        "ставят дни по порядку.",
        expression=(
            f"concat(repeat('{THIN_SPACE}', 7 - {_weekday_number(weekday)}), toString({WEEKDAY}))"
        ),
    )


def _funnel_steps() -> list[Content]:
    return [
        _column(
            FUNNEL_STEP,
            "Шаг воронки",
            "String",
            "Шаги визита в любом порядке: визит стоит под каждым своим шагом, поэтому шаги не "
            "складываются. Для показателя «Входы на сайт».",
            expression=steps_of_a_visit(ANY_ORDER),
        ),
        _column(
            FUNNEL_STEP_IN_ORDER,
            "Шаг воронки по порядку",
            "String",
            "Шаги визита, пройденные один за другим: под шагом — визиты, прошедшие все прежние. "
            "При отборе по товару порядок шагов неизвестен. Для показателя «Входы на сайт».",
            expression=steps_of_a_visit(IN_ORDER),
        ),
    ]


def _weekday_number(weekday: Column) -> str:
    names = ", ".join(f"'{name}'" for name in re.findall(r"'([^']+)'\s*=", weekday.type))
    return f"indexOf([{names}], toString({WEEKDAY}))"


def _date_basis(expression: str) -> Content:
    return _column(
        DATE_BASIS,
        "Дата учёта",
        "String",
        "По какой дате считать: отправки сообщения (как сводный отчёт Mindbox) или самого события.",
        expression=expression,
    )


def _compared_metric(expression: str) -> Content:
    return _column(
        COMPARED_METRIC,
        "Показатель сравнения",
        "String",
        "По какому показателю сравнивать кампании: места, отклонения, процентили.",
        expression=expression,
    )


def _metric(metric: Metric, expression: str) -> Content:
    return _metric_frame(
        metric.name,
        metric.label,
        expression,
        with_formula(metric.description, RUSSIAN.formula_mark, metric.formula),
        number_format(metric),
    )


def with_formula(description: str, mark: str, formula: str) -> str:
    """What is read of a metric: its meaning, then its formula in words."""
    return f"{description}{mark}{formula}."


def _order(name: str, column: Column, expression: str) -> Content:
    """A metric to sort a filter's list by, which Superset otherwise sorts by letters."""
    return _metric_frame(
        f"{name}_order",
        f"Порядок: {column.label.lower()}",
        expression,
        "Служебный: ставит значения в списке фильтра по порядку.",
        ",.0f",
    )


def _row_count() -> Content:
    description = "Сколько строк прочитано; нужен Superset, на досках не стоит."
    return _metric_frame("row_count", "Строк", "count()", description, ",.0f")


def _metric_frame(
    name: str, label: str, expression: str, description: str, d3format: str
) -> dict[str, Any]:
    return {
        "currency": None,
        "d3format": d3format,
        "description": description,
        "expression": expression,
        "extra": {"certification": CERTIFICATION},
        "metric_name": name,
        "metric_type": None,
        "verbose_name": label,
        "warning_text": None,
    }


def number_format(metric: Metric) -> str:
    """The d3 format of a metric; roubles get the currency of the number locale."""
    written = str(metric.meta["format"])
    is_money = metric.meta["unit"] == "rub"
    return f"${written}" if is_money and not written.startswith("$") else written


def _label(part: Content) -> str:
    return str(part["verbose_name"])
