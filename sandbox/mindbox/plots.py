"""Pictures of a world, by which a person judges whether it looks like a shop.

python -m sandbox.mindbox.plots [--customers 12000 --months 24 --seed 1]
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click
import matplotlib as mpl
import numpy as np
from matplotlib.dates import DateFormatter, MonthLocator
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter

from sandbox.mindbox.world import World, WorldSettings
from sandbox.mindbox.world.actions import FIRST_SOURCE, TRACKED, Template
from sandbox.mindbox.world.clock import HOUR, MINUTE
from sandbox.mindbox.world.mailings import Channel
from sandbox.mindbox.world.messages import Status
from sandbox.mindbox.world.orders import ANONYMOUS
from sandbox.mindbox.world.points import POINT, Kind
from sandbox.mindbox.world.traffic import SOURCES
from sandbox.mindbox.world.vocabulary import BRANDS, ONLINE_CHANNELS

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

    from sandbox.mindbox.world.actions import Actions
    from sandbox.mindbox.world.arrays import Array, Floats, Ints

PICTURE = Path(__file__).resolve().parents[2] / "docs" / "images" / "world.png"
_UNTIL = datetime(2026, 1, 1, tzinfo=UTC)
_BLUE, _ORANGE, _GREY, _GREEN = "#2f6fb0", "#d9822b", "#9aa5b1", "#3f9b6c"
_COHORTS = 18
_FEWEST_SENT = 200
_SESSION_PAUSE = 30 * MINUTE


class Panel(NamedTuple):
    """One picture of the page.

    Attributes:
        title: what it shows.
        draw: draws a world on axes.
    """

    title: str
    draw: Callable[[Axes, World], None]


@click.command()
@click.option("--customers", default=12_000, show_default=True, help="People of the world.")
@click.option("--months", default=24, show_default=True, help="Months of history.")
@click.option("--seed", default=1, show_default=True, help="Seed of the world.")
@click.option("--out", type=click.Path(path_type=Path), default=PICTURE, help="Picture to write.")
def main(customers: int, months: int, seed: int, out: Path) -> None:
    """Generate a world and draw its figures as one page."""
    settings = WorldSettings(customers=customers, months=months, seed=seed, until=_UNTIL)
    draw(World.generate(settings), out)
    click.echo(f"written: {out}")


def draw(world: World, path: Path) -> None:
    """Write the page of all panels as a picture; the same world gives the same picture."""
    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        rows = -(-len(PANELS) // 2)
        figure = Figure(figsize=(13, 3.4 * rows), layout="constrained")
        axes = figure.subplots(rows, 2).ravel()
        for panel, place in zip(PANELS, axes, strict=False):
            place.set_title(panel.title, loc="left", fontweight="bold")
            panel.draw(place, world)
        for unused in axes[len(PANELS) :]:
            unused.remove()
        settings = world.settings
        brands = ", ".join(brand.name for brand in BRANDS[: settings.brands])
        figure.suptitle(
            f"{_spaced(settings.customers)} customers, {settings.months} months, brands: {brands}",
            x=0.01,
            ha="left",
        )
        figure.savefig(path, dpi=100, metadata={"Software": None})


def _messages_by_day(axes: Axes, world: World) -> None:
    """Delivered messages of every local day, by type of mailing."""
    delivered = world.truth.messages.delivered
    day = world.calendar.day_index(world.messages.participated_at[delivered])
    mailing = world.messages.mailing[delivered]
    kinds = np.array([m.mailing_type for m in world.plan.mailings])[mailing]
    first, dates = _days(world)
    bottom = np.zeros(len(dates))
    for kind, colour, label in (
        ("transaction", _GREY, "transactional"),
        ("trigger", _ORANGE, "triggered"),
        ("mass", _BLUE, "mass"),
    ):
        counts = np.bincount(day[kinds == kind] - first, minlength=len(dates))[: len(dates)]
        weekly = _smoothed(counts)
        axes.fill_between(dates, bottom, bottom + weekly, color=colour, label=label, linewidth=0)
        bottom = bottom + weekly
    _dated(axes)


def _reactions_by_month(axes: Axes, world: World) -> None:
    """Open and click rate of mass e-mail, by month of participation."""
    facts, messages = world.truth.messages, world.messages
    plan = world.plan.mailings
    is_mass_email = np.array(
        [m.mailing_type == "mass" and m.channel == Channel.EMAIL for m in plan]
    )
    chosen = facts.delivered & is_mass_email[messages.mailing]
    month = world.calendar.month(messages.participated_at[chosen])
    months, place = np.unique(month, return_inverse=True)
    delivered = np.bincount(place)
    shown = delivered >= _FEWEST_SENT
    dates = _month_starts(months[shown])
    for flags, colour, label in (
        (facts.opened, _BLUE, "opens"),
        (facts.clicked, _ORANGE, "clicks"),
        (facts.unsubscribed, _GREY, "unsubscribes"),
    ):
        rate = np.bincount(place, flags[chosen])[shown] / delivered[shown]
        axes.plot(dates, rate, color=colour, label=label, marker="o", markersize=3)
    _dated(axes)


def _orders_by_day(axes: Axes, world: World) -> None:
    """Goal orders of every local day."""
    at = world.orders.ordered_at[world.truth.orders.in_goal]
    first, dates = _days(world)
    counts = np.bincount(world.calendar.day_index(at) - first, minlength=len(dates))[: len(dates)]
    axes.fill_between(dates, 0, counts, color=_GREY, label="day")
    axes.plot(dates, _smoothed(counts), color=_BLUE, label="mean of 7 days")
    _dated(axes)


def _order_values(axes: Axes, world: World) -> None:
    """Values of goal orders, on a logarithmic scale."""
    roubles = world.truth.orders.amount[world.truth.orders.in_goal] / 100
    bins = np.geomspace(100, 100_000, 46).tolist()
    axes.hist(roubles, bins=bins, color=_BLUE)
    axes.set_xscale("log")
    middle, mean = float(np.median(roubles)), float(roubles.mean())
    axes.axvline(middle, color=_ORANGE, label=f"median {_spaced(middle)} ₽")
    axes.axvline(mean, color=_GREEN, label=f"mean {_spaced(mean)} ₽")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{_spaced(value)} ₽"))
    axes.legend(frameon=False)


def _retention(axes: Axes, world: World) -> None:
    """Share of a month's first-time buyers who buy again so many months later."""
    facts = world.truth.orders
    known = facts.in_goal & (facts.person != ANONYMOUS)
    person, month = facts.person[known], world.calendar.month(world.orders.ordered_at[known])
    people, place = np.unique(person, return_inverse=True)
    cohort = np.full(len(people), np.iinfo(np.int64).max)
    np.minimum.at(cohort, place, month)
    age = month - cohort[place]
    last = int(month.max())
    start = last - _COHORTS
    cells = np.unique(np.stack([cohort[place], age, place]), axis=1)
    table = np.full((_COHORTS, _COHORTS), np.nan)
    for row in range(_COHORTS):
        size = max(int(np.count_nonzero(cohort == start + row)), 1)
        for column in range(1, _COHORTS - row):
            back = (cells[0] == start + row) & (cells[1] == column)
            table[row, column] = np.count_nonzero(back) / size
    image = axes.imshow(table[:, 1:], aspect="auto", cmap="Blues", vmin=0)
    axes.set_xlabel("months after the first order")
    axes.set_ylabel("month of the first order")
    axes.set_xticks(range(0, _COHORTS - 1, 3), [str(n + 1) for n in range(0, _COHORTS - 1, 3)])
    labels = [str(d)[:7] for d in _month_starts(start + np.arange(_COHORTS))]
    axes.set_yticks(range(0, _COHORTS, 3), labels[::3])
    bar = axes.figure.colorbar(image, ax=axes)
    bar.ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))


def _hours(axes: Axes, world: World) -> None:
    """Orders and opens by the project's hour of day."""
    opens = world.statuses.at[world.statuses.kind == Status.OPENED]
    for at, colour, label in (
        (world.orders.ordered_at, _BLUE, "orders"),
        (opens, _ORANGE, "opens"),
    ):
        hour = ((at - world.calendar.starts[world.calendar.day_index(at)]) // HOUR) % 24
        share = np.bincount(hour, minlength=24) / max(len(at), 1)
        axes.plot(range(24), share, color=colour, label=label, marker="o", markersize=3)
    axes.set_xticks(range(0, 24, 3))
    axes.set_xlabel("hour of day, project time")
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.legend(frameon=False)


def _visits_by_day(axes: Axes, world: World) -> None:
    """Visits and launches of every local day; the day of the tracker's outage is marked."""
    first, dates = _days(world)
    actions = world.actions
    bottom = np.zeros(len(dates))
    for template, colour, label in (
        (Template.APP_LAUNCH, _ORANGE, "launches of the app"),
        (Template.SITE_VISIT, _BLUE, "visits to the site"),
    ):
        day = world.calendar.day_index(actions.at[actions.template == template]) - first
        counts = np.bincount(day[day >= 0], minlength=len(dates))[: len(dates)]
        axes.fill_between(dates, bottom, bottom + counts, color=colour, label=label)
        bottom = bottom + counts
    outage = np.datetime64(world.outage.day)
    axes.annotate(
        "tracker down",
        (outage, 0),
        (outage, bottom.max() * 0.75),
        ha="center",
        arrowprops={"arrowstyle": "->"},
    )
    _dated(axes)


def _funnel(axes: Axes, world: World) -> None:
    """Sessions that reach each step, as shares of all sessions."""
    actions = world.actions.take(np.flatnonzero(np.isin(world.actions.template, TRACKED)))
    actions = actions.take(np.lexsort((actions.at, actions.customer)))
    gap = np.diff(actions.at) > _SESSION_PAUSE
    session = np.concatenate([[0], np.cumsum(gap | (np.diff(actions.customer) != 0))])
    sessions = int(session[-1]) + 1
    steps = {"all sessions": np.ones(sessions, bool)}
    for label, templates in (
        ("category", (Template.CATEGORY_VIEW,)),
        ("product", (Template.PRODUCT_VIEW,)),
        ("cart", (Template.CART_ADD, Template.CART_SET)),
        ("checkout", (Template.CHECKOUT_START,)),
    ):
        steps[label] = np.zeros(sessions, bool)
        steps[label][session[np.isin(actions.template, templates)]] = True
    steps["order"] = _with_order(world, actions, session, sessions)
    shares = [float(flags.mean()) for flags in steps.values()]
    axes.barh(range(len(steps)), shares, color=_BLUE)
    axes.set_yticks(range(len(steps)), list(steps))
    axes.invert_yaxis()
    for row, share in enumerate(shares):
        axes.text(share + 0.01, row, f"{share:.1%}", va="center")
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))


def _with_order(world: World, actions: Actions, session: Array, sessions: int) -> Array:
    """Sessions with an online order of the same customer until half an hour after their end."""
    starts = np.flatnonzero(np.diff(session, prepend=-1))
    ends = np.append(starts[1:], len(session)) - 1
    online = np.flatnonzero(
        np.isin(world.orders.channel, ONLINE_CHANNELS) & (world.orders.customer != ANONYMOUS)
    )
    # One number per customer and moment, so that the last session before an order is one search.
    span = world.settings.until_ms + 1
    began = actions.customer[starts].astype(np.int64) * span + actions.at[starts]
    ordered = (
        world.orders.customer[online].astype(np.int64) * span + world.orders.ordered_at[online]
    )
    found = np.searchsorted(began, ordered, side="right") - 1
    same = actions.customer[starts[found]] == world.orders.customer[online]
    in_time = world.orders.ordered_at[online] <= actions.at[ends[found]] + _SESSION_PAUSE
    flags = np.zeros(sessions, bool)
    flags[found[(found >= 0) & same & in_time]] = True
    return flags


def _sources(axes: Axes, world: World) -> None:
    """Visits to the site by the class of their source."""
    visits = world.actions.contact[world.actions.template == Template.SITE_VISIT]
    counts = np.bincount(visits - FIRST_SOURCE, minlength=len(SOURCES))
    order = np.argsort(-counts)
    axes.barh(range(len(SOURCES)), counts[order] / counts.sum(), color=_BLUE)
    axes.set_yticks(range(len(SOURCES)), [SOURCES[n].name for n in order])
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))


def _points_liability(axes: Axes, world: World) -> None:
    """Points that customers have at the end of every local day, and what moved them by month."""
    first, dates = _days(world)
    movements = world.movements
    day = world.calendar.day_index(movements.at) - first
    change = np.bincount(np.maximum(day, 0), movements.amount, minlength=len(dates))
    balance = np.cumsum(change)[: len(dates)] / POINT
    axes.fill_between(dates, 0, balance, color=_GREY, alpha=0.5, label="balance", linewidth=0)
    # The month that is not over would look like a collapse.
    month = world.calendar.month(movements.at)
    movements = movements.take(np.flatnonzero(month < world.calendar.month(_end(world))))
    months, place = np.unique(world.calendar.month(movements.at), return_inverse=True)
    for kind, colour, label in (
        (Kind.RETAIL_ORDER_BONUS, _GREEN, "accrued in the month"),
        (Kind.RETAIL_ORDER_PAYMENT, _BLUE, "spent"),
        (Kind.EXPIRED, _ORANGE, "expired"),
    ):
        amounts = np.where(movements.kind == kind, np.abs(movements.amount), 0)
        sums = np.bincount(place, amounts) / POINT
        axes.plot(_month_starts(months), sums, color=colour, label=label, marker="o", markersize=3)
    _dated(axes)


def _days(world: World) -> tuple[int, Array]:
    """Position of history's first local day, and the dates of all its days."""
    since, until = world.settings.since_ms, world.settings.until_ms
    first, last = world.calendar.day_index(np.array([since, until - 1]))
    return int(first), np.array(world.calendar.dates[first : last + 1], "datetime64[D]")


def _end(world: World) -> Ints:
    return np.array([world.settings.until_ms])


def _smoothed(counts: Ints) -> Floats:
    return np.convolve(counts, np.full(7, 1 / 7), mode="same")


def _month_starts(months: Ints) -> Array:
    return np.array([f"{m // 12}-{m % 12 + 1:02d}-01" for m in months], "datetime64[D]")


def _dated(axes: Axes) -> None:
    """A time axis whose labels do not touch, and a legend above what is drawn."""
    axes.xaxis.set_major_locator(MonthLocator(interval=6))  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(DateFormatter("%m.%Y"))  # type: ignore[no-untyped-call]
    axes.yaxis.set_major_formatter(
        PercentFormatter(1.0, decimals=0)
        if axes.get_ylim()[1] <= 1
        else FuncFormatter(lambda value, _: _spaced(value))
    )
    axes.set_ylim(0, axes.get_ylim()[1] * 1.15)
    axes.legend(frameon=False, ncols=2, loc="upper left")


def _spaced(value: float) -> str:
    return f"{value:,.0f}".replace(",", " ")


PANELS: tuple[Panel, ...] = (
    Panel("Messages delivered a day (mean of 7 days)", _messages_by_day),
    Panel("Mass e-mail: share of delivered", _reactions_by_month),
    Panel("Orders by day", _orders_by_day),
    Panel("Value of an order", _order_values),
    Panel("Visits by day", _visits_by_day),
    Panel("Sessions that reach a step", _funnel),
    Panel("Visits by source", _sources),
    Panel("Points: balance and movements", _points_liability),
    Panel("Buyers who come back, by cohort", _retention),
    Panel("Hour of orders and opens", _hours),
)


if __name__ == "__main__":
    main()
