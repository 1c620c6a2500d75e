"""Superset's event log without the six commits per chart to its metadata database."""

import logging
from typing import Any

from superset.utils.log import AbstractEventLogger

logger = logging.getLogger("superset_assets.events")


class LogFileEvents(AbstractEventLogger):  # type: ignore[misc]
    """Writes who did what to Superset's ordinary log, at level INFO for what changes something.

    Reading charts is logged at DEBUG. Neither form data nor queries are written.
    """

    def log(  # noqa: PLR0917  (the interface of Superset's loggers)
        self,
        user_id: int | None,
        action: str,
        dashboard_id: int | None,
        duration_ms: int | None,
        slice_id: int | None,
        referrer: str | None,  # noqa: ARG002
        curated_payload: dict[str, Any] | None,  # noqa: ARG002
        curated_form_data: dict[str, Any] | None,  # noqa: ARG002
        *args: Any,  # noqa: ARG002
        **kwargs: Any,  # noqa: ARG002
    ) -> None:
        """Write one line."""
        changes = action.rsplit(".", maxsplit=1)[-1] in {"post", "put", "delete", "import_"}
        logger.log(
            logging.INFO if changes else logging.DEBUG,
            "%s user=%s dashboard=%s chart=%s ms=%s",
            action,
            user_id,
            dashboard_id,
            slice_id,
            duration_ms,
        )
