"""The Russian of Superset's own screens, completed.

The shipped translation lacks some words, and shows machine guesses ("fuzzy") for others.
`locale/ru.yml` holds ours; they win.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from flask import Flask, Response, request

OURS = Path(__file__).resolve().parents[1] / "locale" / "ru.yml"
PACK_URL = "/superset/language_pack/ru/"


@cache
def language_pack() -> bytes:
    """The shipped pack in Jed's format, with our words over it, as JSON."""
    import superset.translations  # noqa: PLC0415  (only found once Superset is installed)

    shipped = Path(superset.translations.__file__).parent / "ru" / "LC_MESSAGES" / "messages.json"
    pack: dict[str, Any] = json.loads(shipped.read_text(encoding="utf-8"))
    messages = pack["locale_data"]["superset"]
    for english, russian in yaml.safe_load(OURS.read_text(encoding="utf-8")).items():
        messages[english] = russian if isinstance(russian, list) else [russian]
    return json.dumps(pack, ensure_ascii=False).encode()


def serve_language_pack(app: Flask) -> None:
    """Answer the browser's request for the Russian words with the completed pack."""

    def answer() -> Response | None:
        if request.path.rstrip("/") + "/" != PACK_URL:
            return None
        return Response(language_pack(), mimetype="application/json")

    app.before_request(answer)
