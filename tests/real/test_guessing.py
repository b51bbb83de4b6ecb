"""Somebody guesses passwords, and meets the default configuration: gunicorn, two workers, a SQLite file, argon2id."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from real.test_deploy import PASSWORD, RUN, Server, Visitor, server
from support.warm import run

ADA = "ada@example.com"
#: The limits of an account and an address let five pass, and one more before a wait has begun.
FREE = 6


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Server]:
    command = [*RUN, "wsgiref.simple_server:demo_app", "--workers", "2", "--bind", "127.0.0.1:0"]
    # Some proxy is named, so whoever asks for others from this machine has the address that he has.
    (tmp_path / "stormpath.yaml").write_text("proxies: unix\n")
    with server(command, tmp_path) as site:
        site.said(r"(Booting worker)", 2)
        yield site


class Guesser:
    """Tries from one address, and says with each try that it is another one."""

    def __init__(self, address: str, login: str) -> None:
        self.address, self.login, self.tries = address, login, 0
        self.connection = requests.Session()
        self.connection.headers["Accept"] = "application/json"

    def tries_password(self, password: str) -> requests.Response:
        self.tries += 1
        self.connection.cookies.clear()
        return self.connection.post(
            f"{self.address}/login",
            json={"login": self.login, "password": password},
            headers={"X-Forwarded-For": f"192.0.2.{self.tries}"},
            timeout=60,
        )

    def guesses(self, times: int, least: int) -> list[requests.Response]:
        """So many tries, and as many more as it takes until the next one has to wait for *least* seconds or longer."""
        answers: list[requests.Response] = []
        while len(answers) < times or int(answers[-1].headers.get("Retry-After", 0)) < least:
            answers.append(self.tries_password(f"Wrong-Horse-{len(answers)}"))
        return answers


def shape(answer: requests.Response) -> tuple[int, str, set[str]]:
    """What can be told from *answer*, but for how long somebody has to wait."""
    return answer.status_code, re.sub(r"\d+ (second|minute)s?", "a time", answer.text), set(answer.headers)


def signs_in(owner: Visitor) -> int:
    form = {"login": owner.email, "password": PASSWORD}
    return owner.session.post(f"{owner.address}/login", json=form, timeout=60).status_code


def test_a_guesser_is_held_up_and_the_owner_is_not(site: Server, tmp_path: Path) -> None:
    owner = Visitor(site.address, ADA)
    assert owner.register() and signs_in(owner) == 200
    guesser, dreamer = Guesser(site.address, ADA), Guesser(site.address, "nobody@example.com")
    answers = guesser.guesses(61, least=2)  # so that the next one comes in time
    statuses = [answer.status_code for answer in answers]
    assert statuses[:FREE] == [400] * FREE
    # Each wait is twice as long as the one before. So few are let through, however long all of this takes.
    assert Counter(statuses)[429] > 45 and set(statuses) == {400, 429}
    right = guesser.tries_password(PASSWORD)
    assert right.status_code == 429 and int(right.headers["Retry-After"]) >= 1
    assert shape(right) == shape(answers[-1]) and "Set-Cookie" not in right.headers
    assert signs_in(owner) == 200

    imagined = dreamer.guesses(FREE + 1, least=1)
    assert [answer.status_code for answer in imagined[:FREE]] == [400] * FREE
    for number in (0, -1):
        assert shape(imagined[number]) == shape(answers[number])

    # Whoever runs the site sees it, and can end it. The proxy that guessers pretend to be was not named.
    assert len(site.said(r"(STORMPATH_PROXIES=127\.0\.0\.1)")) <= 2
    site.said(r'("event": "WaitBegan".*"limit": "accountAndAddress")', 2)
    environ = {name: text for name, text in os.environ.items() if not name.startswith("STORMPATH_")}
    shown = run(["-m", "stormpath_wsgi.cli", "limits"], cwd=tmp_path, env=environ, check=True).stdout
    assert "accountAndAddress\ttallies 2\t" in shown
    unlock = ["-m", "stormpath_wsgi.cli", "account", "unlock", ADA]
    assert f"Forgot what was tried with {ADA}; " in run(unlock, cwd=tmp_path, env=environ, check=True).stdout
    assert Guesser(site.address, ADA).tries_password(PASSWORD).status_code == 200
