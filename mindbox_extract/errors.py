"""What can go wrong, each with a message that says what, where and what to do."""


class ExtractError(Exception):
    """Base of every error that this package raises on purpose.

    Attributes:
        is_passing: the same load may well succeed later, with nothing changed.
    """

    def __init__(self, message: str, *, is_passing: bool = False) -> None:
        super().__init__(message)
        self.is_passing = is_passing


class ConfigurationError(ExtractError):
    """A setting or the project file is missing or wrong."""


class WindowError(ExtractError):
    """A window that the dataset cannot be loaded for."""


class MindboxError(ExtractError):
    """Mindbox refused, failed or stayed away.

    Attributes:
        status: of the HTTP answer; None when there was none, or when it was not the trouble.
    """

    def __init__(
        self, message: str, *, is_passing: bool = False, status: int | None = None
    ) -> None:
        super().__init__(message, is_passing=is_passing)
        self.status = status


class ExportCancelledError(MindboxError):
    """Mindbox gave an export up.

    Attributes:
        for_resources: the reason was its internal resource limit, so a shorter period may pass.
    """

    def __init__(self, message: str, *, for_resources: bool) -> None:
        super().__init__(message)
        self.for_resources = for_resources


class PayloadError(ExtractError):
    """A downloaded part is truncated, or is not what its dataset's files are."""


class QuarantineError(ExtractError):
    """More rows of a load are unreadable than the project tolerates."""


class ShrinkError(ExtractError):
    """A refetch brings far fewer rows than the warehouse holds, and nobody allowed that."""


class WarehouseError(ExtractError):
    """ClickHouse refused, failed or stayed away, or does not hold what was sent."""
