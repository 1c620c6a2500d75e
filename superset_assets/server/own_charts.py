"""What a chart starts from when people make it themselves.

Superset's controls for number formats start at its own short form: «210k» under an axis, in any
language. Where a chart says nothing, the format of the metric's definition goes («210 000 ₽»). A
control that was told to be empty stays empty, also when the type of the chart is switched: so the
page is told that.
"""

from typing import Any

from superset.commands.explore.get import GetExploreCommand

NUMBER_FORMATS = (
    "number_format",
    "tooltipSizeFormat",
    "valueFormat",
    "xAxisFormat",
    "y_axis_format",
    "y_axis_format_secondary",
)


def start_from_metrics_formats() -> None:
    """Have the page that makes charts leave formats to the metrics, unless a chart has one."""
    shipped = GetExploreCommand.run

    def run(self: GetExploreCommand) -> dict[str, Any] | None:
        opened: dict[str, Any] | None = shipped(self)
        if opened is not None:
            opened["form_data"] = {**dict.fromkeys(NUMBER_FORMATS), **opened["form_data"]}
        return opened

    GetExploreCommand.run = run
