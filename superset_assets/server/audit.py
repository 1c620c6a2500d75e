"""Who came in, ran SQL, took data out and changed rights: one line of Superset's log for each.

Superset's own event log knows nothing of log-ins, logins and roles. A line has the address, the
number of the user and the status: no name, no query, no figure.
"""

import logging
import re

from flask import Flask, Response, request
from flask_login import current_user  # type: ignore[import-not-found]

logger = logging.getLogger("superset_assets.audit")
_CHANGING = {"POST", "PUT", "PATCH", "DELETE"}
# What is done, by the address it is done at.
_KINDS = {
    "log-in": re.compile(r"^/login/|^/api/v1/security/login$"),
    "rights": re.compile(r"^/api/v1/(security/(users|roles|groups)|rowlevelsecurity)\b"),
    "sql": re.compile(r"^/api/v1/sqllab/execute/"),
}
_FILES = {
    "text/csv",
    "application/zip",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def keep_audit_trail(app: Flask) -> None:
    """Have every such request noted once it is answered."""
    app.after_request(_note)


def _note(response: Response) -> Response:
    kind = _kind(response)
    if kind:
        logger.info(
            "%s %s %s user=%s status=%s",
            kind,
            request.method,
            request.path,
            getattr(current_user, "id", None),
            response.status_code,
        )
    return response


def _kind(response: Response) -> str | None:
    if response.mimetype in _FILES:
        return "download"
    if request.method not in _CHANGING:
        return None
    return next((kind for kind, path in _KINDS.items() if path.search(request.path)), None)
