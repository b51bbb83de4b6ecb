"""The sites of ``examples/other_apps``, served: applications of others behind us, and people and keys to visit them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests
import trustme
from real.test_deploy import CHEAP, GUNICORN, PASSWORD, ROOT, Server, server

from stormpath_wsgi import Client, StormpathMiddleware
from stormpath_wsgi.client import Account, Application
from stormpath_wsgi.client.choice import find_application
from support.browsing import app
from support.cheap import HASHER

RECIPES = ROOT / "examples" / "other_apps"


@dataclass(frozen=True)
class Person:
    """Somebody who has an account: *name* is the username, *secret* what a program sends as the password.

    The secret is ``ID.SECRET`` of an API key of the account.
    """

    name: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Site:
    """A site that runs. Ada is in the group staff, and Bob is not. *folder*: what the recipe calls ``/srv``."""

    address: str
    folder: Path
    server: Server
    ada: Person
    bob: Person
    #: The certificates that a visitor has to trust; None where the site speaks plain http.
    trusted: Path | None = None

    @property
    def host(self) -> str:
        return str(urlsplit(self.address).hostname)

    @contextmanager
    def application(self) -> Iterator[Application]:
        """The accounts and groups of the site."""
        with Client(f"sqlite:///{self.folder}/instance/accounts.db") as client:
            yield find_application(client, href=None, name=None)

    def status(self, path: str, person: Person | None = None, method: str = "GET") -> int:
        """What *person*, or a stranger, gets who asks for *path* with a program."""
        auth = None if person is None else (person.name, person.secret)
        verify = True if self.trusted is None else str(self.trusted)
        headers = {"Accept": "*/*"}
        address = self.address + path
        return requests.request(method, address, auth=auth, headers=headers, verify=verify, timeout=60).status_code

    def environ(self, person: Person | None) -> dict[str, str]:
        """The environment of a program that *person* runs: the login is in ``~/.netrc``, where many look for it."""
        home = self.folder / "homes" / (person.name if person else "stranger")
        home.mkdir(parents=True, exist_ok=True)
        if person is not None:
            (home / ".netrc").write_text(f"machine {self.host}\nlogin {person.name}\npassword {person.secret}\n")
            (home / ".netrc").chmod(0o600)
        return {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "NO_COLOR": "1"}

    def run(
        self, *command: str | Path, person: Person | None = None, input: str = "", **environ: str
    ) -> subprocess.CompletedProcess[str]:
        """Runs a program for *person*, or for a stranger, in their home. Within a minute."""
        environ = self.environ(person) | environ
        return subprocess.run(
            command, cwd=environ["HOME"], env=environ, input=input, capture_output=True, text=True, timeout=60
        )

    def done(self, *command: str | Path, person: Person | None = None, input: str = "", **environ: str) -> str:
        """The same. Answers what the program says; it has to succeed."""
        answer = self.run(*command, person=person, input=input, **environ)
        assert answer.returncode == 0, answer.stdout + answer.stderr + "".join(self.server.lines[-20:])
        return answer.stdout + answer.stderr


def python(module: str, *arguments: str | Path) -> list[str | Path]:
    """The command that runs *module* in the environment of the tests."""
    return [sys.executable, "-m", module, *arguments]


def copied(recipe: str, folder: Path, name: str | None = None) -> Path:
    """A file of ``examples/other_apps``, in *folder*: as it is, but for ``/srv``, which is the folder."""
    made = folder / (name or recipe)
    made.parent.mkdir(parents=True, exist_ok=True)
    made.write_text((RECIPES / recipe).read_text().replace("/srv/", f"{folder}/"))
    return made


@contextmanager
def served(recipe: str, folder: Path, *, https: bool = False, threads: int = 8, **environ: str) -> Iterator[Site]:
    """The site of that *recipe*, under gunicorn with one worker."""
    copied(recipe, folder, "yoursite.py")
    ada, bob = people(folder)
    trusted, options = _certified(folder) if https else (None, [])
    command = [*GUNICORN, "--threads", str(threads), *options, "--chdir", str(folder), "yoursite:application"]
    ours = {"STORMPATH_INSTANCE": str(folder / "instance"), "WEB_CONCURRENCY": "1", **CHEAP}
    with server(command, folder, **ours, **environ) as running:
        running.said(r"(Booting worker)")
        address = running.address.replace("127.0.0.1", "localhost") if https else running.address
        yield Site(address, folder, running, ada, bob, trusted)


def people(folder: Path) -> tuple[Person, Person]:
    """Makes Ada, who is in the group staff, and Bob, in the directory of the site in *folder*."""
    site = StormpathMiddleware(app, instance=folder / "instance", password_hasher=HASHER)
    with ExitStack() as stack:
        stack.callback(site.client.close)
        staff = site.application.groups.create({"name": "staff"})
        ada, bob = (_account(site, name) for name in ("ada", "bob"))
        ada.add_group(staff)
        return _with_key(ada), _with_key(bob)


def _account(site: StormpathMiddleware, name: str) -> Account:
    names = {"username": name, "given_name": name.title(), "surname": "Example"}
    return site.application.accounts.create({**names, "email": f"{name}@example.com", "password": PASSWORD})


def _with_key(account: Account) -> Person:
    key = account.api_keys.create({"name": "programs"})
    return Person(str(account.username), f"{key.id}.{key.secret}")


def _certified(folder: Path) -> tuple[Path, list[str]]:
    """The authority to trust, and what tells gunicorn of a certificate of it."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "authority.pem")
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(folder / "site.pem")
    return folder / "authority.pem", ["--certfile", str(folder / "site.pem")]


_FORM = re.compile(r"<form\b(.*?)</form>", re.DOTALL)
_TAG = re.compile(r"<(input|textarea)\b([^>]*)>")
_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')


class Browser:
    """Somebody at a site with a browser: keeps cookies, follows redirects, fills in forms with their hidden fields."""

    def __init__(self, site: Site) -> None:
        self.site, self.session = site, requests.Session()
        self.session.headers["Accept"] = "text/html,application/xhtml+xml,*/*;q=0.8"
        self.session.headers["Sec-Fetch-Mode"] = "navigate"  # as browsers say over https, and to this machine
        self.session.trust_env = False  # nothing of this machine says whom to trust
        self.session.verify = True if site.trusted is None else str(site.trusted)

    def open(self, path: str) -> requests.Response:
        return self.session.get(urljoin(self.site.address, path), timeout=60)

    def fill_in(self, page: requests.Response, holds: str, **values: str) -> requests.Response:
        """Sends the form of *page* whose text matches the pattern *holds*, with these *values*."""
        [form] = [found for found in _FORM.findall(page.text) if re.search(holds, found)]
        fields = [dict(_ATTRIBUTE.findall(attributes)) for _, attributes in _TAG.findall(form)]
        hidden = {each["name"]: each.get("value", "") for each in fields if each.get("type") == "hidden"}
        action = dict(_ATTRIBUTE.findall(form.partition(">")[0])).get("action", "")
        where = urljoin(page.url, action or page.url)
        headers = {"Origin": self.site.address, "Referer": page.url}
        return self.session.post(where, data={**hidden, **values}, headers=headers, timeout=60)

    def sign_in(self, page: requests.Response, person: Person) -> requests.Response:
        """Fills in the sign-in page that a request has led to."""
        return self.fill_in(page, 'name="password"', login=person.name, password=PASSWORD)
