"""The line of least squares, in fractions: no rounding before the last step."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from tests.metrics.reference.words import Value


def line(points: Mapping[int, Value]) -> tuple[Fraction, Fraction] | None:
    """Slope and height at 0 of the line through numbers of buckets and their values.

    Buckets without a value are no points; through fewer than two goes no line.
    """
    known = [(Fraction(x), Fraction(y)) for x, y in points.items() if y is not None]
    if len(known) < 2:
        return None
    mean_x = sum(x for x, _ in known) / len(known)
    mean_y = sum(y for _, y in known) / len(known)
    spread = sum((x - mean_x) ** 2 for x, _ in known)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in known) / spread
    return slope, mean_y - slope * mean_x


def rounded(number: Fraction) -> Decimal:
    """A fraction with as many digits as decimals carry here."""
    return Decimal(number.numerator) / Decimal(number.denominator)
