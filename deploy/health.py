"""Ask whether a service answers, with nothing but Python: `python -m deploy.health <address>`.

Images have neither curl nor wget. `http://…` wants an answer below 400, `tcp://…` an open port.
"""

import socket
import sys
import urllib.request
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 5


def check(address: str) -> None:
    """Return if the address answers.

    Raises:
        OSError: nobody listens, or the answer is an error.
        ValueError: the address is neither of the two kinds.
    """
    parts = urlsplit(address)
    if parts.scheme == "tcp":
        where = (parts.hostname or "", parts.port or 0)
        socket.create_connection(where, timeout=TIMEOUT_SECONDS).close()
    elif parts.scheme == "http":
        with urllib.request.urlopen(address, timeout=TIMEOUT_SECONDS):  # noqa: S310 (http alone)
            pass
    else:
        raise ValueError(f"{address}: neither http:// nor tcp://")


if __name__ == "__main__":
    check(sys.argv[1])
