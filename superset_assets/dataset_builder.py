"""Superset's datasets, generated from dbt's manifest: the definitions live there, once."""

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from superset_assets.files import Content
from superset_assets.manifest import Column, Manifest, ManifestError, Metric, Model
from superset_assets.metric_sql import MetricSql

NAMESPACE = UUID("7b0a8a51-5b39-4f4e-8a57-0c7f8f5c7c2e")
DATABASE_UUID = str(uuid5(NAMESPACE, "database/warehouse"))
CERTIFICATION = {
    "certified_by": "Аналитика рассылок",
    "details": "Определён один раз, в dbt; числа сверяются с отчётами Mindbox",
}

WEEKDAY = "weekday"
DATE_BASIS = "date_basis"
BY_SEND_DATE = "По дате отправки"
BY_EVENT_DATE = "По дате события"
ATTRIBUTION_MODEL = "attribution_model"
WITHOUT_MODEL = "Не указано"
BOARD_OPTIONS = "board_options"
LISTED_IN_ORDER = {"hour", WEEKDAY}
# Sorts before every letter and cannot be seen before a word.
THIN_SPACE = "\u2009"


@dataclass(frozen=True)
class Switched:
    """A column that reads one of two physical columns, as the filter «Дата учёта» says."""

    name: str
    label: str
    by_send: str
    by_event: str
    description: str

    @property
    def expression(self) -> str:
        """The column as Jinja over SQL; without a choice the send basis applies."""
        return (
            f"{{% if '{BY_EVENT_DATE}' in filter_values('{DATE_BASIS}') %}}{self.by_event}"
            f"{{% else %}}{self.by_send}{{% endif %}}"
        )


SWITCHED = (
    Switched(
        "date",
        "Дата",
        "send_date",
        "event_date",
        "Дата учёта. По дате отправки (обычно): день участия в рассылке того сообщения, к которому "
        "относится событие. По дате события: день самого события. Выбирает фильтр «Дата учёта».",
    ),
    Switched(
        "hour",
        "Час",
        "send_hour",
        "hour",
        "Час отправки или час события в часовом поясе проекта, как выбрано в «Дате учёта».",
    ),
    Switched(
        WEEKDAY,
        "День недели",
        "send_weekday",
        "weekday",
        "День недели отправки или события, как выбрано в «Дате учёта».",
    ),
)


def dataset_uuid(name: str) -> str:
    """The identity of a dataset in every installation."""
    return str(uuid5(NAMESPACE, f"dataset/{name}"))


def generate(manifest: Manifest) -> dict[str, Content]:
    """All datasets by name.

    A model becomes a dataset when a metric is read from it. `board_options` holds the choices of
    the switches «Дата учёта» and «Модель атрибуции», so that their lists cost no scan.

    Raises:
        ManifestError: a metric cannot be translated.
    """
    sql = MetricSql(manifest)
    by_model: dict[str, list[Metric]] = {}
    for metric in manifest.metrics.values():
        by_model.setdefault(sql.model(metric.name), []).append(metric)
    datasets = {
        name: _dataset(manifest.models[name], metrics, sql) for name, metrics in by_model.items()
    }
    switching = [
        manifest.models[name]
        for name in datasets
        if ATTRIBUTION_MODEL in manifest.models[name].columns
    ]
    if len(switching) != 1:
        raise ManifestError(f"one mart with {ATTRIBUTION_MODEL} is needed: {len(switching)} found")
    return {**datasets, BOARD_OPTIONS: _board_options(switching[0])}


def _dataset(model: Model, metrics: list[Metric], sql: MetricSql) -> Content:
    physical = set(model.columns)
    switched = [each for each in SWITCHED if {each.by_send, each.by_event} <= physical]
    taken = {name for each in switched for name in (each.by_send, each.by_event)}
    columns = [_calculated(each, model) for each in switched]
    columns += [
        _column(column.name, column.label, column.type, column.description)
        for column in model.columns.values()
        if column.is_slice and not column.is_hidden and column.name not in taken
    ]
    if WEEKDAY in {each.name for each in switched}:
        columns.append(_weekday_axis())
    columns.append(_date_basis(f"'{BY_SEND_DATE}'"))
    return {
        **_frame(model.name, model.description),
        "schema": model.schema,
        "table_name": model.name,
        "sql": _model_switch(model),
        "main_dttm_col": "date",
        "columns": sorted(columns, key=_label),
        "metrics": sorted(
            [
                *(_metric(metric, sql.expression(metric.name)) for metric in metrics),
                *(_order(each) for each in switched if each.name in LISTED_IN_ORDER),
            ],
            key=_label,
        ),
    }


def _model_switch(model: Model) -> str | None:
    """The SELECT that lets one attribution model through, the default one without a choice.

    Figures that no model touches carry no model and always pass; a plain WHERE keeps the
    projections of the table in use. Read from the table itself where there is nothing to switch.
    """
    if ATTRIBUTION_MODEL not in model.columns:
        return None
    default = _attribution_models(model)[0]
    return (
        f"{{%- set chosen = filter_values('{ATTRIBUTION_MODEL}', remove_filter=True) -%}}\n"
        f"{{%- set basis = filter_values('{DATE_BASIS}', remove_filter=True) -%}}\n"
        f"select *\n"
        f"from {model.schema}.{model.name}\n"
        f"where {ATTRIBUTION_MODEL} = '{WITHOUT_MODEL}'\n"
        f"    or {ATTRIBUTION_MODEL} in {{{{ (chosen or ['{default}'])[:1] | where_in }}}}"
    )


def _attribution_models(model: Model) -> list[str]:
    """The attribution models in the order of the mart's list; the first is the default."""
    values = re.findall(r"'([^']+)'\s*=", model.columns[ATTRIBUTION_MODEL].type)
    return [value for value in values if value != WITHOUT_MODEL]


def _board_options(model: Model) -> Content:
    attribution = model.columns[ATTRIBUTION_MODEL]
    return {
        **_frame(BOARD_OPTIONS, "Варианты переключателей доски. Чисел здесь нет."),
        "schema": model.schema,
        "table_name": BOARD_OPTIONS,
        "sql": "select 1 as option",
        "main_dttm_col": None,
        "columns": sorted(
            [
                _date_basis(_array_join([BY_SEND_DATE, BY_EVENT_DATE])),
                _column(
                    attribution.name,
                    attribution.label,
                    "String",
                    attribution.description,
                    expression=_array_join(_attribution_models(model)),
                ),
            ],
            key=_label,
        ),
        "metrics": [_row_count()],
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


def _calculated(switched: Switched, model: Model) -> Content:
    column: Column = model.columns[switched.by_event]
    return _column(
        switched.name,
        switched.label,
        column.type,
        switched.description,
        expression=switched.expression,
        is_time=switched.name == "date",
    )


def _weekday_axis() -> Content:
    weekday = next(each for each in SWITCHED if each.name == WEEKDAY).expression
    return _column(
        f"{WEEKDAY}_axis",
        "День недели (ось)",
        "String",
        "День недели для осей, которые Superset упорядочивает по буквам: пробелы перед названием "
        "ставят дни по порядку.",
        expression=f"concat(repeat('{THIN_SPACE}', 7 - toInt8({weekday})), toString({weekday}))",
    )


def _date_basis(expression: str) -> Content:
    return _column(
        DATE_BASIS,
        "Дата учёта",
        "String",
        "По какой дате считать: отправки сообщения (как сводный отчёт Mindbox) или самого события.",
        expression=expression,
    )


def _metric(metric: Metric, expression: str) -> Content:
    return _metric_frame(
        metric.name,
        metric.label,
        expression,
        f"{metric.description}\n\nФормула: {metric.formula}.",
        number_format(metric),
    )


def _order(switched: Switched) -> Content:
    """A metric to sort a filter's list by, which Superset otherwise sorts by letters."""
    return _metric_frame(
        f"{switched.name}_order",
        f"Порядок: {switched.label.lower()}",
        f"min(toInt8({switched.expression}))",
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
