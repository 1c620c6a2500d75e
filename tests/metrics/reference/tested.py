"""Metrics of experiments, the global control group, segments and RFM: of C.2, C.4 and C.8.

Statistics are in ordinary floating point, as nothing of them is money that adds up.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import erfc, exp, lgamma, sqrt
from statistics import fmean, variance

from tests.metrics.reference.based import closing
from tests.metrics.reference.cells import Cell, Metric, counted, people, total
from tests.metrics.reference.earned import mail_revenue
from tests.metrics.reference.lives import StateRow
from tests.metrics.reference.rfm import NO_SCORE
from tests.metrics.reference.trials import CONTROL, TREATED, HoldoutRow, ParticipantRow
from tests.metrics.reference.words import Value

PARTICIPANTS = frozenset({"participants"})
Z, POWER = 1.96, 2.8
ENOUGH_BUYERS, SOME_BUYERS, SPLIT_FAILS = 100, 30, 0.001
CLEAN = Decimal("0.01")


@dataclass(frozen=True)
class Arm:
    """What the customers of one arm came to."""

    amounts: Sequence[float]
    orders: int
    buyers: int

    @property
    def size(self) -> int:
        return len(self.amounts)

    @property
    def share(self) -> float:
        """Of customers with an order."""
        return self.buyers / self.size

    @property
    def error(self) -> float:
        """The square of the standard error of the mean amount."""
        return variance(self.amounts) / self.size


@dataclass(frozen=True)
class Trial:
    """The one experiment of a cell, with both arms and a split that may be trusted."""

    treated: Arm
    control: Arm

    @property
    def lift(self) -> float:
        return self.treated.share - self.control.share

    def has_buyers(self, least: int) -> bool:
        """Each arm has so many customers with an order."""
        return min(self.treated.buyers, self.control.buyers) >= least


def arm_of(rows: Sequence[ParticipantRow], arm: str) -> Arm:
    """The customers of an arm whose outcome is known."""
    mine = [row for row in rows if row.is_in(arm)]
    return Arm(
        amounts=[float(row.cut) for row in mine],
        orders=sum(row.orders for row in mine),
        buyers=sum(row.orders > 0 for row in mine),
    )


def experiments_in(rows: Sequence[ParticipantRow]) -> int:
    """Different experiments of which an outcome is known."""
    return len({row.mailing for row in rows if row.is_compared})


def split_p(rows: Sequence[ParticipantRow]) -> float | None:
    """How likely arms of these sizes are, by chi-square; nothing where no split was planned."""
    treated, control = arm_of(rows, TREATED), arm_of(rows, CONTROL)
    planned = max((row.planned or 0.0 for row in rows), default=0.0)
    if experiments_in(rows) != 1 or not treated.size or not control.size or not planned:
        return None
    whole = treated.size + control.size
    due = whole * planned
    chi_square = (control.size - due) ** 2 / due + (treated.size - whole + due) ** 2 / (whole - due)
    return erfc(sqrt(chi_square / 2))


def trial_of(rows: Sequence[ParticipantRow]) -> Trial | None:
    """The experiment, if the cell holds one alone and its arms may be compared."""
    treated, control = arm_of(rows, TREATED), arm_of(rows, CONTROL)
    likely = split_p(rows)
    if experiments_in(rows) != 1 or not treated.size or not control.size:
        return None
    return Trial(treated, control) if likely is None or likely >= SPLIT_FAILS else None


def of_trial(value: Callable[[Trial], float | None], least: int = 0) -> Metric:
    """A number of the cell's experiment; nothing with fewer buyers than that in an arm."""

    def measure(cell: Cell) -> Value:
        trial = trial_of(cell["participants"])
        if trial is None or not trial.has_buyers(least):
            return None
        found = value(trial)
        return None if found is None else Decimal(found)

    return Metric(PARTICIPANTS, measure)


def effect(trial: Trial) -> float | None:
    """What the mailing brought beyond what would have come in anyway."""
    treated, control = trial.treated, trial.control
    if not any(treated.amounts) and not any(control.amounts):
        return None
    return (fmean(treated.amounts) - fmean(control.amounts)) * treated.size


def margin(trial: Trial) -> float:
    """How far the interval reaches from the effect."""
    return Z * trial.treated.size * sqrt(trial.treated.error + trial.control.error)


def orders_effect(trial: Trial) -> float:
    """Orders beyond those that would have been made anyway."""
    treated, control = trial.treated, trial.control
    return (treated.orders / treated.size - control.orders / control.size) * treated.size


def wilson(arm: Arm) -> tuple[float, float]:
    """Wilson's interval of the share of buyers."""
    center = arm.buyers + Z**2 / 2
    reach = Z * sqrt(arm.buyers * (arm.size - arm.buyers) / arm.size + Z**2 / 4)
    return (center - reach) / (arm.size + Z**2), (center + reach) / (arm.size + Z**2)


def newcombe(trial: Trial, sign: int) -> float:
    """The lower (-1) or upper (1) end of Newcombe's interval of the lift."""
    low_t, high_t = wilson(trial.treated)
    low_c, high_c = wilson(trial.control)
    ends = (low_t, high_c) if sign < 0 else (high_t, low_c)
    far = sqrt((ends[0] - trial.treated.share) ** 2 + (ends[1] - trial.control.share) ** 2)
    return trial.lift + sign * far


def relative_lift(trial: Trial) -> float | None:
    """By how much the conversion is larger, as a part of that of control."""
    return trial.treated.share / trial.control.share - 1 if trial.control.buyers else None


def relative_end(trial: Trial, sign: int) -> float | None:
    """An end of the interval of the relative lift, by the delta method."""
    lift = relative_lift(trial)
    if lift is None or not trial.treated.buyers:
        return None
    parts = sum(1 / arm.buyers - 1 / arm.size for arm in (trial.treated, trial.control))
    return lift + sign * Z * (lift + 1) * sqrt(parts)


def lift_of_money(trial: Trial) -> float | None:
    """By how much revenue per participant is larger, as a part of that of control."""
    control = fmean(trial.control.amounts)
    return fmean(trial.treated.amounts) / control - 1 if control else None


def p_of_shares(trial: Trial) -> float:
    """Two-sided, by the pooled share."""
    treated, control = trial.treated, trial.control
    pooled = (treated.buyers + control.buyers) / (treated.size + control.size)
    error = sqrt(pooled * (1 - pooled) * (1 / treated.size + 1 / control.size))
    return erfc(abs(trial.lift) / error / sqrt(2))


def p_of_money(trial: Trial) -> float | None:
    """Two-sided, Welch's statistic with a normal tail."""
    error = sqrt(trial.treated.error + trial.control.error)
    distance = abs(fmean(trial.treated.amounts) - fmean(trial.control.amounts))
    return erfc(distance / error / sqrt(2)) if error else None


def win_probability(trial: Trial) -> float:
    """That the share of treatment is the larger one, both shares being Beta posteriors."""
    a_t, b_t = trial.treated.buyers + 1, trial.treated.size - trial.treated.buyers + 1
    a_c, b_c = trial.control.buyers + 1, trial.control.size - trial.control.buyers + 1

    def log_beta(a: float, b: float) -> float:
        return lgamma(a) + lgamma(b) - lgamma(a + b)

    return sum(
        exp(log_beta(a_c + step, b_t + b_c) - log_beta(1 + step, b_t) - log_beta(a_c, b_c))
        / (b_t + step)
        for step in range(a_t)
    )


def noticeable_share(trial: Trial) -> float:
    """Which difference of shares such arms would show."""
    return POWER * sqrt(
        sum(x.share * (1 - x.share) / x.size for x in (trial.treated, trial.control))
    )


def noticeable_money(trial: Trial) -> float | None:
    """Which difference of revenue per participant such arms would show."""
    if min(trial.treated.size, trial.control.size) <= 1:
        return None
    return POWER * sqrt(trial.treated.error + trial.control.error)


def per_participant(of: Callable[[ParticipantRow], Decimal | int]) -> Metric:
    """A mean over the participants whose outcome is known."""

    def mean(cell: Cell) -> Value:
        rows = [row for row in cell["participants"] if row.is_compared]
        return Decimal(sum(of(row) for row in rows)) / len(rows) if rows else None

    return Metric(PARTICIPANTS, mean)


def in_arm(arm: str, *, buying: bool = False) -> Metric:
    """Participations of an arm, or those of them with an order."""
    return counted("participants", lambda x: x.is_in(arm) and (not buying or x.orders > 0))


def effect_of_all(cell: Cell) -> tuple[float, float] | None:
    """What all mailings brought together, by months, and the square of its standard error."""
    rows: Sequence[HoldoutRow] = cell["holdouts"]
    held = [row for row in rows if row.is_control]
    contaminated = sum(row.is_contaminated for row in held)
    if not held or Decimal(contaminated) / len(held) > CLEAN:
        return None
    if sum(row.orders > 0 for row in held) < ENOUGH_BUYERS:
        return None
    months: dict[object, tuple[list[HoldoutRow], list[HoldoutRow]]] = defaultdict(lambda: ([], []))
    for row in rows:
        if row.is_main or row.is_control:
            months[row.own_on][row.is_control].append(row)
    found, squares = 0.0, 0.0
    for main, control in months.values():
        if not main or not control:
            return None
        days = sum(row.days for row in main)
        found += float(sum(row.revenue for row in main)) - _rate(control) * days
        squares += days**2 * (_rate_error(main) + _rate_error(control))
    return found, squares


def _rate(rows: Sequence[HoldoutRow]) -> float:
    """Revenue of a customer's day."""
    return float(sum(row.revenue for row in rows)) / sum(row.days for row in rows)


def _rate_error(rows: Sequence[HoldoutRow]) -> float:
    """The square of the standard error of that ratio of sums."""
    rate, days, count = _rate(rows), sum(row.days for row in rows), len(rows)
    squares = sum((float(row.revenue) - rate * row.days) ** 2 for row in rows)
    return count / (count - 1) * squares / days**2


def of_all(value: Callable[[float, float], float]) -> Metric:
    """A number of the effect of all mailings."""

    def measure(cell: Cell) -> Value:
        found = effect_of_all(cell)
        return None if found is None else Decimal(value(*found))

    return Metric(frozenset({"holdouts"}), measure)


def share_of_effect(cell: Cell) -> Value:
    """The effect over the revenue credited to the very mailing."""
    rows = cell["participants"]
    credited = {row.mailing for row in cell["credits"] if row.weight}
    tested = {row.mailing for row in rows if row.is_in(TREATED)}
    if any(not x.is_mature and x.arm in (TREATED, CONTROL) for x in rows) or credited != tested:
        return None
    money, found = mail_revenue.value(cell), incremental_revenue.value(cell)
    return found / money if found is not None and money and len(credited) == 1 else None


def _decimal(number: float | None) -> Value:
    return None if number is None else Decimal(number)


def _less(number: float | None, taken: float) -> float | None:
    return None if number is None else number - taken


def _segment_at_start(row: StateRow) -> object:
    state = row.life.at(row.opened_on)
    return NO_SCORE if state is None else state.slices["rfm_segment"]


def amount_of_scored(cell: Cell) -> Value:
    """Amounts of orders of those who had a segment when the bucket began."""
    return sum((x.amount for x in cell["orders"] if x.is_known and x.was_scored), Decimal(0))


def _has_moved(row: StateRow) -> bool:
    return row.state.is_buyer and row.state.slices["rfm_segment"] != _segment_at_start(row)


incremental_revenue = of_trial(effect, ENOUGH_BUYERS)
held_back = counted("holdouts", lambda row: row.is_control)

METRICS: dict[str, Metric] = {
    "ab_experiments": Metric(
        PARTICIPANTS, lambda cell: Decimal(experiments_in(cell["participants"]))
    ),
    "ab_participants": people("participants", lambda row: row.arm in (TREATED, CONTROL)),
    "ab_in_both_arms": counted("participants", lambda row: row.arm not in (TREATED, CONTROL)),
    "ab_treated": in_arm(TREATED),
    "ab_treated_buyers": in_arm(TREATED, buying=True),
    "ab_control": in_arm(CONTROL),
    "ab_control_buyers": in_arm(CONTROL, buying=True),
    "ab_conversion": per_participant(lambda row: int(row.orders > 0)),
    "ab_arpu": per_participant(lambda row: row.cut),
    "ab_srm_p": Metric(PARTICIPANTS, lambda cell: _decimal(split_p(cell["participants"]))),
    "incremental_revenue": incremental_revenue,
    "incremental_revenue_margin": of_trial(
        lambda x: None if effect(x) is None else margin(x), ENOUGH_BUYERS
    ),
    "incremental_revenue_lo": of_trial(lambda x: _less(effect(x), margin(x)), ENOUGH_BUYERS),
    "incremental_revenue_hi": of_trial(lambda x: _less(effect(x), -margin(x)), ENOUGH_BUYERS),
    "incremental_orders": of_trial(orders_effect, ENOUGH_BUYERS),
    "incremental_conversion": of_trial(lambda trial: trial.lift),
    "incremental_conversion_lo": of_trial(lambda trial: newcombe(trial, -1)),
    "incremental_conversion_hi": of_trial(lambda trial: newcombe(trial, 1)),
    "incrementality_ratio": Metric(PARTICIPANTS | mail_revenue.sources, share_of_effect),
    "ab_lift": of_trial(relative_lift),
    "ab_lift_lo": of_trial(lambda trial: relative_end(trial, -1)),
    "ab_lift_hi": of_trial(lambda trial: relative_end(trial, 1)),
    "ab_lift_revenue": of_trial(lift_of_money),
    "ab_p_value": of_trial(p_of_shares, SOME_BUYERS),
    "ab_p_value_revenue": of_trial(p_of_money, SOME_BUYERS),
    "ab_win_probability": of_trial(win_probability),
    "ab_mde": of_trial(noticeable_share),
    "ab_mde_revenue": of_trial(noticeable_money),
    "gcg_main_customers": counted("holdouts", lambda row: row.is_main),
    "gcg_control_customers": held_back,
    "gcg_contamination": counted("holdouts", lambda row: row.is_contaminated) / held_back,
    "gcg_incremental_revenue": of_all(lambda found, _: found),
    "gcg_incremental_revenue_margin": of_all(lambda _, squares: Z * sqrt(squares)),
    "gcg_incremental_revenue_lo": of_all(lambda found, squares: found - Z * sqrt(squares)),
    "gcg_incremental_revenue_hi": of_all(lambda found, squares: found + Z * sqrt(squares)),
    "segment_size": people("members"),
    "segment_inflow": counted("entries"),
    "segment_outflow": counted("exits"),
    "rfm_revenue_share": Metric(frozenset({"orders"}), amount_of_scored)
    / total("all_orders_at_start", lambda row: row.amount, lambda row: row.is_known),
    "rfm_customers": closing(
        lambda row: row.state.is_buyer and row.state.slices["rfm_segment"] != NO_SCORE
    ),
    "rfm_migration": closing(_has_moved),
}
