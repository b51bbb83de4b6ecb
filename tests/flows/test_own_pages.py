"""The example of a site that brings its own HTML."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.browsing import PASSWORD, Visit, make_site

EXAMPLE = Path(__file__).parents[2] / "examples/own_pages.py"


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """The names of the example, which finds its directory in memory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STORMPATH_DIRECTORY", "sqlite://")
    names = runpy.run_path(str(EXAMPLE))
    with closing(names["application"].client):
        yield names


@pytest.fixture
def visit(example: dict[str, Any]) -> Iterator[Visit]:
    """A visitor of the same site, whose passwords are hashed cheaply."""
    site = make_site(example["site"], web=example["application"].settings.web)
    with closing(site.client):
        yield Visit(site=site)


def send(visit: Visit, action: str, password: str = PASSWORD, **headers: str) -> str:
    """Fill the form in and press one of its buttons. Answers the page that comes."""
    values = {"email": "ada@example.org", "password": password, "action": action}
    answer = visit.post("/", values, headers=headers, status="*")
    return str((answer.follow() if answer.status_int == 303 else answer).text)


def test_people_sign_up_sign_out_and_sign_in(example: dict[str, Any]) -> None:
    visit = Visit(site=example["application"])
    assert "Sign up" in visit.get("/")
    assert "Hello, ada@example.org!" in send(visit, "up")
    assert "Hello, ada@example.org!" in visit.get("/")
    assert "Sign in" in send(visit, "out")
    assert "Hello, ada@example.org!" in send(visit, "in")


def test_what_is_wrong_is_said(visit: Visit) -> None:
    assert "Please choose another password." in send(visit, "up", "short")
    assert "no such account" in send(visit, "in")
    send(visit, "up")
    send(visit, "out")
    assert "Please choose another email." in send(visit, "up")
    assert "That is not the password" in send(visit, "in", "wrong")
    assert "Sign in" in visit.get("/")


def test_a_form_of_another_site_does_nothing(visit: Visit) -> None:
    assert "another site" in send(visit, "up", **{"Sec-Fetch-Site": "cross-site"})
    assert list(visit.application.accounts) == []


@pytest.mark.parametrize("body", [b"action=in&email=%ff&password=%00", b"\xff\xfe", b"action=in", b"a=1;b=2&&&=="])
def test_no_form_breaks_it(visit: Visit, body: bytes) -> None:
    answer = visit.post("/", body, content_type="application/x-www-form-urlencoded", status="*")
    assert answer.status_int in (303, 400)


def test_the_documentation_shows_it() -> None:
    assert "literalinclude:: ../examples/own_pages.py" in (EXAMPLE.parents[1] / "docs/flows.rst").read_text()


def test_it_has_forty_lines() -> None:
    assert sum(1 for line in EXAMPLE.read_text().splitlines() if line.strip()) <= 40


def test_who_tries_too_often_is_told_how_long_to_wait(example: dict[str, Any]) -> None:
    limits = {"account": "1 tries, waits 8s to 1h, one back after 1h"}
    site = make_site(example["site"], web=example["application"].settings.web, limits=limits)
    with closing(site.client):
        visit = Visit(site=site)
        for _ in range(2):
            assert "That is not the password" in send(visit, "in", "wrong")
        assert "Please wait 8 seconds." in send(visit, "in")
