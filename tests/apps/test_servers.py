"""One story over all servers: people register, come back after a restart, and are signed out everywhere at once. Who
still waits for an answer when the server is told to stop gets it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest
import requests
from real.test_deploy import CHEAP, PASSWORD, ROOT, Visitor
from support.machine import free_port
from support.waiting import eventually

#: Processes of each server that has several.
PROCESSES = 2

# The application, which tells what the server says of a request.
STORY = '''
import hashlib
import json
import os
import threading
from pathlib import Path

from stormpath_wsgi import StormpathMiddleware, user

BIG = b"x" * 100_000
FOLDER = Path(__file__).parent


def told(environ):
    names = [name for name in environ if name.isupper() and isinstance(environ[name], str)]
    kept = ("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "SERVER_PROTOCOL", "REMOTE_ADDR",
            "REMOTE_USER", "CONTENT_TYPE", "HTTP_AUTHORIZATION", "HTTP_X_ONE", "HTTP_X_SPOOFED", "wsgi.url_scheme")
    return {"wrong": [name for name in names if type(environ[name]) is not str], "version": environ["wsgi.version"],
            "email": user.email, **{name: environ[name] for name in kept if name in environ}}


def body(environ):
    whole = hashlib.sha256()
    left = None if environ.get("wsgi.input_terminated") else int(environ.get("CONTENT_LENGTH") or 0)
    while left != 0 and (data := environ["wsgi.input"].read(8000 if left is None else min(left, 8000))):
        whole.update(data)
        left = None if left is None else left - len(data)
    return whole.hexdigest()


def stream(kind):
    """*kind*: waits between the two parts until the visitor has seen the first one, or goes on for ever."""
    try:
        yield BIG
        while kind == "endless":
            yield BIG
        while not (FOLDER / "seen").exists():
            threading.Event().wait(0.005)
        yield user.email.encode()
    finally:
        (FOLDER / f"closed-{kind}").touch()


def slow():
    """Is at work until the test lets it go."""
    (FOLDER / "at-work").touch()
    while not (FOLDER / "let-go").exists():
        threading.Event().wait(0.005)
    yield b"to its end"


def site(environ, start_response):
    path, _, rest = environ["PATH_INFO"][1:].partition("/")
    start_response("200 OK", [("Content-Type", "text/plain")])
    if path == "stream":
        return stream(rest)
    if path == "slow":
        return slow()
    return [(body(environ) if path == "body" else json.dumps(told(environ))).encode()]


application = StormpathMiddleware(site, web={"register": {"autoLogin": True}, "ready": {"enabled": True}})
(FOLDER / f"up-{os.getpid()}").touch()
'''

APACHE = """
ServerRoot {folder}
PidFile {folder}/pid
ServerName site.example
Listen 127.0.0.1:{port}
ErrorLog {folder}/error.log
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule authz_host_module {modules}/mod_authz_host.so
LoadModule alias_module {modules}/mod_alias.so
LoadModule headers_module {modules}/mod_headers.so
LoadModule reqtimeout_module {modules}/mod_reqtimeout.so
LoadModule socache_shmcb_module {modules}/mod_socache_shmcb.so
LoadModule ssl_module {modules}/mod_ssl.so
LoadModule wsgi_module {modules}/mod_wsgi.so
WSGISocketPrefix {folder}/wsgi
User www-data
Group www-data
Include {folder}/site.conf
"""
MODULES = Path("/usr/lib/apache2/modules")


def shipped(name: str, folder: Path, changes: dict[str, str], to: str | None = None) -> Path:
    """A file of ``deploy/`` in *folder*, with these places changed, each of which is there."""
    text = (ROOT / "deploy" / name).read_text()
    for old, new in changes.items():
        assert old in text, f"{name} has no {old}"
        text = text.replace(old, new)
    (folder / (to or name)).write_text(text)
    return folder / (to or name)


def script(name: str, package: str) -> str:
    """The program *name* of *package*, which may be in another virtual environment than the tests, whose packages are
    importable here.
    """
    try:
        files = distribution(package).files or ()
    except PackageNotFoundError:
        pytest.skip(f"{package} is not installed")
    [found] = [file.locate() for file in files if file.name == name and file.parent.name == "bin"]
    return os.path.normpath(found)


def gunicorn(folder: Path, port: int, *options: str) -> list[str]:
    config = str(ROOT / "deploy/gunicorn.conf.py")
    return [
        sys.executable,
        "-m",
        "gunicorn",
        "-c",
        config,
        "--bind",
        f"127.0.0.1:{port}",
        *options,
        "story:application",
    ]


def pasted(folder: Path, port: int) -> list[str]:
    """gunicorn with ``paste.ini``, whose application is an entry point of a package."""
    shipped("paste.ini", folder, {})
    (folder / "yoursite.py").write_text("import story\n\n\ndef make(global_conf):\n    return story.site\n")
    about = folder / "yoursite-1.dist-info"
    about.mkdir(exist_ok=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: yoursite\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[paste.app_factory]\nmain = yoursite:make\n")
    return [*gunicorn(folder, port, "--paste", f"{folder}/paste.ini")[:-1]]


def uwsgi(folder: Path, port: int) -> list[str]:
    changes = {
        "127.0.0.1:8000": f"127.0.0.1:{port}",
        "yoursite:": "story:",
        "processes = 4": f"processes = {PROCESSES}",
    }
    return [script("uwsgi", "pyuwsgi"), "--ini", str(shipped("uwsgi.ini", folder, changes))]


def waitress(folder: Path, port: int) -> list[str]:
    return [script("waitress-serve", "waitress"), f"--listen=127.0.0.1:{port}", "--threads=8", "story:application"]


def granian(folder: Path, port: int) -> list[str]:
    options = ["--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--workers-kill-timeout", "10"]
    return [
        script("granian", "granian"),
        *options,
        "--workers",
        str(PROCESSES),
        "--blocking-threads",
        "8",
        "story:application",
    ]


def mod_wsgi(folder: Path, port: int) -> list[str]:
    program = shutil.which("apache2", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None or not (MODULES / "mod_wsgi.so").exists():
        pytest.skip("Apache with mod_wsgi is not installed")
    if Path("/usr/bin/python3").resolve().name != f"python{sys.version_info.major}.{sys.version_info.minor}":
        pytest.skip("the Apache of this system runs another Python than the tests")
    if os.getuid() == 0:  # then Apache is somebody else, who has to write the accounts
        shutil.chown(folder, "www-data", "www-data")
    (folder / "story.wsgi").write_text("from story import application\n")
    changes = {
        "*:443": f"127.0.0.1:{port}", "SSLEngine on": "", "/var/log/apache2": str(folder),
        "python-home=/srv/yoursite/.venv": "", "yoursite.wsgi": "story.wsgi", "/srv/yoursite": str(folder),
        "user=yoursite group=yoursite": "", "processes=1": f"processes={PROCESSES}",
    }  # fmt: skip
    site = shipped("apache.conf", folder, changes, "site.conf")
    text = re.sub(r"SSLCertificate.*", "", site.read_text())
    # The standard library is Debian's: the Python of the virtual environment may be where Apache may not read.
    paths = (folder, ROOT, ROOT / "tests", sysconfig.get_path("purelib"))
    text = text.replace(f"python-path={folder}", f"python-path={':'.join(map(str, paths))}")
    site.write_text(text.replace("*:80>", "127.0.0.1:1>"))
    config = folder / "apache2.conf"
    config.write_text(APACHE.format(folder=folder, port=port, modules=MODULES))
    return [program, "-f", str(config), "-DFOREGROUND"]


SERVERS: dict[str, Callable[[Path, int], list[str]]] = {
    "gunicorn sync": lambda folder, port: gunicorn(folder, port, "--worker-class", "sync", "--threads", "1"),
    "gunicorn sync preloaded": lambda folder, port: gunicorn(
        folder, port, "--worker-class", "sync", "--threads", "1", "--preload"
    ),
    "gunicorn threads": gunicorn,
    "gunicorn threads preloaded": lambda folder, port: gunicorn(folder, port, "--preload"),
    "gunicorn gevent": lambda folder, port: gunicorn(folder, port, "--worker-class", "gevent"),
    "gunicorn gevent preloaded": lambda folder, port: gunicorn(folder, port, "--worker-class", "gevent", "--preload"),
    "gunicorn paste": pasted,
    "uwsgi": uwsgi,
    "waitress": waitress,
    "granian": granian,
    "mod_wsgi": mod_wsgi,
}

#: Those that read X_Name as X-Name, so that a proxy has to take it out (docs/production.rst).
READ_UNDERSCORES = {"uwsgi", "granian"}
#: Those that make a header empty which is not ASCII.
WANT_ASCII = {"granian"}
#: Those with which an application sees nothing of a body without a length.
NEED_LENGTH = {"uwsgi"}

#: Those that are not started again: what a restart changes is the same with all workers of gunicorn.
STARTED_ONCE = {name for name in SERVERS if name.startswith("gunicorn")} - {"gunicorn threads"}

#: Those of which one process imports the application, or each when it has its first request.
IMPORT_ONCE = {name for name in SERVERS if "preloaded" in name} | {"waitress", "mod_wsgi"}


#: The signals to stop with, where SIGTERM would break off the requests that run (docs/production.rst).
STOPPED_BY = {"waitress": signal.SIGINT, "mod_wsgi": signal.SIGWINCH}


def has_ended(pid: str) -> bool:
    """Whether a process is gone, or only waits for the one that has started it to look."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("Z")
    except (FileNotFoundError, ProcessLookupError):
        return True


@dataclass
class Running:
    """A server that has begun. *stopped_by*: the signal that ends it well."""

    address: str
    process: subprocess.Popen[bytes]
    stopped_by: signal.Signals
    is_told: bool = False

    def tell_to_stop(self) -> None:
        """Does it once. It ends when no request runs any more."""
        if not self.is_told:
            self.is_told = True
            self.process.send_signal(self.stopped_by)

    def begin_to_stop(self) -> None:
        """Returns when it has begun to stop: it takes nobody any more, or one of its processes that is idle is gone.

        waitress shows nothing of it until it is gone.
        """
        before = self._children()
        self.tell_to_stop()
        if self.stopped_by != signal.SIGINT:
            eventually(lambda: self._children() != before or not self._takes_somebody(), 60)

    def _children(self) -> list[str]:
        """The processes of the server that have not ended."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [child for child in children if not has_ended(child)]

    def _takes_somebody(self) -> bool:
        host, port = self.address.removeprefix("http://").split(":")
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
        except OSError:  # or the queue of those who were not taken is full
            return False
        return True


@contextmanager
def served(name: str, command: list[str], folder: Path, port: int) -> Iterator[Running]:
    """A server that has begun, and ends well."""
    imports = 1 if name in IMPORT_ONCE else PROCESSES
    for mark in folder.glob("up-*"):
        mark.unlink()
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("STORMPATH_")}
    environ = inherited | CHEAP | {"STORMPATH_INSTANCE": str(folder / "instance"), "WEB_CONCURRENCY": str(PROCESSES)}
    environ |= {"HOME": str(folder), "PYTHONPATH": f"{folder}:{ROOT}:{ROOT / 'tests'}", "LC_ALL": "C.UTF-8"}
    address = f"http://127.0.0.1:{port}"
    with (folder / "log").open("a") as log:
        process = subprocess.Popen(command, cwd=folder, env=environ, stdout=log, stderr=subprocess.STDOUT)
    running = Running(address, process, STOPPED_BY.get(name, signal.SIGTERM))

    def serves() -> bool:
        assert process.poll() is None, (folder / "log").read_text()
        try:
            requests.get(f"{address}/ready", timeout=60).raise_for_status()
            return True
        except requests.ConnectionError:
            return False

    try:
        eventually(serves, 60)
        eventually(lambda: len(list(folder.glob("up-*"))) >= imports, 60)  # who is stopped meanwhile may end badly
        yield running
    finally:
        running.tell_to_stop()
        try:
            code = process.wait(60)
        finally:
            process.kill()  # does nothing to one that has ended
    assert code in (0, -15), (folder / "log").read_text()


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that everybody may read: Apache is another user."""
    with tempfile.TemporaryDirectory(prefix="stormpath-wsgi-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.parametrize("name", list(SERVERS))
def test_the_story(name: str, folder: Path) -> None:
    (folder / "story.py").write_text(STORY)
    port = free_port()
    command = SERVERS[name](folder, port)
    with ThreadPoolExecutor(4) as crowd, served(name, command, folder, port) as server:
        address = server.address
        visitors = [Visitor(address, f"ada{n}@example.com") for n in range(5)]
        assert list(crowd.map(Visitor.register, visitors)) == [True] * 5
        assert list(crowd.map(comes_and_goes, visitors[1:])) == [(True, True, False)] * 4
        ada = visitors[0]
        check_environ(address, ada, underscores=name in READ_UNDERSCORES, ascii=name in WANT_ASCII)
        check_bodies(address, ada, chunked=name not in NEED_LENGTH)
        check_streams(address, ada, folder)
        last = crowd.submit(ada.session.get, f"{address}/slow", timeout=60)
        eventually((folder / "at-work").exists, 60)
        server.begin_to_stop()
        (folder / "let-go").touch()
        assert last.result().text == "to its end"
    if name not in STARTED_ONCE:
        with served(name, command, folder, port):
            assert comes_and_goes(ada) == (True, True, False)
    said = (folder / "log").read_text()
    assert not re.search("WORKER TIMEOUT|Traceback", said), said


def comes_and_goes(visitor: Visitor) -> tuple[bool, bool, bool]:
    """Whether somebody was signed in, could sign out, and still was signed in then, with the cookie of before."""
    cookies = visitor.session.cookies.copy()
    visitor.session.close()  # so that each of the next requests may reach another process

    def ask(method: str, path: str) -> int:
        for _ in range(10):
            answer = requests.request(
                method, visitor.address + path, cookies=cookies, headers=visitor.session.headers, timeout=60
            )
            if answer.status_code != 503:  # a machine that is busy refuses some
                break
        return answer.status_code

    came_back, out = ask("GET", "/me") == 200, ask("POST", "/logout") == 200
    return came_back, out, any(ask("GET", "/me") != 401 for _ in range(4))


def check_environ(address: str, ada: Visitor, *, underscores: bool, ascii: bool) -> None:
    """What the server says of a request is what PEP 3333 says, and what we add is there. *underscores*: whether a
    header with an underscore is taken for the one with a hyphen. *ascii*: whether headers have to be that.
    """
    headers: dict[str, str | bytes] = {
        "X-One": "ä".encode(),
        "Authorization": "Token ours",
        "X-Spoofed": "",
        "X_Spoofed": "yes",
    }
    told = ada.session.get(f"{address}/told/%C3%BC%20/x;y?a=%C3%BC&b", headers=headers, timeout=60).json()
    native = "ä".encode().decode("latin-1")
    assert told.pop("HTTP_X_SPOOFED", "").endswith("yes") == underscores
    assert told == {
        "wrong": [], "version": [1, 0], "email": ada.email, "REMOTE_USER": ada.email, "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "", "PATH_INFO": "/told/\u00c3\u00bc /x;y", "QUERY_STRING": "a=%C3%BC&b",
        "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1", "wsgi.url_scheme": "http",
        "HTTP_X_ONE": "" if ascii else native, "HTTP_AUTHORIZATION": "Token ours",
        **({"CONTENT_TYPE": ""} if "CONTENT_TYPE" in told else {}),
    }  # fmt: skip


def check_bodies(address: str, ada: Visitor, *, chunked: bool) -> None:
    """Bodies come whole, with a length and (*chunked*) without one, to the application and to our pages."""
    data = os.urandom(300_000)
    pieces = [data[n : n + 50_000] for n in range(0, len(data), 50_000)]
    digest = hashlib.sha256(data).hexdigest()
    for sent in (data, iter(pieces))[: 1 + chunked]:
        assert requests.post(f"{address}/body", data=sent, timeout=60).text == digest
    login = json.dumps({"login": ada.email, "password": PASSWORD}).encode()
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    for sent in (login, iter([login[:9], login[9:]]))[: 1 + chunked]:
        answer = requests.post(f"{address}/login", data=sent, headers=headers, timeout=60)
        assert (answer.status_code, answer.json()["account"]["email"]) == (200, ada.email)


def check_streams(address: str, ada: Visitor, folder: Path) -> None:
    """A body goes out while it is made, with the user bound; who hangs up ends it."""
    size = 100_000
    with ada.session.get(f"{address}/stream/twice", stream=True, timeout=60) as answer:
        parts: Any = answer.iter_content(size)
        assert len(next(parts)) > 0
        (folder / "seen").touch()
        assert b"".join(parts).endswith(ada.email.encode())
    with ada.session.get(f"{address}/stream/endless", stream=True, timeout=60) as answer:
        assert next(answer.iter_content(size))
    ada.session.close()
    eventually((folder / "closed-endless").exists)
    (folder / "seen").unlink()
