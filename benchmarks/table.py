"""Runs the benchmarks and prints their ratios as one table, as ``docs/performance.rst`` has it.

    python benchmarks/table.py [--accounts 20000] [--postgresql URL]

Each benchmark prints its own figures meanwhile. What guessing does to others is told by its script alone and is not in
the table. Run it on a machine that does nothing else; it takes some ten minutes.
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent

#: Names the file to which a benchmark adds its ratios.
FILE = "BENCHMARK_TABLE"

HEADER = ("What", "Ratio", "To")


def note(what: str, ratio: float | str, to: str) -> None:
    """Called by a benchmark: *what* takes so many times as long as *to*. Does nothing where no table is made."""
    if file := os.environ.get(FILE):
        with open(file, "a", newline="", encoding="utf-8") as rows:
            csv.writer(rows).writerow([what, ratio if isinstance(ratio, str) else f"{ratio:.2f}", to])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", default="20000")
    parser.add_argument("--postgresql", metavar="URL")
    arguments = parser.parse_args()
    at = ["--postgresql", arguments.postgresql] if arguments.postgresql else []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "table.csv"
        file.touch()
        for script, options in (
            ("middleware", []),
            ("served", []),
            ("sign_in", []),
            ("start", []),
            ("api", ["--accounts", arguments.accounts, *at]),
            ("growth", ["--accounts", arguments.accounts, *at]),
            ("audit", at),
            ("guessing", at),
        ):
            command = [sys.executable, str(HERE / f"{script}.py"), *options]
            print(f"\n{script}.py", flush=True)
            subprocess.run(command, check=True, env={**os.environ, FILE: str(file)})
        with file.open(newline="", encoding="utf-8") as rows:
            print("\n" + table(list(csv.reader(rows))))


def table(rows: list[list[str]]) -> str:
    """*rows* as a simple table of reStructuredText."""
    widths = [max(len(row[column]) for row in (HEADER, *rows)) for column in range(len(HEADER))]
    rule = "  ".join("=" * width for width in widths)
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    head = "  ".join(cell.ljust(width) for cell, width in zip(HEADER, widths, strict=True)).rstrip()
    return "\n".join([rule, head, rule, *lines, rule])


if __name__ == "__main__":
    main()
