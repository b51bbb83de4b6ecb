"""What a flood of logins does to everybody else: how long pages take that need no password.

::

    python benchmarks/login_flood.py [--logins 100] [--seconds 10] [--config deploy/gunicorn.conf.py]

The demo site is served on a port of this machine as production serves it: by gunicorn, with *config*. So many visitors
keep sending logins with a wrong or a right password, each as soon as the last one was answered, for so many seconds.
Meanwhile one more visitor asks for ``/`` every 50 ms, and another one for ``/me`` with a session. Told are the times of
these, and what became of the logins. The limits are switched off, or next to no login would reach a hash;
``guessing.py`` measures what they do. Another process sends the flood, so that it disturbs the clock little; it needs
processor time, too, which a real flood would not take from the server's machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).parent.parent
PAUSE = 0.05  # seconds between two looks at a page
PASSWORD = "Correct-Horse-9"
LONGEST = 60  # seconds; a request that takes longer counts as one that never came back


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--logins", type=int, default=100, choices=range(0, 1001), metavar="0-1000")
    parser.add_argument("--seconds", type=int, default=10, choices=range(1, 301), metavar="1-300")
    parser.add_argument("--config", type=Path, default=ROOT / "deploy/gunicorn.conf.py")
    arguments = parser.parse_args()
    with served(arguments.config.resolve(), STORMPATH_LIMITS_ENABLED="false") as address:
        session = register(address)
        with flooded(address, arguments.logins, arguments.seconds) as outcome:
            pages = asyncio.run(watch(address, session, arguments.seconds))
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, {arguments.logins} logins at once")
    for name, times in pages.items():
        print(f"{name:<10} {told(times)}")
    done = Counter(outcome.get(timeout=LONGEST))
    rate = done[200] / arguments.seconds
    print(f"{'logins':<10} {rate:.1f} a second succeeded; answers by status: {dict(sorted(done.items()))}")


def told(times: list[float]) -> str:
    ordered = sorted(times)
    middle, high, last = statistics.median(ordered), ordered[len(ordered) * 95 // 100], ordered[-1]
    return f"median {middle:.3f} s, 95 % below {high:.3f} s, longest {last:.3f} s, of {len(ordered)}"


@contextmanager
def served(config: Path, **environ: str) -> Iterator[str]:
    """The address of the demo site, with a directory of its own. *environ*: variables of its environment."""
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "-c",
        str(config),
        "--bind",
        "127.0.0.1:0",
        "--access-logfile",
        "/dev/null",
    ]
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen(
            [*command, "--chdir", str(ROOT), "examples.demo:application"],
            env=os.environ | environ | {"STORMPATH_INSTANCE": f"{folder}/instance"},
            stderr=subprocess.PIPE,
            text=True,
        )
        assert server.stderr
        try:
            address = next(found[1] for line in server.stderr if (found := re.search(r"Listening at: (\S+)", line)))
            log = multiprocessing.Process(target=drain, args=(server.stderr.fileno(),), daemon=True)
            log.start()
            yield address
        finally:
            server.terminate()
            server.wait(LONGEST)
            log.kill()


def drain(descriptor: int) -> None:
    while os.read(descriptor, 65536):
        pass


def register(address: str) -> str:
    """Makes the account; its session cookie."""
    form = {"email": "ada@example.com", "password": PASSWORD, "givenName": "Ada", "surname": "Lovelace"}
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{address}/register", json.dumps(form).encode(), headers)  # noqa: S310  (ours)
    with urllib.request.urlopen(request, timeout=LONGEST) as answer:  # noqa: S310  (ours)
        return str(answer.headers["Set-Cookie"]).partition(";")[0]


@contextmanager
def flooded(address: str, logins: int, seconds: int) -> Iterator[multiprocessing.Queue[list[int]]]:
    """Logins at once from another process, which puts the statuses of all answers into the queue at the end."""
    outcome: multiprocessing.Queue[list[int]] = multiprocessing.Queue()
    flood = multiprocessing.Process(target=send_flood, args=(address, logins, seconds, outcome), daemon=True)
    flood.start()
    yield outcome
    flood.join(LONGEST)


def send_flood(address: str, logins: int, seconds: int, outcome: multiprocessing.Queue[list[int]]) -> None:
    end = time.monotonic() + seconds

    async def visitor(number: int) -> list[int]:
        login = "ada@example.com" if number % 2 else f"nobody{number}@example.com"
        form = json.dumps({"login": login, "password": PASSWORD}).encode()
        seen = []
        while time.monotonic() < end:
            seen.append(await status(address, "POST", "/login", body=form))
        return seen

    async def everybody() -> list[int]:
        return [each for seen in await asyncio.gather(*map(visitor, range(logins))) for each in seen]

    outcome.put(asyncio.run(everybody()))


async def watch(address: str, session: str, seconds: int) -> dict[str, list[float]]:
    """How long the pages take, in seconds, while the flood lasts."""
    end = time.monotonic() + seconds

    async def look(path: str, cookie: str) -> list[float]:
        times = []
        while time.monotonic() < end:
            begun = time.monotonic()
            if await status(address, "GET", path, cookie=cookie) != 200:
                times.append(float(LONGEST))
            times.append(time.monotonic() - begun)
            await asyncio.sleep(PAUSE)
        return times

    strangers, members = await asyncio.gather(look("/", "none=1"), look("/me", session))
    return {"GET /": strangers, "GET /me": members}


async def status(
    address: str, method: str, path: str, *, body: bytes = b"", cookie: str = "none=1", sender: str | None = None
) -> int:
    """The status of the answer; 0 where none came. *sender*: the address that it is sent from."""
    target = urlsplit(address)
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: {target.netloc}\r\nConnection: close\r\nAccept: application/json\r\n"
        f"Cookie: {cookie}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    try:
        async with asyncio.timeout(LONGEST):
            local = None if sender is None else (sender, 0)
            reader, writer = await asyncio.open_connection(target.hostname, target.port, local_addr=local)
            writer.write(head.encode() + body)
            answer = await reader.read()
            writer.close()
        return int(answer.split(maxsplit=2)[1])
    except (OSError, TimeoutError, IndexError):
        return 0


if __name__ == "__main__":
    main()
