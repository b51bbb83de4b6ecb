"""How many views of a page ask the directory, while people sign in and out and change their profiles.

    python benchmarks/mixed.py sqlite:////tmp/new.db [--people 100000] [--views 10000] [--seconds 20] [--workers 2]

So many *people* are signed in. Each of the *workers*, processes of their own, looks at so many of their sessions a
second, at random, as a page does that asks who is signed in. Meanwhile 20 people sign in, 10 sign out and 10 change
their profile each second. A view counts as one that asks if it sends any statement to the database. The database must
be new; on PostgreSQL its tables must be there (``stormpath-wsgi init``). Nothing is left out of memory, and nothing
ends there because of its age, so that what is counted comes from changes alone.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from population import populate
from sqlalchemy import Engine, create_engine, event, insert, literal, select

from stormpath_wsgi.client import Client
from stormpath_wsgi.cookie import Session
from stormpath_wsgi.directory import open_directory
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.session import Sessions
from stormpath_wsgi.settings import Settings

SIGN_INS, SIGN_OUTS, PROFILES = 20, 10, 10  # a second
_accounts, _tokens = schema.accounts, schema.refresh_tokens


@contextmanager
def opened(url: str) -> Iterator[Sessions]:
    settings = Settings(
        directory=url,
        secret_keys=("a key for a benchmark, which nobody else ever uses",),
        encryption_keys=("ab" * 32,),
        cache_ttl=dt.timedelta(days=1),
        cache_size=1_000_000,
    )
    with Client(**settings.opening()) as client:
        yield Sessions(client, client.applications[0], settings)


def prepare(url: str, people: int) -> None:
    """Makes the people, each with a session that has the id of its account."""
    with closing(open_directory(url)) as service:
        service.bootstrap()
        (directory,) = service.list("tenants/current/directories")["items"]
        (application,) = service.list("tenants/current/applications")["items"]
        populate(service, url, directory["href"], people)
    engine, now = create_engine(url), int(time.time() * 1000)
    known = {
        "id": _accounts.c.id,
        "tenant_id": _accounts.c.tenant_id,
        "account_id": _accounts.c.id,
        "application_id": literal(application["href"].rpartition("/")[2]),
        "created_at": literal(now),
        "expires_at": literal(now + 86_400_000),
        "rotation": literal(0),
    }
    with engine.begin() as connection:
        connection.execute(insert(_tokens).from_select(list(known), select(*known.values())))
    engine.dispose()


def cookies(sessions: Sessions, url: str) -> list[str]:
    """The cookies of all people."""
    engine, now = create_engine(url), int(time.time())
    with engine.connect() as connection:
        ids = connection.execute(select(_accounts.c.id).order_by(_accounts.c.id)).scalars().all()
    engine.dispose()
    return [sessions._signer.write(Session(id, id, started=now, renewed=now)) for id in ids]


def view(url: str, rate: int) -> None:
    """A worker: looks at each session once, says so, and then counts until it is told to end."""
    asked, mine = [0], threading.get_ident()

    def note(*_: object) -> None:
        asked[0] += threading.get_ident() == mine  # not what a thread hears of changes

    event.listen(Engine, "before_cursor_execute", note)
    with opened(url) as sessions:
        texts = cookies(sessions, url)
        for text in texts:
            sessions.recall(text)
        ended = threading.Event()
        threading.Thread(target=lambda: (sys.stdin.readline(), ended.set()), daemon=True).start()
        print("ready", flush=True)
        views = asking = questions = 0
        begun, cpu = time.perf_counter(), time.process_time()
        while not ended.is_set():
            due = int((time.perf_counter() - begun) * rate)
            for _ in range(min(due - views, 1000)):
                before = asked[0]
                sessions.recall(random.choice(texts))  # noqa: S311  (no secret)
                views += 1
                asking += asked[0] != before
                questions += asked[0] - before
            if views >= due:
                time.sleep(0.001)
        seconds = time.perf_counter() - begun
        answer = {"views": views, "asking": asking, "questions": questions, "seconds": seconds}
        print(json.dumps({**answer, "cpu": time.process_time() - cpu}), flush=True)


def change(sessions: Sessions, seconds: float) -> dict[str, int]:
    """Signs in and out and changes profiles, at the rates above. Returns how many of each there were."""
    store, application = sessions.client.data_store, sessions.application
    size = store.list(f"{application.href}/accounts", {"limit": "1"})["size"]
    done, signed_in = {"sign-ins": 0, "sign-outs": 0, "profiles": 0}, []
    begun = time.perf_counter()
    while (passed := time.perf_counter() - begun) < seconds:
        offset = str(random.randrange(min(size, 2000)))  # noqa: S311
        (account,) = store.list(f"{application.href}/accounts", {"offset": offset, "limit": "1"})["items"]
        for kind, rate in (("sign-ins", SIGN_INS), ("sign-outs", SIGN_OUTS), ("profiles", PROFILES)):
            if done[kind] >= passed * rate or (kind == "sign-outs" and not signed_in):
                continue
            if kind == "sign-ins":
                signed_in.append(sessions.start(sessions.client.accounts.get(account["href"])))
            elif kind == "sign-outs":
                sessions.end(signed_in.pop(0))
            else:
                store.update(account["href"], {"surname": f"Number {done[kind]}"})
            done[kind] += 1
        time.sleep(0.005)
    return done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("directory", help="the URL of a new database")
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--views", type=int, default=10_000, help="a second, in each worker")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--view", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.view:
        view(arguments.directory, arguments.views)
        return
    prepare(arguments.directory, arguments.people)
    command = [sys.executable, str(Path(__file__)), arguments.directory, "--view", "--views", str(arguments.views)]
    workers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(arguments.workers)
    ]
    try:
        for worker in workers:
            assert worker.stdout
            assert worker.stdout.readline() == "ready\n"
        with opened(arguments.directory) as sessions:
            done = change(sessions, arguments.seconds)
        counts = [json.loads(worker.communicate("\n")[0]) for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    print(", ".join(f"{number} {kind}" for kind, number in done.items()))
    views = sum(count["views"] for count in counts)
    asking = sum(count["asking"] for count in counts)
    cpu = sum(count["cpu"] for count in counts) / views * 1e6
    rate = views / counts[0]["seconds"] / len(counts)
    print(f"{views} views, {rate:.0f} a second and worker: {asking / views:.2%} asked; {cpu:.1f} us of CPU each")


if __name__ == "__main__":
    main()
