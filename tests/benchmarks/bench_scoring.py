"""Texts/s, waiting times, start and memory of the scoring, against a plain loop over ``Detoxify.predict``.

Each subject has a process of its own, one after the other; texts are about 200 characters and never equal. The large
network is the exact architecture of Detoxify's ``multilingual`` (XLM-RoBERTa base) with random weights and a made-up
vocabulary of the same size: speed and memory do not depend on the values. ``VORAB_BENCH_TEXTS`` sets how many texts
the embedded model gets at each number of clients (600; the large one gets a tenth), ``VORAB_BENCH_LARGE=0`` leaves out
the large one, which takes 2.5 GB of disk and 8 GB of memory to make.

Goals, on two cores: the embedded model at least 300 texts/s, at most 8 ms for one alone, ready in 4 s; the large one at
least 3.5 times the loop in at most 1 GiB.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.benchmarks.subjects import CLIENTS, SUBJECTS


def main() -> None:
    count = int(os.environ.get("VORAB_BENCH_TEXTS", "600"))
    with_large = os.environ.get("VORAB_BENCH_LARGE", "1") != "0"
    table = Table(title=f"scoring on {len(os.sched_getaffinity(0))} cores", title_justify="left")
    for head in ("subject", "clients", "texts/s", "p50 ms", "p95 ms", "ready s", "peak GiB"):
        table.add_column(head, justify="left" if head == "subject" else "right")
    with tempfile.TemporaryDirectory() as made:
        if with_large:
            print("writing the large network …", flush=True)
            # In a process of its own: its gigabytes are no business of those that are measured.
            subprocess.run([sys.executable, "-m", "tests.benchmarks.large", made], check=True, capture_output=True)
        for name in SUBJECTS:
            is_large = name.startswith("large")
            if not is_large or with_large:
                _add(table, name, _run(name, made, count // 10 if is_large else count))
    Console(width=100).print(table)


def _run(name: str, folder: str, count: int) -> dict[str, Any]:
    print(f"measuring: {name} …", flush=True)
    command = [sys.executable, "-m", "tests.benchmarks.subjects", name, folder, str(count), str(time.time())]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{name} failed:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _add(table: Table, name: str, found: dict[str, Any]) -> None:
    for place, clients in enumerate(CLIENTS):
        one = found["clients"].get(str(clients))
        if one is None:
            continue
        ends = (f"{found['ready_s']:.1f}", f"{found['peak_gib']:.2f}") if place == 0 else ("", "")
        cells = (f"{one['per_s']:.1f}", f"{one['p50_ms']:.1f}", f"{one['p95_ms']:.1f}")
        table.add_row(name if place == 0 else "", str(clients), *cells, *ends)
    table.add_section()
