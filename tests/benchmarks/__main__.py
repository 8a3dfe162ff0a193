"""``make bench``: every benchmark of this folder, or those named on the command line, each printing its tables."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path


def main(wanted: list[str]) -> None:
    found = sorted(
        module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]) if module.name[:6] == "bench_"
    )
    chosen = [name for name in found if not wanted or name.removeprefix("bench_") in wanted]
    if not chosen:
        sys.exit(f"no such benchmark; there are: {', '.join(name.removeprefix('bench_') for name in found)}")
    for name in chosen:
        print(f"\n== {name.removeprefix('bench_')} ==", flush=True)
        importlib.import_module(f"tests.benchmarks.{name}").main()


if __name__ == "__main__":
    main(sys.argv[1:])
