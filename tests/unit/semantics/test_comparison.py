"""Campaigns beside the others."""

from superset_assets.semantics.comparison import with_compared

RATE = "sum(is_opened) / nullIf(sum(is_delivered), 0)"


def test_the_others_are_a_ratio_of_their_sums() -> None:
    assert with_compared("{{ compared() }} - {{ others() }}", RATE) == (
        "(sum(is_opened) / nullIf(sum(is_delivered), 0)) - "
        "((sum(sum(is_opened)) over () - sum(is_opened)) / "
        "nullIf((sum(sum(is_delivered)) over () - sum(is_delivered)), 0))"
    )
