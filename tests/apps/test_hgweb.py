"""hgweb, and hg: clone and push over HTTP with an API key."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.recipes import Browser, Person, Site, copied, python, served


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("hgweb")
    copied("hgweb.conf", folder, "hg/hgweb.conf")
    with served("hgweb.py", folder, https=True) as site:
        site.done(*python("mercurial", "init", folder / "hg/repositories/project"))
        yield site


def hg(site: Site, *arguments: str | Path, person: Person) -> subprocess.CompletedProcess[str]:
    """Runs hg, which takes the login from the section [auth] of its configuration."""
    login = {"prefix": site.host, "username": person.name, "password": person.secret, "schemes": "https"}
    ours = [f"auth.site.{name}={value}" for name, value in login.items()]
    ours += [f"web.cacerts={site.trusted}", f"ui.username={person.name}"]
    options = [option for each in ours for option in ("--config", each)]
    return site.run(*python("mercurial", "--noninteractive", *options, *arguments), person=person)


def done(site: Site, *arguments: str | Path) -> None:
    answer = hg(site, *arguments, person=site.ada)
    assert answer.returncode == 0, answer.stdout + answer.stderr + "".join(site.server.lines[-20:])


def test_hg_pushes_and_clones_what_was_pushed(site: Site, tmp_path: Path) -> None:
    ours, again = tmp_path / "ours", tmp_path / "again"
    done(site, "clone", f"{site.address}/project", ours)
    (ours / "small.txt").write_text("Hello, Ada!\n")
    done(site, "commit", "--cwd", ours, "--addremove", "--message", "Begin")
    done(site, "push", "--cwd", ours)
    done(site, "clone", f"{site.address}/project", again)
    assert (again / "small.txt").read_text() == "Hello, Ada!\n"
    browser = Browser(site)
    assert "Begin" in browser.sign_in(browser.open("/project/"), site.ada).text


def test_hg_of_somebody_outside_of_the_group_may_not_clone(site: Site, tmp_path: Path) -> None:
    answer = hg(site, "clone", f"{site.address}/project", tmp_path / "theirs", person=site.bob)
    assert answer.returncode != 0 and "403" in answer.stderr
