# ruff: noqa: S608 (statements are put together by the code under test)
"""Participants of made-up experiments, in a table of the mart's columns, asked by the metrics."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from clickhouse_connect.driver.client import Client

from superset_assets.metric_sql import MetricSql

MART = "marts.mart_experiment_participants"
MEASURES = (
    *("participant_experiment_key", "participant_is_treated", "participant_is_control"),
    *("participant_has_outcome", "participant_outcome_orders", "participant_outcome_amount"),
    *("participant_winsorised_amount", "participant_planned_control_share"),
)
WINSORISED_AT = 0.999


@dataclass(frozen=True)
class Arm:
    """Participants of one arm: how many, and what those who bought came to, in kopecks."""

    size: int
    bought: Sequence[int]

    @property
    def outcomes(self) -> list[int]:
        """Kopecks of every participant."""
        return [*self.bought, *[0] * (self.size - len(self.bought))]


@dataclass(frozen=True)
class Experiment:
    """Two arms of a mailing; the planned share of control is 0 where nobody says it."""

    key: str
    treated: Arm
    control: Arm
    planned: float = 0.5

    @property
    def limit(self) -> int:
        """Kopecks that the mart cuts amounts to: value ⌊0.999·n⌋ of all, counted from zero."""
        bought = sorted([*self.treated.bought, *self.control.bought])
        people = self.treated.size + self.control.size
        position = int(WINSORISED_AT * people) - (people - len(bought))
        return bought[position] if position >= 0 else 0


class Cells:
    """A table of participants, and what the metrics say of it."""

    def __init__(self, client: Client, sql: MetricSql, table: str) -> None:
        self._client, self._sql, self._table = client, sql, table

    def add(self, experiments: Sequence[Experiment]) -> None:
        """Add every participant; who bought nothing is added by the server."""
        buyers: list[tuple[Any, ...]] = []
        idle: list[tuple[Any, ...]] = []
        for experiment in experiments:
            limit = experiment.limit
            for arm, treated in ((experiment.treated, 1), (experiment.control, 0)):
                who = (experiment.key, treated, 1 - treated)
                buyers += [
                    (*who, 1, 1, roubles(n), roubles(min(n, limit)), experiment.planned)
                    for n in arm.bought
                ]
                idle.append((*who, arm.size - len(arm.bought), experiment.planned))
        self._client.insert(self._table, buyers, column_names=MEASURES)
        listed = ", ".join(f"('{key}', {t}, {c}, {n}, {planned})" for key, t, c, n, planned in idle)
        self._client.command(
            f"insert into {self._table} (participant_experiment_key, participant_is_treated,"
            " participant_is_control, participant_planned_control_share)"
            " select row.1, row.2, row.3, row.5"
            f" from (select arrayJoin([{listed}]) as row) array join range(toUInt32(row.4)) as n"
        )

    def ask(self, *metrics: str, by: str = "participant_experiment_key") -> dict[str, list[Any]]:
        """Values of the metrics per cell, by their own SQL, all cells in one query."""
        expressions = ", ".join(self._sql.expression(name) for name in metrics)
        rows = self._client.query(
            f"select {by} as cell, {expressions} from {self._table} group by cell"
        ).result_rows
        return {str(cell): list(values) for cell, *values in rows}


@contextmanager
def cells(client: Client, sql: MetricSql) -> Iterator[Cells]:
    """An empty table of the mart's own measures."""
    table = "intermediate.made_up_participants"
    client.command(f"drop table if exists {table}")
    client.command(
        f"create table {table} engine = Memory as select {', '.join(MEASURES)} from {MART} where 0"
    )
    yield Cells(client, sql, table)
    client.command(f"drop table {table}")


def roubles(kopecks: int) -> Decimal:
    return Decimal(kopecks) / 100
