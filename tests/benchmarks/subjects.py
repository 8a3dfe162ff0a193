"""What scores texts in the benchmark of the scoring, each measured in a process of its own.

``python -m tests.benchmarks.subjects SUBJECT FOLDER TEXTS STARTED`` prints one JSON document: seconds from STARTED
(Unix time) to the first score, texts/s and waiting times at each number of clients, peak memory.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.sentences import insult, sentence

CLIENTS = (1, 8, 32)
Score = Callable[[str], object]


def comment(number: int) -> str:
    """About 200 characters, 40 to 50 subwords; no two are equal."""
    return f"{sentence(number)} {insult(number + 7)}"


def detoxify_embedded(_: Path) -> tuple[Score, Sequence[int]]:
    """The network of the embedded model alone, as Detoxify loads and asks it: one thread, text after text."""
    from detoxify import Detoxify

    from moderation.classifiers.blended import CHECKPOINT, EMBEDDED

    os.chdir(EMBEDDED)
    return Detoxify(checkpoint=CHECKPOINT).predict, CLIENTS[:1]


def vorab_embedded(_: Path) -> tuple[Score, Sequence[int]]:
    return _service(_embedded, "de", threads=_cores()), CLIENTS


def _embedded() -> Any:
    # Imported where the server imports it: in the scoring thread.
    from moderation.classifiers.detoxify import load_embedded

    return load_embedded()


def vorab_screening(_: Path) -> tuple[Score, Sequence[int]]:
    """The whole screening of a comment: language, word lists, links, the scores of each form, passages."""
    from moderation.classifiers.service import ScoringService
    from moderation.policies import Policy
    from moderation.screening.pipeline import Material, default_rules, screen

    service, rules, policy = ScoringService(_embedded, threads=_cores()), default_rules(), Policy()
    service.start()
    service.wait_until_loaded(300)
    return lambda text: screen(Material(text, "de", policy), rules, service), CLIENTS


def detoxify_large(folder: Path) -> tuple[Score, Sequence[int]]:
    from detoxify import Detoxify

    os.chdir(folder)
    return Detoxify(checkpoint="large.ckpt").predict, CLIENTS[:1]


def vorab_large(folder: Path) -> tuple[Score, Sequence[int]]:
    def load() -> Any:
        from moderation.classifiers.detoxify import load_checkpoint

        path = folder / "large.ckpt"
        return load_checkpoint(path, _digest(path))

    return _service(load, "en"), CLIENTS


def vorab_large_int8(folder: Path) -> tuple[Score, Sequence[int]]:
    def load() -> Any:
        from moderation.classifiers.onnx_int8 import read_quantized

        return read_quantized(folder / "int8", (folder / "int8.sha256").read_text(encoding="ascii"))

    return _service(load, "en"), CLIENTS


SUBJECTS = {
    "embedded: Detoxify in a loop": detoxify_embedded,
    "embedded: Vorab, scores": vorab_embedded,
    "embedded: Vorab, whole screening": vorab_screening,
    "large: Detoxify in a loop": detoxify_large,
    "large: Vorab": vorab_large,
    "large: Vorab, 8-bit weights": vorab_large_int8,
}


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _service(load: Callable[[], Any], language: str, threads: int = 1) -> Score:
    from moderation.classifiers.protocol import ScoringInput
    from moderation.classifiers.service import ScoringService

    service = ScoringService(load, timeout_s=300, threads=threads)
    service.start()
    service.wait_until_loaded(300)
    return lambda text: service.score([ScoringInput(text, language)])


def _digest(path: Path) -> str:
    return path.with_suffix(".sha256").read_text(encoding="ascii")


def measure(score: Score, clients: int, texts: Sequence[str]) -> dict[str, float]:
    """As many clients at once, each asking about the next text as soon as it has an answer."""
    waits: list[float] = []
    left, lock = iter(texts), threading.Lock()

    def ask() -> None:
        while True:
            with lock:
                text = next(left, None)
            if text is None:
                return
            began = time.perf_counter()
            score(text)
            waits.append(time.perf_counter() - began)

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    waits.sort()
    return {
        "per_s": len(waits) / took,
        "p50_ms": waits[len(waits) // 2] * 1000,
        "p95_ms": waits[int(len(waits) * 0.95)] * 1000,
    }


def main(name: str, folder: str, count: str, started: str) -> None:
    score, levels = SUBJECTS[name](Path(folder))
    score(comment(0))
    ready_s = time.time() - float(started)
    measured, used = {}, 1
    for warm in range(3):
        score(comment(10_000 + warm))
    for clients in levels:
        texts = [comment(number) for number in range(used, used + int(count))]
        used += len(texts)
        measured[clients] = measure(score, clients, texts)
    print(json.dumps({"ready_s": ready_s, "peak_gib": _peak_kib() / 1024**2, "clients": measured}))


def _peak_kib() -> int:
    """Linux's own mark: ``getrusage`` would count the process that started this one."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    main(*sys.argv[1:])
