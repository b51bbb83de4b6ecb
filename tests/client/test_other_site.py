"""What visitors bring back from an ID Site: it counts once, whoever reads it."""

from __future__ import annotations

import time

import pytest
from support.servers import answer, refusal, scripted

from stormpath_wsgi import jwt
from stormpath_wsgi.client import Client
from stormpath_wsgi.client.credentials import KeyPair

KEY = KeyPair("key", "a-secret-that-nobody-may-see")


def test_a_directory_of_an_older_version_leaves_it_to_the_process() -> None:
    with scripted() as server:
        server.answers = [refusal(404)]
        with Client(server.base_url, id=KEY.id, secret=KEY.secret) as client:
            application, back = f"{server.base_url}/applications/1", _back()
            assert client.answers.read(KEY, application, back) is not None
            with pytest.raises(ValueError, match="JWT has already been used"):
                client.answers.read(KEY, application, back)


def test_the_directory_is_told_how_long_it_could_come_again() -> None:
    with scripted() as server:
        server.answers = [answer(200, {"lasts": 60})]
        with Client(server.base_url, id=KEY.id, secret=KEY.secret) as client:
            client.answers.read(KEY, f"{server.base_url}/applications/1", _back())
    (asked,) = server.asked
    assert asked.target == "/v1/applications/1/spentAnswers" and b'"lasts"' in asked.body


def test_what_would_be_good_for_days_is_not_believed() -> None:
    with scripted() as server, Client(server.base_url, id=KEY.id, secret=KEY.secret) as client:
        assert client.answers.read(KEY, f"{server.base_url}/applications/1", _back(86_400 * 2)) is None
    assert server.asked == []


def _back(lasts: int = 60) -> str:
    said = {"aud": KEY.id, "irt": "question", "sub": None, "exp": int(time.time()) + lasts}
    return f"https://shop.example.com/back?jwtResponse={jwt.write({}, said, KEY.secret)}"
