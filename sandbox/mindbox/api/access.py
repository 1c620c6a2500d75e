"""Who may call: keys, limits of calls, and the ban for knocking at unknown paths."""

from __future__ import annotations

import hmac
import re
import threading
import time
from collections import defaultdict, deque
from typing import TYPE_CHECKING

from sandbox.mindbox.api import answers

if TYPE_CHECKING:
    from sandbox.mindbox.api.settings import ApiSettings

_FORMS = (re.compile(r"SecretKey (?P<key>\S+)"), re.compile(r'Mindbox secretKey="(?P<key>[^"]+)"'))
_TEST_KEY_CALLS = 100
_HOUR = 3600.0
_MINUTE = 60.0


class Access:
    """Decides whether a call may go on."""

    def __init__(self, settings: ApiSettings) -> None:
        self._settings = settings
        self._test_calls: deque[float] = deque()
        self._lost: defaultdict[str, deque[float]] = defaultdict(deque)
        self._shut_out: dict[str, float] = {}
        self._calls: defaultdict[str, deque[float]] = defaultdict(deque)
        self._lock = threading.Lock()

    def authorize(self, header: str | None, *, exports: bool) -> None:
        """Check the Authorization header in either of its forms.

        Raises:
            RefusalError: 401 without credentials, 403 with wrong ones or with a test key that asks
                for an export, 429 above the test key's 100 calls an hour.
        """
        if not header:
            raise answers.protocol_error(401, "Authorization header is missing")
        key = next((m["key"] for form in _FORMS if (m := form.fullmatch(header.strip()))), "")
        if hmac.compare_digest(key.encode(), self._settings.secret_key.encode()):
            return
        test_key = self._settings.test_key
        if not (test_key and hmac.compare_digest(key.encode(), test_key.encode())):
            raise answers.protocol_error(403, "The secret key is wrong")
        if exports:
            raise answers.protocol_error(403, "Test keys may not call export operations")
        if _counted(self._test_calls, _HOUR) > _TEST_KEY_CALLS:
            raise answers.protocol_error(429, "Test keys are limited to 100 calls an hour")

    def count(self, operation: str) -> None:
        """Note a call of an operation.

        Raises:
            RefusalError: 429 above the limit of calls a minute, which goes by operation.
        """
        with self._lock:
            calls = _counted(self._calls[operation], _MINUTE)
        if calls > self._settings.calls_per_minute:
            raise answers.protocol_error(429, "Too Many Requests")

    def lost(self, caller: str) -> None:
        """Note a call of an unknown path; too many within a minute shut the caller out."""
        if _counted(self._lost[caller], _MINUTE) > self._settings.not_found_limit:
            self._shut_out[caller] = time.monotonic() + self._settings.ban_seconds

    def is_shut_out(self, caller: str) -> bool:
        """Whether the caller is answered 429 whatever it asks."""
        return time.monotonic() < self._shut_out.get(caller, 0.0)


def _counted(calls: deque[float], seconds: float) -> int:
    """Note a call now; return how many there were within the last so many seconds."""
    now = time.monotonic()
    calls.append(now)
    while now - calls[0] > seconds:
        calls.popleft()
    return len(calls)
