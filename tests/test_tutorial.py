"""The tutorial, step by step: what its reader types, and what it says that he sees then."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import re
import runpy
import shlex
import sys
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support import cheap
from support.examples import Example, commands, examples
from webtest import TestApp  # type: ignore[import-untyped]

from stormpath_wsgi import StormpathMiddleware
from stormpath_wsgi.cli import targets
from stormpath_wsgi.cli.commands import cli

EMAIL, PASSWORD = "you@example.com", "Seven-green-4"
ADDRESS = "http://127.0.0.1:8000"


class Reader:
    """Somebody who does what the page says, block after block."""

    def __init__(self) -> None:
        self._blocks = iter(examples("tutorial.rst"))
        self._site: StormpathMiddleware | None = None
        self.browser: Any = None

    def next(self, language: str, caption: str = "") -> str:
        """The text of the next block, which is of that *language* and belongs there."""
        return self._take(language, caption).text

    def _take(self, language: str, caption: str) -> Example:
        block = next(self._blocks)
        assert (block.language, block.caption) == (language, caption)
        return block

    def types(self) -> list[str]:
        """The commands of the next block. Those of ours are run, and must succeed."""
        lines = [*commands(self._take("sh", ""))]
        for line in lines:
            program, *arguments = shlex.split(line)
            if program == "stormpath-wsgi" and arguments[0] != "run":
                answer = CliRunner().invoke(cli, arguments)
                assert answer.exit_code == 0, answer.output
                lines.append(answer.output)
        return lines

    def serves(self) -> None:
        """Starts the server anew, as ``stormpath-wsgi run yoursite:application``. The browser keeps its cookies."""
        cookies = self.browser.cookiejar if self.browser else None
        self.stop()
        sys.modules.pop("yoursite", None)
        importlib.invalidate_caches()
        site = targets.load("yoursite:application")
        assert isinstance(site, StormpathMiddleware)
        self._site = site
        self.browser = self.opens_a_browser(cookies)

    def opens_a_browser(self, cookies: Any = None) -> Any:
        """A browser on this machine, with these *cookies*."""
        environ = {"HTTP_ACCEPT": "text/html", "HTTP_HOST": "127.0.0.1:8000", "REMOTE_ADDR": "127.0.0.1"}
        return TestApp(self._site, extra_environ=environ, cookiejar=cookies)

    def stop(self) -> None:
        """Ctrl-C."""
        if self._site is not None:
            self._site.client.close()

    def has_read_all(self) -> bool:
        """Whether no block is left."""
        return next(self._blocks, None) is None


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    for name in [name for name in os.environ if name.startswith("STORMPATH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", "")
    monkeypatch.setenv("STORMPATH_PASSWORDHASHER", "support.cheap:SOUND_HASHER")
    monkeypatch.syspath_prepend(str(Path(cheap.__file__).parents[1]))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # a file that changes twice in a second is read twice
    monkeypatch.chdir(tmp_path)
    reading = Reader()
    yield reading
    reading.stop()
    sys.modules.pop("yoursite", None)


def fills_in(page: Any, **values: str) -> Any:
    for name, value in values.items():
        page.form[name] = value
    return page.form.submit()


def signs_in(browser: Any, page: Any, password: str = PASSWORD) -> Any:
    return fills_in(page, login=EMAIL, password=password).follow()


def newest_mail() -> str:
    file = max(Path("instance/outbox").glob("*.eml"))
    text = message_from_bytes(file.read_bytes(), policy=default).get_body(("plain",))
    assert text is not None
    return str(text.get_content())


def test_each_step_does_what_the_tutorial_says(reader: Reader) -> None:
    for step in STEPS:
        step(reader)
    assert reader.has_read_all()


def installs(reader: Reader) -> None:
    assert reader.types()[-1].startswith("pip install")


def has_a_site(reader: Reader) -> None:
    Path("yoursite.py").write_text(reader.next("python", "yoursite.py"))
    assert reader.types() == ["stormpath-wsgi run yoursite:application"]
    reader.serves()
    assert "Hello, stranger!" in reader.browser.get("/")


def registers_and_signs_in(reader: Reader) -> None:
    page = reader.browser.get("/register")
    login = fills_in(page, givenName="Mary", surname="Shelley", email=EMAIL, password=PASSWORD).follow()
    assert "Reading Club" in login
    assert "Hello, Mary!" in signs_in(reader.browser, login)
    assert {"accounts.db", "secret_keys"} <= {file.name for file in Path("instance").iterdir()}


def keeps_strangers_out(reader: Reader) -> None:
    begun = Path("yoursite.py").read_text().partition("def site(")[0]
    Path("yoursite.py").write_text(begun + reader.next("python", "the end of yoursite.py"))
    reader.serves()
    assert f"We write to {EMAIL}" in reader.browser.get("/members")
    private = reader.opens_a_browser()
    assert f"We write to {EMAIL}" in signs_in(private, private.get("/members").follow())
    reader.browser.get("/books", status=403)
    reader.types()
    assert "list of books" in reader.browser.get("/books")
    reader.types()
    reader.browser.get("/books", status=403)


def signs_out(reader: Reader) -> None:
    button = reader.next("html", "the last line of PAGE")
    text = Path("yoursite.py").read_text()
    Path("yoursite.py").write_text(text.replace('</a></p>\n"""', f'</a></p>\n{button.strip()}\n"""'))
    reader.serves()
    assert "Hello, stranger!" in reader.browser.get("/").form.submit().follow()


def forgets_the_password(reader: Reader) -> None:
    fills_in(reader.browser.get("/forgot"), email=EMAIL)
    reader.stop()  # a mail is sent after the answer
    assert reader.types() == ["ls instance/outbox"]
    link = re.search(rf"{ADDRESS}(/change\S+)", newest_mail())
    assert link
    reader.serves()
    changed = fills_in(reader.browser.get(link[1]), password="Another-5-books").follow()
    assert "Hello, Mary!" in signs_in(reader.browser, changed, "Another-5-books")


def works_with_accounts(reader: Reader) -> None:
    Path("people.py").write_text(reader.next("python", "people.py"))
    assert reader.types() == ["python people.py"]
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        runpy.run_path("people.py")
    assert printed.getvalue().strip() == reader.next("text").strip()


def asks_the_doctor(reader: Reader) -> None:
    *_, found = reader.types()
    assert re.findall(r"\[([\w-]+)\]", found) == ["registration-open"]


STEPS: tuple[Callable[[Reader], None], ...] = (
    installs, has_a_site, registers_and_signs_in, keeps_strangers_out, signs_out, forgets_the_password,
    works_with_accounts, asks_the_doctor,
)  # fmt: skip
