"""klaus, and git: clone and push over HTTP with an API key."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.machine import program
from support.recipes import Browser, Person, Site, served

#: More than git sends in one piece: it comes in chunks, whose number is not known before.
LARGE = 3_000_000  # bytes


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("klaus")
    made = ["init", "--quiet", "--bare", "--initial-branch=main", str(folder / "git" / "project")]
    subprocess.run([program("git"), *made], check=True)
    with served("klaus.py", folder, https=True) as site:
        yield site


def git(site: Site, *arguments: str | Path, person: Person | None) -> subprocess.CompletedProcess[str]:
    """Runs git, which takes the login from ``~/.netrc``."""
    names = {f"GIT_{role}_{what}": "ada@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    trusted = {"GIT_SSL_CAINFO": str(site.trusted), "GIT_TERMINAL_PROMPT": "0"}
    return site.run(program("git"), *arguments, person=person, **names, **trusted)


def done(site: Site, *arguments: str | Path, person: Person | None) -> str:
    answer = git(site, *arguments, person=person)
    assert answer.returncode == 0, answer.stdout + answer.stderr + "".join(site.server.lines[-20:])
    return answer.stdout


def test_git_pushes_and_clones_what_was_pushed(site: Site, tmp_path: Path) -> None:
    ours, again = tmp_path / "ours", tmp_path / "again"
    done(site, "clone", "--quiet", f"{site.address}/project", ours, person=site.ada)
    (ours / "small.txt").write_text("Hello, Ada!\n")
    (ours / "large.bin").write_bytes(os.urandom(LARGE))
    done(site, "-C", ours, "add", ".", person=site.ada)
    done(site, "-C", ours, "commit", "--quiet", "--message", "Begin", person=site.ada)
    done(site, "-C", ours, "push", "--quiet", "origin", "HEAD:main", person=site.ada)
    done(site, "clone", "--quiet", "--branch", "main", f"{site.address}/project", again, person=site.ada)
    assert (again / "large.bin").read_bytes() == (ours / "large.bin").read_bytes()
    page = Browser(site)
    assert "small.txt" in page.sign_in(page.open("/project/tree/main/"), site.ada).text


@pytest.mark.parametrize("who", ["bob", None])
def test_git_of_nobody_else_may_clone(site: Site, tmp_path: Path, who: str | None) -> None:
    answer = git(
        site, "clone", f"{site.address}/project", tmp_path / "theirs", person=getattr(site, who) if who else None
    )
    assert answer.returncode != 0
    assert ("403" if who else "could not read Username") in answer.stderr
