"""What a chart starts from when people make it themselves.

Superset's controls for number formats start at its own short form, «210k» under an axis in any
language, and a control cannot be told to leave the format to the metric. So it starts at numbers
written out as the language writes them («210 000», a rate as «0,25»); the marketer chooses another
beside it. What the page is told stays when the type of the chart is switched.
"""

from typing import Any

from superset.commands.explore.get import GetExploreCommand

WRITTEN_OUT = ",.4~f"
NUMBER_FORMATS = (
    "number_format",
    "tooltipSizeFormat",
    "valueFormat",
    "xAxisFormat",
    "y_axis_format",
    "y_axis_format_secondary",
)


def start_with_numbers_written_out() -> None:
    """Have the page that makes charts start at our number format, unless a chart has one."""
    shipped = GetExploreCommand.run

    def run(self: GetExploreCommand) -> dict[str, Any] | None:
        opened: dict[str, Any] | None = shipped(self)
        if opened is not None:
            ours = dict.fromkeys(NUMBER_FORMATS, WRITTEN_OUT)
            opened["form_data"] = {**ours, **opened["form_data"]}
        return opened

    GetExploreCommand.run = run
