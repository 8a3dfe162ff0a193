"""``make test``: format, lint, types, import contracts, tests, in this order, with a line for each.

What a test needs is started or installed where it is missing; what cannot be had is named in one line, and in CI that
is a failure.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

BIN = Path(sys.executable).parent
CHECKS = (
    ("format", ["ruff", "format", "--check", "--quiet", "."]),
    ("lint", ["ruff", "check", "--quiet", "."]),
    ("types", ["mypy", "--no-error-summary"]),
    ("imports", ["lint-imports", "--no-cache"]),
)
WORKERS = "2"


def main(arguments: list[str]) -> int:
    failed = [name for name, command in CHECKS if not passes(name, command)]
    if "--checks-only" not in arguments:
        provide_chromium()
        if not passes_tests(arguments):
            failed.append("tests")
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


def passes(name: str, command: list[str]) -> bool:
    began = time.monotonic()
    result = subprocess.run([BIN / command[0], *command[1:]], capture_output=True, text=True, check=False)
    print(f"{name:<8} {'ok' if result.returncode == 0 else 'FAILED'} ({time.monotonic() - began:.0f} s)", flush=True)
    if result.returncode != 0:
        print(result.stdout + result.stderr)
    return result.returncode == 0


def passes_tests(arguments: list[str]) -> bool:
    """The tests in two processes, with branch coverage of the three packages."""
    extra = [argument for argument in arguments if argument != "--checks-only"]
    command = [
        BIN / "python", "-m", "pytest", "-q", "-n", WORKERS, "--dist", "loadfile", "--durations", "5",
        "--cov", "--cov-report", "term:skip-covered", "-r", "fEs", *extra,
    ]  # fmt: skip
    return subprocess.run(command, check=False).returncode == 0


def provide_chromium() -> None:
    """Install Debian's Chromium where there is none and we may; say so in one line where we may not."""
    if shutil.which("chromium") or os.environ.get("VORAB_TEST_CHROMIUM"):
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("installing chromium for the browser tests …", flush=True)
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(["apt-get", "update", "-qq"], check=False, **quiet)
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"], check=False, **quiet)
    if not shutil.which("chromium"):
        print("browser tests are skipped: no chromium, and no right to install it (VORAB_TEST_CHROMIUM may name one)")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
