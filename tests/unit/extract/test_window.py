"""Windows: cut without gaps or overlaps, and never younger than five minutes."""

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindbox_extract.errors import WindowError
from mindbox_extract.window import Window, day_window

moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)).map(  # noqa: DTZ001
    lambda moment: moment.replace(second=0, microsecond=0, tzinfo=UTC)
)


@st.composite
def windows(draw: st.DrawFn) -> Window:
    since = draw(moments)
    return Window(since, since + timedelta(minutes=draw(st.integers(1, 400 * 24 * 60))))


@given(windows(), st.integers(1, 92))
def test_pieces_tile_the_window_and_are_cut_at_midnights(window: Window, days: int) -> None:
    pieces = list(window.pieces(days))
    assert pieces[0].since == window.since
    assert pieces[-1].till == window.till
    for left, right in pairwise(pieces):
        assert left.till == right.since
        assert left.till.time() == datetime.min.time()
    assert all(len(piece.days()) <= days for piece in pieces)


@given(windows())
def test_halving_ends_at_single_days_that_tile_the_window(window: Window) -> None:
    whole, waiting = [], [window]
    while waiting:
        piece = waiting.pop()
        halves = piece.halves()
        if halves is None:
            whole.append(piece)
        else:
            assert halves[0].till == halves[1].since
            waiting += halves
    whole.sort()
    assert [piece.days() for piece in whole] == [[day] for day in window.days()]
    assert (whole[0].since, whole[-1].till) == (window.since, window.till)


@given(windows(), moments, st.integers(0, 59))
def test_the_right_edge_stays_five_minutes_behind(
    window: Window, now: datetime, seconds: int
) -> None:
    now += timedelta(seconds=seconds)
    clipped = window.clip(now)
    if clipped is None:
        assert window.since > now - timedelta(minutes=6)
    else:
        assert clipped.since == window.since
        assert clipped.till <= now - timedelta(minutes=5)
        assert clipped.till == window.till or now - clipped.till < timedelta(minutes=6)


@given(windows())
def test_months_cover_the_days_of_the_window(window: Window) -> None:
    months = window.months()
    assert all(first.day == 1 and (last + timedelta(days=1)).day == 1 for first, last in months)
    covered = {day for day in window.days() for first, last in months if first <= day <= last}
    assert covered == set(window.days())
    assert months[0][0] <= window.days()[0] <= months[0][1]


def test_edges_in_another_zone_are_the_same_moments() -> None:
    moscow = datetime(2024, 5, 1, 3, tzinfo=ZoneInfo("Europe/Moscow"))
    offset = datetime(2024, 5, 2, 2, tzinfo=timezone(timedelta(hours=2)))
    assert Window(moscow, offset) == day_window(date(2024, 5, 1))


@pytest.mark.parametrize(
    ("since", "till", "says"),
    [
        (datetime(2024, 5, 1), datetime(2024, 5, 2, tzinfo=UTC), "no time zone"),  # noqa: DTZ001
        (datetime(2024, 5, 2, tzinfo=UTC), datetime(2024, 5, 2, tzinfo=UTC), "is empty"),
        (datetime(2024, 5, 3, tzinfo=UTC), datetime(2024, 5, 2, tzinfo=UTC), "is empty"),
    ],
)
def test_a_window_that_is_none_is_refused(since: datetime, till: datetime, says: str) -> None:
    with pytest.raises(WindowError, match=says):
        Window(since, till)
