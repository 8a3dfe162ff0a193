"""What a server answers to what never becomes a request."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from email.parser import Parser
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from api.headers import _SECURITY
from tests import databases
from tests.servers import serving


@pytest.fixture(scope="module")
def address(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    database = databases.sqlite_copy(sqlite_template, tmp_path_factory.mktemp("unreadable"))
    with serving(database) as url:
        parts = urlsplit(url)
        yield parts.hostname or "", parts.port or 0
    database.dispose()


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"nonsense\r\n\r\n", 400, "bad_request"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n", 400, "bad_request"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: other\r\n\r\n", 501, "bad_request"),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414, "uri_too_long"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 9000 + b"\r\n\r\n", 431, "headers_too_large"),
    ],
)
def test_what_is_no_request_is_answered_as_a_problem_with_our_headers(
    address: tuple[str, int], sent: bytes, status: int, code: str
) -> None:
    with socket.create_connection(address, timeout=20) as connection:
        connection.sendall(sent)
        answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode()

    head, _, body = answer.partition("\r\n\r\n")
    first, _, lines = head.partition("\r\n")
    headers = Parser().parsestr(lines)
    problem = json.loads(body)
    assert first.startswith(f"HTTP/1.1 {status} ")
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["Content-Length"] == str(len(body.encode()))
    assert headers["Connection"] == "close"
    assert _SECURITY.items() <= dict(headers.items()).items()
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["request_id"] == headers["X-Request-Id"] != ""
    # Nothing of what was sent comes back.
    assert "nonsense" not in body
    assert "aaaa" not in body
