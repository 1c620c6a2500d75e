"""What a board's charts wait for: our request path beside Superset's own, over one warehouse.

Ours keeps connections to ClickHouse, commits no event per request and runs in two processes. Both
Supersets hold the same boards in copies of one metadata database. What the charts ask is taken down
from Chromium while it opens the board, and asked again of both in turns.
"""

from __future__ import annotations

import json
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qs, urlsplit

import clickhouse_connect
from clickhouse_connect.driver.exceptions import ClickHouseError

from sandbox.bench.timing import Spread, ratio_of_pairs
from sandbox.superset import (
    CONFIGURATION,
    ROOT,
    begin_bootstrap,
    environment_of,
    finish_bootstrap,
    free_port,
    start_superset,
)
from superset_assets.browser import CHART_DATA, Viewer, chromium
from superset_assets.client import SupersetClient
from superset_assets.settings import SupersetLogin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from superset_assets.settings import Warehouse

BEFORE, AFTER = "before", "after"
AT_ONCE = 8
_READER = "demo"
_API = "/api/v1/"
_TWENTIETHS = 20


class NoWarehouseError(Exception):
    """No ClickHouse with our marts answers; the text says where."""


class DifferentAnswerError(Exception):
    """The two Supersets say different things, so that comparing their times says nothing."""


@dataclass(frozen=True)
class RequestPath:
    """How a Superset takes requests.

    Attributes:
        configuration: its configuration file.
        workers: processes of gunicorn.
    """

    configuration: Path
    workers: int


PATHS: Mapping[str, RequestPath] = {
    BEFORE: RequestPath(Path(__file__).with_name("superset_defaults.py"), workers=1),
    AFTER: RequestPath(CONFIGURATION, workers=2),
}


@dataclass(frozen=True)
class ChartRequest:
    """What a chart on a board asks for.

    Attributes:
        path: of the API, with the chart and the board in its parameters.
        body: the query context; nothing is taken from the cache of data.
    """

    path: str
    body: dict[str, Any]


class Asker(Protocol):
    """Who asks Superset; one at a time."""

    def post(self, path: str, **kwargs: Any) -> dict[str, Any]:
        """POST to an address of the API; the answer's JSON."""


@dataclass(frozen=True)
class Asked:
    """One Superset under measurement.

    Attributes:
        askers: as many as ask at once; the first asks alone.
        log_rows: counts the rows of the metadata database's table `logs`.
    """

    askers: Sequence[Asker]
    log_rows: Callable[[], int]


@dataclass(frozen=True)
class Round:
    """What asking every question of one Superset took: one after another, then several at once.

    Attributes:
        median: seconds of the middle request, one after another.
        together: seconds until all were answered, several at once.
        p95: seconds that 19 of 20 requests needed at most, several at once.
        log_rows: rows that `logs` gained per request.
    """

    median: float
    together: float
    p95: float
    log_rows: float


@dataclass(frozen=True)
class Comparison:
    """The rounds of both request paths, in pairs.

    Attributes:
        requests: how many each part of a round asked.
        rounds: by request path.
    """

    requests: int
    rounds: Mapping[str, tuple[Round, ...]]

    def spread(self, path: str, figure: str) -> Spread:
        """One figure of all rounds of a request path."""
        return Spread(tuple(getattr(each, figure) for each in self.rounds[path]))

    def ratio(self, figure: str) -> Spread:
        """How many times as long Superset's own path took, round by round."""
        return ratio_of_pairs(self.spread(BEFORE, figure), self.spread(AFTER, figure))

    def per_second(self, path: str) -> float:
        """Requests per second of the middle round, several at once."""
        return self.requests / self.spread(path, "together").median

    def log_rows(self, path: str) -> float:
        """Rows that `logs` gained per request, over all rounds."""
        return statistics.mean(each.log_rows for each in self.rounds[path])

    def as_json(self) -> dict[str, Any]:
        """Seconds, with the ratio of each figure beside it."""
        return {
            "one_after_another": {"median_request_seconds": self._beside("median")},
            "at_once": {
                "requests_per_second": {
                    **{path: round(self.per_second(path), 1) for path in self.rounds},
                    "ratio": self.ratio("together").as_json(),
                },
                "p95_seconds": self._beside("p95"),
            },
            "log_rows_per_request": {path: round(self.log_rows(path), 2) for path in self.rounds},
        }

    def _beside(self, figure: str) -> dict[str, Any]:
        return {
            **{path: self.spread(path, figure).as_json() for path in self.rounds},
            "ratio": self.ratio(figure).as_json(),
        }


def events_of(warehouse: Warehouse) -> int:
    """How many events the boards are about.

    Raises:
        NoWarehouseError: nobody answers, the login is wrong, or there are no marts.
    """
    try:
        with closing(
            clickhouse_connect.get_client(
                host=warehouse.host,
                port=warehouse.port,
                username=warehouse.user,
                password=warehouse.password,
                secure=warehouse.secure,
            )
        ) as client:
            return int(client.command("SELECT count() FROM marts.wide_events"))
    except ClickHouseError as error:
        raise NoWarehouseError(
            f"no warehouse with marts answers {warehouse.user} at {warehouse.host}:"
            f"{warehouse.port}: `make demo` makes one, CLICKHOUSE_HOST, CLICKHOUSE_PORT and "
            f"CLICKHOUSE_READER_PASSWORD name another\n{error}"
        ) from error


def measure(
    board: str, *, rounds: int, say: Callable[[str], None]
) -> tuple[list[ChartRequest], Comparison]:
    """Start both Supersets, take down what the first tab of a board asks, and ask it of both.

    Args:
        board: slug of the board.
        rounds: how often each is measured.
        say: is told what goes on.

    Raises:
        DifferentAnswerError: they say different things.
    """
    with _both(say) as logins:
        say("opening the board …")
        with chromium() as browser:
            reader = logins[AFTER].reader
            asked = taken_down(Viewer(browser, reader.url, _READER, reader.password), board)
        say(f"asking {len(asked)} charts …")
        supersets = {path: login.asked() for path, login in logins.items()}
        return asked, compared(supersets, asked, rounds=rounds, say=say)


def taken_down(viewer: Viewer, board: str) -> list[ChartRequest]:
    """What the charts of a board's first tab ask, in the order in which they ask."""
    found: dict[str, ChartRequest] = {}
    with viewer.window() as window:

        def note(url: str, text: str | None) -> None:
            address = urlsplit(url)
            form = parse_qs(address.query).get("form_data", ["{}"])
            chart = json.loads(form[0]).get("slice_id")
            # The lists of the filter bar ask too; they are no charts.
            if address.path == CHART_DATA and text and chart:
                path = f"{address.path.removeprefix(_API)}?{address.query}"
                found[str(chart)] = ChartRequest(path, {**json.loads(text), "force": True})

        window.page.on("request", lambda request: note(request.url, request.post_data))
        window.page.goto(f"{viewer.url}/superset/dashboard/{board}/")
        window.tabs()
        window.settle()
        # Charts below the window's edge ask when they come into sight.
        window.fit()
    return list(found.values())


def compared(
    supersets: Mapping[str, Asked],
    asked: Sequence[ChartRequest],
    *,
    rounds: int,
    say: Callable[[str], None],
) -> Comparison:
    """Ask both in turns, the other one first in every second round.

    Raises:
        DifferentAnswerError: they say different things.
    """
    _warmed(supersets, asked)
    found: dict[str, list[Round]] = {path: [] for path in supersets}
    order = list(supersets)
    for number in range(rounds):
        for path in order:
            found[path].append(_round(supersets[path], asked))
            latest = found[path][-1]
            say(
                f"  round {number + 1}, {path}: {latest.median * 1000:.0f} ms, "
                f"{len(asked) / latest.together:.1f} requests/s"
            )
        order.reverse()
    return Comparison(len(asked), {path: tuple(each) for path, each in found.items()})


def _warmed(supersets: Mapping[str, Asked], asked: Sequence[ChartRequest]) -> None:
    """Have every process of both import and learn what it needs, and compare their answers."""
    sizes: dict[str, list[list[int]]] = {}
    for path, superset in supersets.items():
        for _ in range(2):
            answers = _at_once(superset.askers, asked)
            sizes[path] = [each.rows for each in answers]
    for request, before, after in zip(asked, sizes[BEFORE], sizes[AFTER], strict=True):
        if before != after:
            raise DifferentAnswerError(f"{request.path}: {before} rows before, {after} after")


def _round(superset: Asked, asked: Sequence[ChartRequest]) -> Round:
    rows = superset.log_rows()
    alone = [_answered(superset.askers[0], each).seconds for each in asked]
    started = time.perf_counter()
    at_once = [each.seconds for each in _at_once(superset.askers, asked)]
    together = time.perf_counter() - started
    return Round(
        median=statistics.median(alone),
        together=together,
        p95=statistics.quantiles(at_once, n=_TWENTIETHS, method="inclusive")[-1],
        log_rows=(superset.log_rows() - rows) / (2 * len(asked)),
    )


@dataclass(frozen=True)
class _Answer:
    seconds: float
    rows: list[int]


def _answered(asker: Asker, request: ChartRequest) -> _Answer:
    started = time.perf_counter()
    results = asker.post(request.path, json=request.body)["result"]
    seconds = time.perf_counter() - started
    return _Answer(seconds, [len(each["data"]) for each in results])


def _at_once(askers: Sequence[Asker], asked: Sequence[ChartRequest]) -> list[_Answer]:
    """Have the askers share the questions, as many at once as there are askers."""
    idle: SimpleQueue[Asker] = SimpleQueue()
    for each in askers:
        idle.put(each)

    def ask(request: ChartRequest) -> _Answer:
        asker = idle.get()
        try:
            return _answered(asker, request)
        finally:
            idle.put(asker)

    with ThreadPoolExecutor(len(askers)) as pool:
        return list(pool.map(ask, asked))


@dataclass(frozen=True)
class _Running:
    """A running Superset.

    Attributes:
        reader: who reads boards and may do nothing else.
        database: its metadata database.
    """

    reader: SupersetLogin
    database: Path

    def asked(self) -> Asked:
        askers = [SupersetClient(self.reader) for _ in range(AT_ONCE)]
        return Asked(askers, self._log_rows)

    def _log_rows(self) -> int:
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as metadata:
            ((rows,),) = metadata.execute("SELECT count(*) FROM logs")
            return int(rows)


@contextmanager
def _both(say: Callable[[str], None]) -> Iterator[dict[str, _Running]]:
    """Both Supersets over the boards of this checkout; they and their folder go at the end."""
    with (
        tempfile.TemporaryDirectory(prefix="requests-") as made,
        ExitStack() as services,
    ):
        root = Path(made)
        environment = environment_of(root)
        say("preparing Superset's database …")
        finish_bootstrap(begin_bootstrap(root, environment), root)
        source = Path(environment["SUPERSET_HOME"]) / "superset.db"
        running: dict[str, _Running] = {}
        # Ours comes first: what it is given is the other one's too.
        for name in (AFTER, BEFORE):
            path = PATHS[name]
            folder, port = root / name, free_port()
            say(f"starting Superset as {name} …")
            database = folder / "superset" / "superset.db"
            database.parent.mkdir(parents=True)
            _copy(source, database)
            of_this = {
                **environment,
                "SUPERSET_HOME": str(database.parent),
                "SUPERSET_CONFIG_PATH": str(path.configuration),
                "SUPERSET_URL": f"http://127.0.0.1:{port}",
            }
            start_superset(services, folder, of_this, port, workers=path.workers)
            if not running:
                say("publishing the boards …")
                _push(of_this)
                source = database
            reader = SupersetLogin(
                of_this["SUPERSET_URL"], _READER, environment["SUPERSET_DEMO_PASSWORD"]
            )
            running[name] = _Running(reader, database)
        yield {name: running[name] for name in PATHS}


def _copy(source: Path, target: Path) -> None:
    """Copy a database as of one moment, though somebody may be writing to it."""
    with closing(sqlite3.connect(source)) as read, closing(sqlite3.connect(target)) as written:
        read.backup(written)


def _push(environment: Mapping[str, str]) -> None:
    """Publish boards and roles, as their command does."""
    done = subprocess.run(
        [sys.executable, "-m", "superset_assets", "push"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"The boards were not published: {done.stdout[-2000:]}{done.stderr}")
