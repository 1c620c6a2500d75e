"""Which section of the runbook belongs to what went wrong; a test holds both sides together."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from mindbox_extract.errors import (
    ConfigurationError,
    ExportCancelledError,
    ExtractError,
    MindboxError,
    PayloadError,
    QuarantineError,
    ShrinkError,
    WarehouseError,
    WindowError,
)

RUNBOOK = "docs/runbook.md"


class Section(StrEnum):
    """Anchors of the runbook that messages point to."""

    BOARDS = "boards"
    CANCELLED = "export-cancelled"
    CONFIGURATION = "configuration"
    DATA_TEST = "data-test"
    LATE = "late-dataset"
    MINDBOX = "mindbox"
    MODEL = "model"
    PAYLOAD = "payload"
    PURCHASE_MODELS = "purchase-models"
    QUARANTINE = "quarantine"
    RECONCILIATION = "reconciliation"
    RUN = "run"
    SHRINK = "shrink"
    VOLUME = "volume"
    WAREHOUSE = "warehouse"
    WINDOW = "window"

    @property
    def link(self) -> str:
        """Where a person finds it, from the root of the checkout."""
        return f"{RUNBOOK}#{self.value}"


SECTIONS: Mapping[type[ExtractError], Section] = MappingProxyType(
    {
        ConfigurationError: Section.CONFIGURATION,
        ExportCancelledError: Section.CANCELLED,
        MindboxError: Section.MINDBOX,
        PayloadError: Section.PAYLOAD,
        QuarantineError: Section.QUARANTINE,
        ShrinkError: Section.SHRINK,
        WarehouseError: Section.WAREHOUSE,
        WindowError: Section.WINDOW,
    }
)


def section_of(error: type[ExtractError]) -> Section:
    """The section of a class of errors, that of the nearest class it descends from."""
    known = (SECTIONS[kind] for kind in error.__mro__ if kind in SECTIONS)
    return next(known, Section.RUN)
