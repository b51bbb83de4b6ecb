"""The deployment as it is: gunicorn with our configuration, workers that die and are replaced, the ``run`` command."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest
import requests
from support.warm import Program, run

from stormpath_wsgi import Client

ROOT = Path(__file__).parent.parent.parent
GUNICORN = ["-m", "gunicorn", "-c", str(ROOT / "deploy/gunicorn.conf.py"), "--bind", "127.0.0.1:0"]
RUN = ["-m", "stormpath_wsgi.cli", "run"]
#: The environment of a server whose visitors wait for no hash: how hard it is, is no question here.
CHEAP = {
    "STORMPATH_PASSWORDHASHER": "support.cheap:HASHER",
    "STORMPATH_HASHQUEUE": "8",
    "PYTHONPATH": str(ROOT / "tests"),
}
PASSWORD = "Correct-Horse-9"
WORKERS = 4


class Server:
    """A server in a process of its own, and what it says. *command*, of Python, prints the address that it is at."""

    def __init__(self, command: list[str], folder: Path, **environ: str) -> None:
        inherited = {name: text for name, text in os.environ.items() if not name.startswith("STORMPATH_")}
        inherited |= {"HOME": str(folder), "PYTHONUNBUFFERED": "1", "PORT": ""}
        self.process = self._start(command, folder, inherited | environ)
        self.lines: list[str] = []
        self._said = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.address = self.said(r"Listening at: (https?://\S+)")[0]

    def said(self, pattern: str, times: int = 1) -> list[str]:
        """What the first *times* lines say that match *pattern*, as soon as they are there."""

        def found() -> list[str]:
            return [match[1] for line in self.lines if (match := re.search(pattern, line))]

        with self._said:
            if not self._said.wait_for(lambda: len(found()) >= times or not self._reader.is_alive(), timeout=60):
                pytest.fail(f"{pattern} was not said in a minute:\n{''.join(self.lines)}")
            assert len(found()) >= times, "".join(self.lines)
            return found()

    def _start(self, command: list[str], folder: Path, environ: dict[str, str]) -> Program | subprocess.Popen[str]:
        return Program(command, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, tables=True)

    def stop(self) -> int:
        self.process.terminate()
        code = self.process.wait(60)
        self._reader.join()
        if self.process.stdout:
            self.process.stdout.close()
        return code

    def _read(self) -> None:
        for line in self.process.stdout or ():
            with self._said:
                self.lines.append(line)
                self._said.notify_all()
        with self._said:
            self._said.notify_all()


class FreshServer(Server):
    """One in an interpreter that has imported nothing yet, as administrators start it."""

    def _start(self, command: list[str], folder: Path, environ: dict[str, str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *command],
            cwd=folder,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


@contextmanager
def server(command: list[str], folder: Path, **environ: str) -> Iterator[Server]:
    started = Server(command, folder, **environ)
    try:
        yield started
    finally:
        started.stop()


@contextmanager
def fresh_server(command: list[str], folder: Path, **environ: str) -> Iterator[Server]:
    started = FreshServer(command, folder, **environ)
    try:
        yield started
    finally:
        started.stop()


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Server]:
    """The demo site with four workers. Crowds come from one address, so nobody is held up."""
    command = [*GUNICORN, "--chdir", str(ROOT), "examples.demo:application"]
    environ = {"WEB_CONCURRENCY": str(WORKERS), "STORMPATH_INSTANCE": str(tmp_path / "instance"), **CHEAP}
    with server(command, tmp_path, **environ, STORMPATH_LIMITS_ENABLED="false") as site:
        site.said(r"Booting worker with pid: (\d+)", WORKERS)
        yield site


#: Before the answer, or within it.
BROKEN = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


class Visitor:
    """A browser that speaks JSON. A request whose connection breaks is sent once more, as browsers do."""

    def __init__(self, address: str, email: str) -> None:
        self.address, self.email = address, email
        self.session = requests.Session()
        self.session.headers["Accept"] = "application/json"

    def register(self) -> bool:
        """Whether the server said that the account is made (and signed in)."""
        form = {"email": self.email, "password": PASSWORD, "givenName": "A", "surname": "Visitor"}
        for _ in range(10):
            try:
                answer = self.session.post(f"{self.address}/register", json=form, timeout=60)
            except BROKEN:
                return False  # not sent again: it may have been made
            if answer.status_code != 503:  # a machine that is busy refuses some, before anything is done
                break
        assert answer.status_code == 200, answer.text
        return True

    def is_signed_in(self) -> bool:
        try:
            answer = self._me()
        except BROKEN:
            answer = self._me()
        return answer.status_code == 200 and answer.json()["account"]["email"] == self.email

    def _me(self) -> requests.Response:
        return self.session.get(f"{self.address}/me", timeout=60)


class Traffic:
    """Threads of visitors. Each does its round over and over; what went wrong is kept."""

    def __init__(self) -> None:
        self.rounds: list[int] = []
        self.wrong: list[str] = []
        self._turn = threading.Condition()
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, step: Callable[[], str | None]) -> None:
        """*step*: one round; answers what went wrong."""
        self.rounds.append(0)
        thread = threading.Thread(target=self._go, args=(len(self._threads), step))
        self._threads.append(thread)
        thread.start()

    def flows(self, rounds: int) -> None:
        """Returns when every thread has done *rounds* more."""
        goal = [done + rounds for done in self.rounds]
        with self._turn:
            flowing = self._turn.wait_for(lambda: self.wrong or all(map(int.__ge__, self.rounds, goal)), timeout=120)
        assert flowing and not self.wrong, self.wrong or self.rounds

    def stop(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _go(self, number: int, step: Callable[[], str | None]) -> None:
        while not self._over.is_set():
            try:
                wrong = step()
            except (requests.RequestException, AssertionError) as error:
                wrong = repr(error)
            with self._turn:
                self.rounds[number] += 1
                self.wrong += [wrong] if wrong else []
                self._turn.notify_all()
            if wrong:
                return


class Crowd:
    """Visitors who stay signed in, and visitors who keep arriving."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.stayers = [Visitor(address, f"stayer{n}@example.com") for n in range(4)]
        self.arrived: list[Visitor] = []
        self.traffic = Traffic()

    def __enter__(self) -> Traffic:
        for visitor in self.stayers:
            assert visitor.register()
            self.traffic.start(partial(self._stay, visitor))
        for door in range(2):
            self.traffic.start(partial(self._arrive, door))
        return self.traffic

    def __exit__(self, *_: object) -> None:
        self.traffic.stop()

    def all(self) -> list[Visitor]:
        return [*self.stayers, *self.arrived]

    def _stay(self, visitor: Visitor) -> str | None:
        return None if visitor.is_signed_in() else f"{visitor.email} is signed out"

    def _arrive(self, door: int) -> None:
        visitor = Visitor(self.address, f"arrival{door}-{len(self.arrived)}-{threading.get_ident()}@example.com")
        if visitor.register():
            self.arrived.append(visitor)


def assert_nothing_lost(crowd: Crowd, folder: Path) -> None:
    """Every account and session that was acknowledged is there, and everybody is signed in."""
    assert crowd.traffic.wrong == []
    assert [visitor.email for visitor in crowd.all() if not visitor.is_signed_in()] == []
    with Client(f"sqlite:///{folder}/instance/accounts.db") as client:
        sessions = {account.email: len(account.refresh_tokens) for account in client.accounts}
    assert {visitor.email: sessions.get(visitor.email) for visitor in crowd.all()} == {
        visitor.email: 1 for visitor in crowd.all()
    }


def workers(site: Server) -> set[int]:
    pid = site.process.pid
    return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def test_when_a_worker_is_killed_nobody_is_signed_out_and_nothing_is_lost(demo: Server, tmp_path: Path) -> None:
    crowd = Crowd(demo.address)
    with crowd as traffic:
        for kills in (1, 2):
            traffic.flows(5)
            os.kill(min(workers(demo)), signal.SIGKILL)
            demo.said(r"Booting worker with pid: (\d+)", WORKERS + kills)
            traffic.flows(10)
    assert_nothing_lost(crowd, tmp_path)


def test_a_reload_replaces_all_workers_and_nobody_notices(demo: Server, tmp_path: Path) -> None:
    before = [os.pidfd_open(pid) for pid in workers(demo)]
    crowd = Crowd(demo.address)
    with crowd as traffic:
        traffic.flows(5)
        demo.process.send_signal(signal.SIGHUP)
        for ended in before:
            assert select.select([ended], [], [], 60)[0]
            os.close(ended)
        traffic.flows(10)
    assert len(workers(demo)) == WORKERS
    assert_nothing_lost(crowd, tmp_path)


def test_a_header_does_not_make_https_unless_its_proxy_is_named(tmp_path: Path) -> None:
    command = [*GUNICORN, "--chdir", str(ROOT), "examples.demo:application"]

    def cookies(folder: str, **environ: str) -> list[str]:
        instance = str(tmp_path / folder)
        with server(command, tmp_path, WEB_CONCURRENCY="1", STORMPATH_INSTANCE=instance, **environ) as site:
            headers = {"Accept": "application/json", "X-Forwarded-Proto": "https"}
            form = {"email": "ada@example.com", "password": PASSWORD, "givenName": "A", "surname": "L"}
            answer = requests.post(f"{site.address}/register", json=form, headers=headers, timeout=60)
            session = answer.raw.headers.getlist("Set-Cookie")[0]
            return [part for part in session.split("; ") if "stormpath" in part or part == "Secure"]

    assert [cookie.partition("=")[0] for cookie in cookies("plain")] == ["stormpath_session"]
    believed = cookies("proxied", FORWARDED_ALLOW_IPS="127.0.0.1")
    assert [cookie.partition("=")[0] for cookie in believed] == ["__Host-stormpath_session", "Secure"]


def test_the_access_log_has_no_queries_and_no_forged_lines(demo: Server) -> None:
    for address in ("/login?next=/hush", "/a%0AGET%20/forged?hush"):
        requests.get(demo.address + address, headers={"Referer": "http://a.example/?hush"}, timeout=60)
    demo.said(r"\"GET (/a%0AGET%20/forged)\" 404")
    assert [line for line in demo.lines if "hush" in line or line.startswith("GET")] == []


class TestRun:
    def test_it_gives_accounts_to_an_application_that_knows_nothing_of_them(self, tmp_path: Path) -> None:
        command = [*RUN, "wsgiref.simple_server:demo_app", "--workers", "1", "--bind", "127.0.0.1:0"]
        site = FreshServer(command, tmp_path)
        assert site.said(r"Your site: (\S+)") == [site.address]
        assert "Hello world!" in requests.get(f"{site.address}/", timeout=60).text
        visitor = Visitor(site.address, "ada@example.com")
        assert visitor.register()
        [event] = site.said(r"(\{.*\"event\": \"Registered\".*\})")
        assert json.loads(event)["address"] == "127.0.0.1"
        assert (
            'name="password"' in requests.get(f"{site.address}/login", headers={"Accept": "text/html"}, timeout=60).text
        )
        assert site.stop() == 0

    def test_when_its_port_is_taken_it_takes_the_next(self, tmp_path: Path) -> None:
        with ExitStack() as stack:
            taken = stack.enter_context(socket.socket())
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                taken.bind(("127.0.0.1", 8000))
                taken.listen()
            except OSError:
                pass  # by somebody else, which is as good
            command = [*RUN, "wsgiref.simple_server:demo_app", "--workers", "1"]
            site = stack.enter_context(server(command, tmp_path))
            assert int(site.address.rpartition(":")[2]) > 8000
            # A worker that is told to stop while it starts does not hear it, and is waited for: half a minute.
            assert requests.get(f"{site.address}/", timeout=60).status_code == 200

    def test_a_port_that_was_asked_for_and_is_taken_is_refused(self, tmp_path: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            answer = run([*RUN, "wsgiref.simple_server:demo_app"], cwd=tmp_path, env=os.environ | {"PORT": port})
        assert (answer.returncode, answer.stderr) == (
            1, f"Error: Port {port} is taken; choose another with PORT=… or --bind.\n"
        )  # fmt: skip

    def test_what_brings_its_own_accounts_is_served_as_it_is(self, tmp_path: Path) -> None:
        command = [*RUN, "examples.demo:application", "--workers", "1", "--bind", "127.0.0.1:0"]
        with server(command, ROOT, STORMPATH_INSTANCE=str(tmp_path / "instance")) as site:
            assert "Hello, stranger" in requests.get(f"{site.address}/", timeout=60).text
            assert requests.get(f"{site.address}/demo.css", timeout=60).headers["Content-Type"].startswith("text/css")

    def test_a_configuration_file_is_laid_over_ours(self, tmp_path: Path) -> None:
        config = tmp_path / "conf.py"
        config.write_text("limit_request_line = 100\n")
        command = [*RUN, "wsgiref.simple_server:demo_app", "--bind", "127.0.0.1:0", "--config", str(config)]
        with server(command, tmp_path) as site:
            assert requests.get(f"{site.address}/", timeout=60).status_code == 200
            assert requests.get(f"{site.address}/{'long' * 100}", timeout=60).status_code == 414
