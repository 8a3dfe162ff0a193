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
from typing import NamedTuple

BIN = Path(sys.executable).parent
CHECKS = (
    ("format", ["ruff", "format", "--check", "--quiet", "."]),
    ("lint", ["ruff", "check", "--quiet", "."]),
    ("types", ["mypy", "--no-error-summary"]),
    ("imports", ["lint-imports", "--no-cache"]),
)
WORKERS = "2"


class Program(NamedTuple):
    package: str
    tests: str


PROGRAMS = {
    "chromium": Program("chromium", "browser tests"),
    "nginx": Program("nginx-light", "tests of the documented nginx"),
    "php": Program("php-cli", "the test of the WordPress snippet"),
}


def main(arguments: list[str]) -> int:
    failed = [name for name, command in CHECKS if not passes(name, command)]
    if "--checks-only" not in arguments:
        provide_programs()
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
    """The tests in two processes; what ``make coverage`` adds takes half as long again."""
    extra = [argument for argument in arguments if argument != "--checks-only"]
    command = [
        BIN / "python", "-m", "pytest", "-q", "-n", WORKERS, "--dist", "loadfile", "--durations", "5", "-r", "fEs",
        *extra,
    ]  # fmt: skip
    return subprocess.run(command, check=False).returncode == 0


def provide_programs() -> None:
    """Install from Debian's packages what the tests drive for real, where we may; say in one line what is missing."""
    missing = [program for program in PROGRAMS if not is_there(program)]
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        packages = [PROGRAMS[program].package for program in missing]
        print(f"installing {', '.join(packages)} …", flush=True)
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(["apt-get", "update", "-qq"], check=False, **quiet)
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends"]
        for package in packages:  # One that cannot be had keeps none of the others away.
            subprocess.run([*install, package], check=False, **quiet)
    for program in missing:
        if not is_there(program):
            print(f"skipped: {PROGRAMS[program].tests} (no {program}, and no right to install it)")


def is_there(program: str) -> bool:
    if program == "chromium" and os.environ.get("VORAB_TEST_CHROMIUM"):
        return True
    return bool(shutil.which(program) or shutil.which(program, path="/usr/sbin"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
