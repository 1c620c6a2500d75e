"""One interface for everything that an export can be made from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pyarrow as pa

    from sandbox.mindbox.world.arrays import Array


class Rows(Protocol):
    """Rows of one dataset, whichever source they come from."""

    root: str
    """Root array of the export's files."""

    def select(self, since: int, till: int) -> Array:
        """Positions of the rows that an export of [since, till) (ms UTC) holds."""

    def render(self, rows: Array) -> pa.Array:
        """The rows as JSON objects; a row always gives the same text."""

    def numbers(self, rows: Array) -> Array:
        """A number by which each row is known for good, whatever the window."""
