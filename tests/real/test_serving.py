"""gunicorn as we ship it: floods of logins, visitors who stall, and what ``run`` is told."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import islice
from pathlib import Path

import pytest
import requests
from real.test_deploy import CHEAP, GUNICORN, PASSWORD, ROOT, RUN, Server, fresh_server, server
from support.large import SIZE
from support.machine import free_port
from support.waiting import eventually
from support.warm import run

from stormpath_wsgi.directory.crypto.passwords import AT_ONCE

DEMO = [*GUNICORN, "--chdir", str(ROOT), "examples.demo:application"]
CLI = ["-m", "stormpath_wsgi.cli"]
HELD_PLACES = AT_ONCE + 4  # the setting hashQueue as it is

# A hasher that works only while nobody else has locked a file.
HELD = """
import fcntl
from pwdlib.hashers.argon2 import Argon2Hasher


class Held(Argon2Hasher):
    def hash(self, password, *, salt=None):
        with open({lock!r}) as file:
            fcntl.flock(file, fcntl.LOCK_SH)
        return super().hash(password, salt=salt)

    def verify(self, password, hash):
        with open({lock!r}) as file:
            fcntl.flock(file, fcntl.LOCK_SH)
        return super().verify(password, hash)


HASHER = Held(time_cost=1, memory_cost=8, parallelism=1)
"""

# An application that starts a thread while it is imported, and tells how it is served.
THREADED = """
import json, os, threading

thread = threading.Thread(target=threading.Event().wait, daemon=True)
thread.start()


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    told = {"alive": thread.is_alive(), "one process": not environ["wsgi.multiprocess"]}
    told["accounts"] = "stormpath.user" in environ
    return [json.dumps(told).encode()]
"""

INI = """
[app:main]
paste.app_factory = threaded:make

[composite:other]
use = egg:Paste#nothing

[pipeline:ours]
pipeline = accounts main

[filter:accounts]
use = egg:stormpath-wsgi
instance = %(here)s/instance
"""


class TestFloods:
    """Of logins, while no hash gets done: few wait, the rest are told at once, and other pages are served."""

    @pytest.mark.parametrize("kind", [[], ["--worker-class", "gevent"]], ids=["threads", "gevent"])
    def test_a_site_serves_its_other_pages(self, tmp_path: Path, kind: list[str]) -> None:
        serve = fresh_server if "gevent" in kind else server
        with held(tmp_path) as (environ, release), serve([*DEMO, *kind], tmp_path, **environ) as site:
            login = partial(
                requests.post, f"{site.address}/login", json={"login": "ada@example.com", "password": PASSWORD},
                headers={"Accept": "application/json"}, timeout=60,
            )  # fmt: skip
            page = partial(requests.get, f"{site.address}/", timeout=60)
            assert flood(login, page, release) == {400}

    def test_the_rest_api_serves_its_other_callers(self, tmp_path: Path) -> None:
        with held(tmp_path) as (environ, release):
            inherited = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
            made = run([*CLI, "init"], cwd=tmp_path, env=inherited, check=True)
            key = tuple(re.findall(r"apiKey\.\w+ = (\S+)", made.stdout))
            application = re.findall(r"/applications/\w+", made.stdout)[0]
            with server([*CLI, "serve", "--bind", "127.0.0.1:0"], tmp_path, **environ) as site:
                value = "YWRhQGV4YW1wbGUuY29tOmd1ZXNz"  # ada@example.com:guess
                login = partial(
                    requests.post, f"{site.address}/v1{application}/loginAttempts",
                    json={"type": "basic", "value": value}, auth=key, timeout=60,
                )  # fmt: skip
                page = partial(requests.get, f"{site.address}/v1{application}", auth=key, timeout=60)
                assert flood(login, page, release) == {400}


Step = Callable[[], requests.Response]


def flood(login: Step, page: Step, release: Callable[[], None], crowd: int = 40) -> set[int]:
    """The statuses of the logins that were let wait, when *release* has let them be hashed."""
    with ThreadPoolExecutor(crowd) as visitors:
        logins: list[Future[requests.Response]] = [visitors.submit(login) for _ in range(crowd)]
        try:
            refused = [done.result() for done in islice(as_completed(logins, timeout=60), crowd - HELD_PLACES)]
            assert {(answer.status_code, answer.headers.get("Retry-After")) for answer in refused} == {(503, "2")}
            assert sum(not each.done() for each in logins) == HELD_PLACES
            assert page().status_code == 200
        finally:
            release()
        return {each.result().status_code for each in logins} - {503}


@contextmanager
def held(folder: Path) -> Iterator[tuple[dict[str, str], Callable[[], None]]]:
    """The environment of a server with one worker that can hash nothing; and what lets it hash."""
    lock = folder / "lock"
    (folder / "held.py").write_text(HELD.format(lock=str(lock)))
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        environ = {
            "WEB_CONCURRENCY": "1",
            "STORMPATH_INSTANCE": str(folder / "instance"),
            "STORMPATH_PASSWORDHASHER": "held:HASHER",
            "STORMPATH_LIMITS_ENABLED": "false",  # else most of a flood from one address is not hashed anyway
            "PYTHONPATH": str(folder),
        }
        yield environ, partial(fcntl.flock, file, fcntl.LOCK_UN)


class TestStalledVisitors:
    """Of more visitors than there are threads none holds one for long."""

    HEAD = b"POST /login HTTP/1.1\r\nHost: site\r\nAccept: application/json\r\nContent-Type: application/json\r\n"
    HASTY = """
from stormpath_wsgi.cli.gunicorn_conf import *
from stormpath_wsgi.cli.worker import Worker


class worker_class(Worker):
    idle, patience = {idle}, {patience}
"""

    @pytest.fixture
    def site(self, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
        idle, patience = getattr(request, "param", (0.2, 60))
        environ = {"STORMPATH_INSTANCE": str(tmp_path / "instance")}
        with self.hasty(tmp_path, *DEMO[-3:], idle=idle, patience=patience, environ=environ) as started:
            yield started

    @contextmanager
    def hasty(
        self, folder: Path, *served: str, idle: float = 0.2, patience: float = 60, environ: Mapping[str, str]
    ) -> Iterator[Server]:
        config = folder / "hasty.py"
        config.write_text(self.HASTY.format(idle=idle, patience=patience))
        command = ["-m", "gunicorn", "-c", str(config), "--bind", "127.0.0.1:0", *served]
        with server(command, folder, WEB_CONCURRENCY="1", **environ) as started:
            yield started
        assert not [line for line in started.lines if "Traceback" in line]

    def test_who_stops_in_the_middle_is_given_up(self, site: Server) -> None:
        for said in (b"", b"POST /log", self.HEAD, self.HEAD + b"Content-Length: 9\r\n\r\n{"):
            stalled = [_connected(site) for _ in range(20)]
            for each in stalled:
                each.sendall(said)
            assert requests.get(f"{site.address}/", timeout=60).status_code == 200
            for each in stalled:
                with each, each.makefile("rb") as answer:
                    assert b"200 OK" not in answer.read()  # to its end: the server closed it

    def test_who_does_not_close_what_is_to_be_closed_stops_nobody(self, site: Server) -> None:
        with ExitStack() as open_:
            connections = [open_.enter_context(_connected(site)) for _ in range(40)]
            for each in connections:
                each.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert requests.get(f"{site.address}/", timeout=60).status_code == 200
            for each in connections:
                assert b"200 OK" in open_.enter_context(each.makefile("rb")).read()

    @pytest.mark.parametrize("path", ["/file", "/made"])
    def test_who_asks_for_much_and_does_not_take_it_is_given_up(self, tmp_path: Path, path: str) -> None:
        file = tmp_path / "large.zip"
        with file.open("wb") as large:
            large.truncate(SIZE)
        environ = {"PYTHONPATH": str(ROOT / "tests"), "LARGE_FILE": str(file)}
        with self.hasty(tmp_path, "support.large:app", environ=environ) as site, ExitStack() as stalled:
            for _ in range(10):
                stalled.enter_context(_connected(site)).sendall(b"GET %b HTTP/1.0\r\n\r\n" % path.encode())
            assert requests.get(f"{site.address}/", timeout=60).text == "0 bytes"

    @pytest.mark.parametrize("site", [(60, 0.3)], indirect=True)
    def test_who_sends_a_byte_now_and_then_is_given_up_too(self, site: Server) -> None:
        with _connected(site) as connection:
            connection.sendall(self.HEAD + b"Content-Length: 1000000\r\n\r\n")
            connection.settimeout(0.05)
            answer = b""
            while b"HTTP/1.1 400" not in answer:
                try:
                    connection.sendall(b" ")
                    answer += connection.recv(1000) or b"HTTP/1.1 400, or nothing"
                except TimeoutError:
                    continue
                except ConnectionError:
                    break

    def test_who_sends_much_and_steadily_is_not(self, site: Server) -> None:
        body = b'{"login": "ada", "password": "guess"}'.ljust(150_000)
        with _connected(site) as connection:
            connection.sendall(self.HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body))
            for begin in range(0, len(body), 1000):
                connection.sendall(body[begin : begin + 1000])
            with connection.makefile("rb") as answer:
                assert b"Invalid username or password" in answer.read()

    def test_a_connection_that_was_kept_may_rest_and_go_on(self, site: Server) -> None:
        with requests.Session() as session:
            for _ in range(3):
                assert session.get(f"{site.address}/", timeout=60).status_code == 200
        assert len({line for line in site.lines if "Booting" in line}) == 1


def _connected(site: Server) -> socket.socket:
    host, port = site.address.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=60)


#: Tells what the garbage collector has done since it is imported.
COLLECTED = """
import gc, json, os
from stormpath_wsgi import StormpathMiddleware

frozen, processes = gc.get_freeze_count(), []

def note(phase, told):
    if phase == "start" and told["generation"] == 2:
        processes.append(os.getpid())

def tell(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    told = {"frozen": gc.get_freeze_count() - frozen, "in the worker": os.getpid() in processes}
    return [json.dumps(told).encode()]

gc.callbacks.append(note)
application = StormpathMiddleware(tell)
"""


class TestRun:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        (tmp_path / "threaded.py").write_text(f"{THREADED}\n\ndef make(global_conf):\n    return application\n")
        (tmp_path / "site.ini").write_text(INI)
        return tmp_path

    def served(self, folder: Path, *options: str, **environ: str) -> tuple[dict[str, bool], str]:
        """What the application tells of itself, and what was said about workers."""
        with server([*RUN, *options, "--bind", "127.0.0.1:0"], folder, **environ) as site:
            told: dict[str, bool] = requests.get(f"{site.address}/", timeout=60).json()
            staff = site.said(r"(\d+ workers?, \d+ threads each)")[0]
            # A worker that begins does not hear that it is to stop: gunicorn would wait half a minute for it.
            site.said(r"Booting worker with pid: (\d+)", int(staff.split()[0]))
        return told, staff

    def test_it_imports_the_application_in_its_one_worker_and_says_so(self, folder: Path) -> None:
        told, staff = self.served(folder, "threaded:application")
        assert told == {"alive": True, "one process": True, "accounts": True}
        assert staff == "1 worker, 8 threads each"

    def test_it_is_told_to_load_it_before_and_to_start_more(self, folder: Path) -> None:
        told, staff = self.served(folder, "threaded:application", "--preload", WEB_CONCURRENCY="2")
        assert told == {"alive": False, "one process": False, "accounts": True}
        assert staff == "2 workers, 8 threads each"

    @pytest.mark.parametrize("options", [[], ["--preload"]], ids=["own", "preloaded"])
    @pytest.mark.parametrize("command", [[*RUN, "--bind", "127.0.0.1:0"], GUNICORN], ids=["run", "gunicorn"])
    def test_the_garbage_collector_leaves_what_was_loaded_alone(
        self, tmp_path: Path, command: list[str], options: list[str]
    ) -> None:
        """Its look would take time, and end the sharing of memory with the process that has loaded the application."""
        (tmp_path / "collected.py").write_text(COLLECTED)
        with server([*command, *options, "collected:application"], tmp_path, WEB_CONCURRENCY="1") as site:
            told = requests.get(f"{site.address}/", timeout=60).json()
        assert told["frozen"] > 1000
        assert told["in the worker"] == (not options)

    @pytest.mark.parametrize("options", [[], ["--preload"]], ids=["own", "preloaded"])
    def test_links_of_mails_lead_to_where_it_serves(self, tmp_path: Path, options: list[str]) -> None:
        port = free_port()
        command = [*RUN, "wsgiref.simple_server:demo_app", "--bind", f"127.0.0.1:{port}", *options]
        ada = {"email": "ada@example.org", "password": PASSWORD, "givenName": "Ada", "surname": "Lovelace"}
        as_json, outbox = {"Accept": "application/json", "Host": "evil.example"}, tmp_path / "instance/outbox"
        with server(command, tmp_path, **CHEAP) as site:
            for page in ("register", "forgot"):
                posted = ada if page == "register" else {"email": ada["email"]}
                assert requests.post(f"{site.address}/{page}", json=posted, headers=as_json, timeout=60).ok
            eventually(lambda: any(outbox.glob("*.eml")))
        [mail] = outbox.glob("*.eml")
        assert f"http://127.0.0.1:{port}/change?sptoken=" in mail.read_text()

    def test_the_word_of_a_configuration_file_counts(self, folder: Path) -> None:
        (folder / "conf.py").write_text("preload_app = True\nworkers = 3\n")
        told, staff = self.served(folder, "threaded:application", "--config", "conf.py", WEB_CONCURRENCY="2")
        assert (told["alive"], staff) == (False, "3 workers, 8 threads each")

    @pytest.mark.parametrize("target", ["site.ini", "site.ini#ours"])
    def test_it_takes_a_file_of_pastedeploy(self, folder: Path, target: str) -> None:
        told, _ = self.served(folder, target)
        assert told == {"alive": True, "one process": True, "accounts": True}
        assert (folder / "instance/accounts.db").exists()

    def test_gunicorn_takes_the_same_file(self, folder: Path) -> None:
        ini = folder / "site.ini"
        command = [*GUNICORN, "--paste", f"{ini}#ours"]
        with server(command, folder, WEB_CONCURRENCY="1") as site:
            assert requests.get(f"{site.address}/", timeout=60).json()["accounts"]

    def test_a_reload_brings_new_code_and_a_mistake_in_the_settings_changes_nothing(self, folder: Path) -> None:
        config = folder / "conf.py"
        config.write_text("")
        command = [*RUN, "threaded:application", "--bind", "127.0.0.1:0", "--config", str(config)]
        with server(command, folder) as site:
            site.said(r"(Your site)")
            config.write_text("workers = many\n")
            (folder / "threaded.py").write_text(THREADED.replace('"accounts"', '"people"'))
            site.process.send_signal(signal.SIGHUP)
            site.said(r"line 1: (NameError).* The settings stay as they were")
            site.said(r"Worker exiting \(pid: (\d+)\)")
            assert requests.get(f"{site.address}/", timeout=60).json()["people"]

    @pytest.mark.parametrize(
        ("options", "code", "sentence"),
        [
            (
                ["threaded:nothing"],
                2,
                "threaded:nothing cannot be imported: module 'threaded' has no attribute 'nothing'.",
            ),
            (["needy:app"], 2, "needy:app cannot be imported: No module named 'not_installed'"),
            (["broken:app"], 1, "The application failed while it was loaded; the traceback above says where."),
            (["site.ini#other"], 2, "site.ini#other cannot be imported: "),
        ],
    )
    def test_what_cannot_be_served_is_told_at_once_in_one_sentence(
        self, folder: Path, options: list[str], code: int, sentence: str
    ) -> None:
        (folder / "needy.py").write_text("import not_installed")
        (folder / "broken.py").write_text("1 / 0")
        answer = run([*RUN, *options], cwd=folder, env=_bare())
        assert answer.returncode == code, answer.stderr
        last = answer.stderr.strip().splitlines()[-1]
        assert last.startswith(f"Error: {sentence}")
        assert ("Traceback" in answer.stderr) == ("traceback" in sentence)

    def test_a_directory_that_cannot_be_reached_is_3_also_when_a_worker_finds_out(self, folder: Path) -> None:
        (folder / "odd.db").write_text("this is not a database " * 50)
        environ = _bare() | {"STORMPATH_DIRECTORY": "sqlite:///odd.db"}
        command = [*RUN, "threaded:application"]
        answer = run(command, cwd=folder, env=environ)
        assert answer.returncode == 3, answer.stderr


def _bare() -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("STORMPATH_")}
    return kept | {"HOME": "", "PORT": ""}


# Loaded first: who is nobody may not be allowed to read the interpreter's own files.
AS_NOBODY = """
import os
from stormpath_wsgi.cli.accounts import account
from stormpath_wsgi.cli.commands import cli
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
cli(["account", "list"], prog_name="stormpath-wsgi")
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else as well")
def test_the_files_of_another_user_are_told_in_one_sentence() -> None:
    with tempfile.TemporaryDirectory(prefix="stormpath-wsgi-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        run([*CLI, "init"], cwd=folder, env=_bare(), check=True)
        for mode, code in ((0o700, 1), (0o755, 3)):
            (folder / "instance").chmod(mode)
            answer = run(["-c", AS_NOBODY], cwd=folder, env=_bare())
            told = r"Error: This user may not \w+ instance/\S+.*; run the command as the user whose it is, .*\n"
            assert re.fullmatch(told, answer.stderr), answer.stderr
            assert answer.returncode == code
