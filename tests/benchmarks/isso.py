"""Isso, another comment server in Python, from the package index: what reading is measured beside.

It lives in an environment of its own in the temporary folder, which is made at the first run and used again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.servers import free_port

THREAD = "/?uri=%2Fthread%2F"
_SETTINGS = """
[general]
dbpath = {folder}/isso.db
host = http://127.0.0.1:{port}/
[moderation]
enabled = false
[guard]
enabled = false
"""


@contextmanager
def serving(folder: Path, texts: Sequence[str]) -> Iterator[str | None]:
    """Isso under gunicorn with two workers and a thread of these comments; ``None`` where it cannot be had."""
    programs = _installed()
    if programs is None:
        yield None
        return
    port = free_port()
    (folder / "isso.cfg").write_text(_SETTINGS.format(folder=folder, port=port), encoding="utf-8")
    command = [programs / "gunicorn", "--workers", "2", "--bind", f"127.0.0.1:{port}", "isso.run"]
    environment = {**os.environ, "ISSO_SETTINGS": str(folder / "isso.cfg")}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}"
        for text in texts:
            _post(address, text)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=30)


def _installed() -> Path | None:
    place = Path(tempfile.gettempdir()) / "vorab-bench-isso"
    if (place / "bin" / "isso").exists():
        return place / "bin"
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    made = subprocess.run(
        [place / "bin" / "pip", "install", "--quiet", "isso", "gunicorn"], check=False, capture_output=True
    )
    return place / "bin" if made.returncode == 0 else None


def _post(address: str, text: str) -> None:
    sent = json.dumps({"text": text, "title": "Bench"}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{address}/new?uri=%2Fthread%2F", sent, headers)  # noqa: S310  # Our own address.
    until = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(request, timeout=30).close()  # noqa: S310  # As above.
        except OSError:  # It has not started yet.
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
        else:
            return
