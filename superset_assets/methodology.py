"""The tab «Методика» of a board: what its numbers mean, written from the metrics' definitions."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from superset_assets.files import Asset, Content
from superset_assets.references import chart_metrics, charts_of

BLOCK = "MARKDOWN-methodology"
ROW_PX, HEAD_PX, LINE_PX, UNIT_PX = 6, 190, 21, 8
MEANING_CHARS, FORMULA_CHARS = 86, 33


@dataclass(frozen=True)
class Wording:
    """What the tab says around the metrics, in one language.

    Attributes:
        formula_mark: what parts a metric's description from its formula.
    """

    introduction: str
    heading: str
    table_head: str
    formula_mark: str


RUSSIAN = Wording(
    introduction="""\
#### Как читать числа

- **Период** — дни в часовом поясе проекта, обе границы включены. **Предыдущий период** под \
крупными числами — столько же целых месяцев перед выбранными, а если выбраны не целые месяцы — \
столько же дней.
- **Дата учёта.** *По дате отправки* всё, что вызвало сообщение, относится ко дню участия клиента \
в рассылке: так считает сводный отчёт Mindbox. *По дате события* каждое открытие, клик и заказ \
стоит в своём дне.
- **Атрибуция.** Заказ засчитан рассылке по выбранной модели; смена модели меняет заказы и оборот \
из рассылок и ничего больше. Засчитано — не значит «случилось благодаря»: часть заказов была бы и \
без рассылки.
- **Доли** — отношения сумм, а не средние долей. Если делить не на что, значения нет.
""",
    heading="#### Показатели доски",
    table_head="| Показатель | Что показывает | Формула |\n|:--|:--|:--|\n",
    formula_mark="\n\nФормула: ",
)
ENGLISH = Wording(
    introduction="""\
#### How to read the numbers

- **Period**: days in the project's time zone, both ends included. The **previous period** below \
the large numbers is as many whole months before the chosen ones or, where no whole months are \
chosen, as many days.
- **Counted date.** *By send date* everything that a message caused belongs to the day on which \
the customer took part in the mailing, as in Mindbox's summary report. *By event date* each \
open, click and order stands on its own day.
- **Attribution.** An order is credited to a mailing by the chosen model; another model changes \
the orders and revenue from mailings and nothing else. Credited does not mean caused: some of \
the orders would have come without the mailing.
- **Rates** are ratios of sums, never averages of rates. Where there is nothing to divide by, \
there is no value.
""",
    heading="#### Metrics of this board",
    table_head="| Metric | What it shows | Formula |\n|:--|:--|:--|\n",
    formula_mark="\n\nFormula: ",
)


@dataclass(frozen=True)
class Entry:
    """One metric in the table."""

    label: str
    meaning: str
    formula: str

    @property
    def height(self) -> int:
        """About how tall the row is drawn, in pixels."""
        lines = max(
            math.ceil(len(self.meaning) / MEANING_CHARS),
            math.ceil(len(self.formula) / FORMULA_CHARS),
        )
        return lines * LINE_PX + ROW_PX


def write_methodology(
    board: Asset,
    charts: list[Asset],
    datasets: Mapping[str, Content],
    wording: Wording = RUSSIAN,
) -> Content:
    """The board with its «Методика» written anew.

    Args:
        board: the board; one without the block is returned as it is.
        charts: all charts of the room.
        datasets: the generated datasets by UUID, in the language of the wording.
        wording: what stands around them.

    Returns:
        The board's content; the block explains every metric that a chart of the board shows.
    """
    position = board.content["position"]
    if BLOCK not in position:
        return board.content
    shown = {
        (chart.content["dataset_uuid"], metric)
        for chart in charts_of(board, charts)
        for metric in chart_metrics(chart)
    }
    entries = sorted(
        (
            _entry(metric, wording)
            for uuid, dataset in datasets.items()
            for metric in dataset["metrics"]
            if (uuid, metric["metric_name"]) in shown
        ),
        key=lambda entry: entry.label,
    )
    rows = "".join(f"| **{each.label}** | {each.meaning} | {each.formula} |\n" for each in entries)
    pixels = HEAD_PX + len(wording.introduction.splitlines()) * LINE_PX * 1.6
    pixels += sum(entry.height for entry in entries)
    meta = {
        **position[BLOCK]["meta"],
        "code": f"{wording.introduction}\n{wording.heading}\n\n{wording.table_head}{rows}",
        "height": math.ceil(pixels / UNIT_PX),
    }
    return {**board.content, "position": {**position, BLOCK: {**position[BLOCK], "meta": meta}}}


def _entry(metric: Content, wording: Wording) -> Entry:
    meaning, _, formula = metric["description"].partition(wording.formula_mark)
    return Entry(metric["verbose_name"], meaning, formula.rstrip("."))
