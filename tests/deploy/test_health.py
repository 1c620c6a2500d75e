"""The health check that images bring along."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from deploy.health import check


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" else 503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_an_answer_and_an_open_port_are_healthy(port: int) -> None:
    check(f"http://127.0.0.1:{port}/health")
    check(f"tcp://127.0.0.1:{port}")


def test_an_error_and_a_closed_port_are_not(port: int) -> None:
    with pytest.raises(OSError, match="503"):
        check(f"http://127.0.0.1:{port}/elsewhere")
    with pytest.raises(OSError, match="refused"):
        check("tcp://127.0.0.1:1")
    with pytest.raises(ValueError, match="neither"):
        check("file:///etc/hostname")
