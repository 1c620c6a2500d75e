"""The glossary: every metric and every slice on one page, written from their definitions."""

from superset_assets.dataset_builder import slices_of
from superset_assets.manifest import Manifest, Metric

UNITS = {
    "persons": "чел.",
    "orders": "заказы",
    "messages": "сообщения",
    "mailings": "рассылки",
    "clicks": "клики",
    "rub": "₽",
    "percent": "%",
    "points": "баллы",
    "days": "дни",
    "hours": "часы",
    "minutes": "минуты",
    "months": "месяцы",
    "units": "шт.",
    "times": "разы",
    "sessions": "визиты",
    "events": "события",
    "products": "товары",
    "place": "место",
    "number": "число",
}
ADDITIVITY = {
    "additive": "складывается",
    "semi_additive": "складывается по срезам, не по времени",
    "non_additive": "не складывается",
}
BASES = {
    "send": "дата отправки",
    "event": "дата события",
    "order": "дата заказа",
    "asof": "конец периода",
    "assign": "дата попадания в тест",
}
BOARDS = {
    "mailings": "Рассылки",
    "crm": "CRM",
    "customer_base": "База клиентов",
    "campaign_comparison": "Сравнение кампаний",
    "mailing_orders": "Заказы из рассылок",
    "sales_funnel": "Воронка продаж",
    "experiments": "Эксперименты",
}
GROUPS = {
    "T": "Время и бренд",
    "M": "Рассылки",
    "O": "Заказы",
    "P": "Товары",
    "C": "Клиенты",
    "W": "Визиты",
    "X": "Эксперименты",
    "A": "Атрибуция",
}
INTRODUCTION = """\
# Показатели и срезы

Страница написана по определениям из `dbt/models/metrics` и описаниям столбцов витрин: правьте их, \
затем `make boards-generate`.

Делить не на что — значения нет. Доли — отношения сумм. Обе границы периода включены, дни — в \
часовом поясе проекта. Чего выгрузки Mindbox не дают, перечислено в `metrics-not-available.yml`.
"""


def write_glossary(manifest: Manifest) -> str:
    """The page as Markdown."""
    parts = [INTRODUCTION, f"\n## Показатели: {len(manifest.metrics)}\n"]
    by_board: dict[str, list[Metric]] = {}
    for metric in manifest.metrics.values():
        by_board.setdefault(metric.meta["boards"][0], []).append(metric)
    for board, title in BOARDS.items():
        if board in by_board:
            parts.append(f"\n### {title}\n")
            parts += [_entry(each) for each in sorted(by_board[board], key=lambda each: each.label)]
    slices = slices_of(manifest)
    parts.append(f"\n## Срезы: {len(slices)}\n")
    for group, title in GROUPS.items():
        rows = [
            f"| {column.label} | `{name}` | {_cell(column.description)} |\n"
            for name, column in sorted(slices.items(), key=lambda each: each[1].label)
            if column.group == group
        ]
        if rows:
            parts += [f"\n### {title}\n\n| Срез | Столбец | Что это |\n|:--|:--|:--|\n", *rows]
    return "".join(parts)


def _entry(metric: Metric) -> str:
    meta = metric.meta
    facts = (UNITS[meta["unit"]], ADDITIVITY[meta["additivity"]], BASES[meta["time_basis"]])
    return (
        f"\n**{metric.label}** · {meta['label_en']} · `{metric.name}`\n"
        f": {_sentence(metric.description)} Формула: {metric.formula}. "
        f"_{'; '.join(facts)}; срезы {', '.join(meta['slices'])}._\n"
    )


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
