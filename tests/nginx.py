"""The documented nginx, with other addresses and without TLS, in front of a server."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers import free_port

_TRIES = 3
_PATIENCE_S = 20
DOCUMENTED = Path(__file__).parents[1] / "docs" / "deployment" / "nginx.conf"
AROUND = """
{user}
pid {folder}/pid; worker_processes 1; error_log {folder}/errors; daemon off; events {{ worker_connections 256; }}
http {{
  access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; include {folder}/vorab.conf;
}}
"""


def program() -> str | None:
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


@contextmanager
def in_front_of(behind: str, nginx: str, folder: Path) -> Iterator[str]:
    """Gives its address once it listens there."""
    for _ in range(_TRIES):
        plain, port = free_port(), free_port()
        _configure(folder, behind, plain, port)
        process = subprocess.Popen([nginx, "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL)
        if _listens(process, port):
            break
        # Somebody else was given one of the ports meanwhile.
        process.kill()
        process.wait(timeout=30)
    else:
        raise AssertionError((folder / "errors").read_text(encoding="utf-8"))
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    until = time.monotonic() + _PATIENCE_S
    while process.poll() is None and time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            # Whoever has taken the port may answer: nginx has no worker then.
            return (Path(f"/proc/{process.pid}/task/{process.pid}/children")).read_text() != ""
        time.sleep(0.1)
    return False


def _configure(folder: Path, behind: str, plain: int, port: int) -> None:
    # Its workers would otherwise give up root's rights, and with them those to the folder.
    user = "user root;" if os.geteuid() == 0 else ""
    text = DOCUMENTED.read_text(encoding="utf-8")
    for documented, ours in (
        ("/var/cache/nginx/vorab", f"{folder}/cache"),
        ("listen 80;", f"listen 127.0.0.1:{plain};"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{port};"),
        ("    ssl_certificate ", "    # ssl_certificate "),
        ("    ssl_certificate_key ", "    # ssl_certificate_key "),
        ("127.0.0.1:8000", behind.removeprefix("http://")),
    ):
        assert documented in text
        text = text.replace(documented, ours)
    (folder / "vorab.conf").write_text(text, encoding="utf-8")
    (folder / "nginx.conf").write_text(AROUND.format(folder=folder, user=user), encoding="utf-8")
