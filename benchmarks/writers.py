"""How many changes a second several writers make, each to an account of its own, and how long one takes.

    python benchmarks/writers.py postgresql+psycopg://user@host/database [--writers 1 2 4 8] [--seconds 5]

Each writer is a process with one thread. The database must be prepared (``stormpath-wsgi init``); what is made there
stays.
"""

from __future__ import annotations

import argparse
import json
import secrets
import statistics
import subprocess
import sys
import time
from pathlib import Path

from stormpath_wsgi.client import Client
from stormpath_wsgi.settings import Settings


def opened(url: str) -> Client:
    return Client(**Settings(directory=url, encryption_keys=("ab" * 32,)).opening())


def write(url: str, seconds: float) -> None:
    """One writer."""
    with opened(url) as client:
        name = secrets.token_hex(8)
        account = client.applications[0].accounts.create(
            {"email": f"{name}@example.org", "password": "Changeme1", "given_name": "A", "surname": "B"}
        )
        store = client.data_store
        store.update(account.href, {"surname": "C"})
        print("ready", flush=True)
        sys.stdin.readline()
        took, begun = [], time.perf_counter()
        while (started := time.perf_counter()) - begun < seconds:
            store.update(account.href, {"surname": f"{len(took)}"})
            took.append(time.perf_counter() - started)
    print(json.dumps(took), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("directory", help="the URL of its database")
    parser.add_argument("--writers", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--write", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.write:
        write(arguments.directory, arguments.seconds)
        return
    with opened(arguments.directory) as client:
        assert len(client.applications) > 0, "the directory has no application"
    command = [sys.executable, str(Path(__file__)), arguments.directory, "--write", "--seconds", str(arguments.seconds)]
    for number in arguments.writers:
        writers = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(number)
        ]
        for writer in writers:
            assert writer.stdout
            assert writer.stdout.readline() == "ready\n"
        for writer in writers:
            print(file=writer.stdin, flush=True)
        took = [seconds for writer in writers for seconds in json.loads(writer.communicate()[0])]
        rate, median = len(took) / arguments.seconds, statistics.median(took) * 1000
        print(f"{number} writers: {rate:.0f} changes a second, {median:.1f} ms each, longest {max(took) * 1000:.0f} ms")


if __name__ == "__main__":
    main()
