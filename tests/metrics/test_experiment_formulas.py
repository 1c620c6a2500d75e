"""Every figure of an experiment equals its formula, counted over the participants one by one."""

import random
from collections.abc import Iterator
from math import exp, inf, lgamma, log, sqrt
from statistics import NormalDist, fmean, variance

import pytest

from superset_assets.metric_sql import MetricSql
from tests.metrics.chain import Chain
from tests.metrics.experiment_cells import Arm, Cells, Experiment, cells

Z = 1.96
NORMAL = NormalDist()
MONEY = (
    *("incremental_revenue", "incremental_revenue_margin", "incremental_revenue_lo"),
    *("incremental_revenue_hi", "incremental_orders"),
)
SHARES = (
    *("incremental_conversion", "incremental_conversion_lo", "incremental_conversion_hi"),
    *("ab_lift", "ab_lift_lo", "ab_lift_hi", "ab_lift_revenue"),
    *("ab_win_probability", "ab_mde", "ab_mde_revenue"),
)
P_VALUES = ("ab_p_value", "ab_p_value_revenue")


def drawn(seed: int, size: int, share: float) -> Arm:
    """An arm of so many, a share of whom buy for log-normal sums."""
    chance = random.Random(seed)  # noqa: S311 (no secret)
    buyers = sum(chance.random() < share for _ in range(size))
    return Arm(size, [round(100 * chance.lognormvariate(8.0, 1.1)) for _ in range(buyers)])


EXPERIMENTS = {
    each.key: each
    for each in (
        Experiment("large", drawn(1, 4_000, 0.08), drawn(2, 3_950, 0.06)),
        Experiment("unplanned", drawn(3, 5_000, 0.12), drawn(4, 1_100, 0.13), planned=0.0),
        Experiment("uneven", drawn(5, 9_100, 0.05), drawn(6, 3_000, 0.05), planned=0.25),
        Experiment("few buyers", drawn(7, 1_500, 0.04), drawn(8, 1_480, 0.04)),
        Experiment("hardly any", drawn(9, 200, 0.03), drawn(10, 210, 0.02)),
        Experiment("nobody in control", drawn(11, 300, 0.03), Arm(310, [])),
        Experiment("broken split", drawn(12, 4_000, 0.08), drawn(13, 3_600, 0.06)),
        Experiment("one arm left", drawn(14, 400, 0.5), Arm(0, [])),
    )
}


@pytest.fixture(scope="module")
def asked(chain: Chain, sql: MetricSql) -> Iterator[Cells]:
    with cells(chain.client, sql) as table:
        table.add(list(EXPERIMENTS.values()))
        yield table


def expected(experiment: Experiment) -> dict[str, float | None]:
    """All figures of an experiment as if nothing forbade to show them."""
    treated, control = experiment.treated, experiment.control
    limit = experiment.limit
    sums_t = [min(n, limit) / 100 for n in treated.outcomes]
    sums_c = [min(n, limit) / 100 for n in control.outcomes]
    n_t, n_c = treated.size, control.size
    b_t, b_c = len(treated.bought), len(control.bought)
    p_t, p_c = b_t / n_t, b_c / n_c
    error = sqrt(variance(sums_t) / n_t + variance(sums_c) / n_c)
    revenue = (fmean(sums_t) - fmean(sums_c)) * n_t
    low, high = newcombe((b_t, n_t), (b_c, n_c))
    pooled = (b_t + b_c) / (n_t + n_c)
    z = (p_t - p_c) / sqrt(pooled * (1 - pooled) * (1 / n_t + 1 / n_c))
    spread = sqrt(p_t * (1 - p_t) / n_t + p_c * (1 - p_c) / n_c)
    lift = p_t / p_c - 1 if b_c else None
    delta = inf
    if b_t and b_c:
        # Of a quotient, to the first order: relative variances add.
        relative = p_t * (1 - p_t) / n_t / p_t**2 + p_c * (1 - p_c) / n_c / p_c**2
        delta = Z * p_t / p_c * sqrt(relative)
    return {
        "incremental_revenue": revenue,
        "incremental_revenue_margin": Z * n_t * error,
        "incremental_revenue_lo": revenue - Z * n_t * error,
        "incremental_revenue_hi": revenue + Z * n_t * error,
        "incremental_orders": (p_t - p_c) * n_t,
        "incremental_conversion": p_t - p_c,
        "incremental_conversion_lo": low,
        "incremental_conversion_hi": high,
        "ab_lift": lift,
        "ab_lift_lo": None if lift is None else lift - delta,
        "ab_lift_hi": None if lift is None else lift + delta,
        "ab_lift_revenue": fmean(sums_t) / fmean(sums_c) - 1 if b_c else None,
        "ab_p_value": 2 * NORMAL.cdf(-abs(z)),
        "ab_p_value_revenue": 2 * NORMAL.cdf(-abs(fmean(sums_t) - fmean(sums_c)) / error),
        "ab_win_probability": win_probability((b_t, n_t), (b_c, n_c)),
        "ab_mde": (1.96 + 0.84) * spread,
        "ab_mde_revenue": (1.96 + 0.84) * error,
    }


def newcombe(treated: tuple[int, int], control: tuple[int, int]) -> tuple[float, float]:
    """Newcombe's tenth interval of a difference of shares, of Wilson's two."""
    (low_t, high_t), (low_c, high_c) = wilson(*treated), wilson(*control)
    p_t, p_c = treated[0] / treated[1], control[0] / control[1]
    below = sqrt((p_t - low_t) ** 2 + (high_c - p_c) ** 2)
    above = sqrt((high_t - p_t) ** 2 + (p_c - low_c) ** 2)
    return p_t - p_c - below, p_t - p_c + above


def wilson(buyers: int, people: int) -> tuple[float, float]:
    """Where the test of a share against p just keeps p: roots of (s − p)² = z² p (1 − p) ÷ n."""
    share = buyers / people
    a, b, c = 1 + Z**2 / people, -(2 * share + Z**2 / people), share**2
    root = sqrt(b**2 - 4 * a * c)
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


def win_probability(treated: tuple[int, int], control: tuple[int, int]) -> float:
    """∫ density of treatment × distribution of control, by small steps."""
    steps = 20_000
    top = 1.5 * max((treated[0] + 30) / treated[1], (control[0] + 30) / control[1])
    width = min(top, 1.0) / steps
    below = won = 0.0
    for n in range(steps):
        share = (n + 0.5) * width
        mass = density(share, *control) * width
        won += density(share, *treated) * width * (below + mass / 2)
        below += mass
    return won


def density(share: float, buyers: int, people: int) -> float:
    """Of the share of buyers, known to be Beta(1 + buyers, 1 + the rest)."""
    rest = people - buyers
    scale = lgamma(people + 2) - lgamma(buyers + 1) - lgamma(rest + 1)
    return exp(scale + buyers * log(share) + rest * log(1 - share))


def shown(key: str) -> set[str]:
    """What may be said of an experiment."""
    if key in ("broken split", "one arm left"):
        return set()
    if key == "nobody in control":
        return {name for name in SHARES if not name.startswith("ab_lift")}
    if key == "hardly any":
        return set(SHARES)
    if key == "few buyers":
        return {*SHARES, *P_VALUES}
    return {*SHARES, *P_VALUES, *MONEY}


@pytest.mark.parametrize("key", EXPERIMENTS)
def test_figures_equal_their_formulas_or_are_not_shown(asked: Cells, key: str) -> None:
    names = (*MONEY, *SHARES, *P_VALUES)
    found = dict(zip(names, asked.ask(*names)[key], strict=True))

    assert {name for name, value in found.items() if value is not None} == shown(key)
    if shown(key):
        counted = expected(EXPERIMENTS[key])
        for name in shown(key):
            close = 1e-6 if name == "ab_win_probability" else 1e-9
            assert found[name] == pytest.approx(counted[name], rel=close), name


def test_arms_are_counted(asked: Cells) -> None:
    names = ("ab_treated", "ab_treated_buyers", "ab_control", "ab_control_buyers")
    found = asked.ask(*names)

    assert found == {
        key: [
            *(each.treated.size, len(each.treated.bought)),
            *(each.control.size, len(each.control.bought)),
        ]
        for key, each in EXPERIMENTS.items()
    }


def test_a_split_is_checked_against_the_planned_one(asked: Cells) -> None:
    found = asked.ask("ab_srm_p")

    for key, each in EXPERIMENTS.items():
        (p_value,) = found[key]
        if not each.planned or not each.control.size:
            assert p_value is None, key
            continue
        people = each.treated.size + each.control.size
        planned = ((each.control, each.planned), (each.treated, 1 - each.planned))
        chi_square = sum(
            (arm.size - share * people) ** 2 / (share * people) for arm, share in planned
        )
        assert p_value == pytest.approx(2 * NORMAL.cdf(-sqrt(chi_square)), rel=1e-9), key
    assert found["broken split"][0] < 0.001


def test_means_are_per_participant_and_without_the_largest_sums(asked: Cells) -> None:
    found = asked.ask("ab_conversion", "ab_arpu")

    for key, each in EXPERIMENTS.items():
        outcomes = [*each.treated.outcomes, *each.control.outcomes]
        conversion = fmean(n > 0 for n in outcomes)
        limit = each.limit
        arpu = fmean(min(n, limit) for n in outcomes) / 100
        assert found[key] == pytest.approx([conversion, arpu], rel=1e-9), key
    assert EXPERIMENTS["large"].limit < max(EXPERIMENTS["large"].treated.bought)


def test_several_experiments_in_one_cell_have_no_effect(asked: Cells) -> None:
    """The same people take part in several, so effects do not add up."""
    names = ("ab_experiments", *MONEY, *SHARES, *P_VALUES, "ab_srm_p")
    ((count, *values),) = asked.ask(*names, by="'all'").values()

    assert count == len(EXPERIMENTS)
    assert set(values) == {None}
