"""Column tables of the world: frozen dataclasses whose fields are numpy arrays of one length."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

if TYPE_CHECKING:
    from pathlib import Path

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Columns:
    """A table: one array per field, all of the same length along the first axis."""

    def __len__(self) -> int:
        """Rows of the table."""
        return len(getattr(self, fields(self)[0].name))

    def take(self, rows: Array) -> Self:
        """The chosen rows (indices or a mask), in that order."""
        return type(self)(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def table(self) -> pa.Table:
        """The same columns as an Arrow table; a two-dimensional one becomes a list column."""
        return pa.table(
            {
                f.name: pa.array(list(values)) if values.ndim > 1 else pa.array(values)
                for f in fields(self)
                for values in [getattr(self, f.name)]
            }
        )

    @classmethod
    def join(cls, parts: list[Self]) -> Self:
        """The rows of all parts, one after the other."""
        return cls(
            **{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)}
        )

    def save(self, folder: Path) -> None:
        """Write every column as `<field>.npy`."""
        folder.mkdir(parents=True, exist_ok=True)
        for f in fields(self):
            np.save(folder / f"{f.name}.npy", getattr(self, f.name), allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Map the columns written by `save` into memory, read-only."""
        return cls(
            **{f.name: np.load(folder / f"{f.name}.npy", mmap_mode="r") for f in fields(cls)}
        )
