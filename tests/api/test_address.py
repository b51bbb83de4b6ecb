"""Which address a request of the REST API comes from."""

from __future__ import annotations

import pytest
from support.callers import Caller
from support.world import World
from werkzeug.test import Client

from stormpath_wsgi.api import RestAPI
from stormpath_wsgi.events import SignInFailed
from stormpath_wsgi.web.address import hint

FORM = {"grant_type": "password", "username": "ada@example.org", "password": "Wrong-horse-7"}


def test_it_is_the_one_that_a_proxy_tells_which_was_named(world: World) -> None:
    caller = Caller(Client(RestAPI(world.service, proxies=["127.0.0.1"])), *world.service.issue_api_key())
    failed: list[SignInFailed] = []
    world.service.events.listen(SignInFailed, failed.append)
    environ = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.7"}
    answer = caller.call("POST", f"{world.application}/oauth/token", data=FORM, environ_base=environ)
    assert answer.status_code == 400
    assert [event.address for event in failed] == ["192.0.2.7"]


def test_when_a_proxy_seems_to_be_missing_the_log_says_it_once(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caller = Caller(Client(RestAPI(world.service)), *world.service.issue_api_key())
    for _ in range(2):
        environ = {"REMOTE_ADDR": "", "HTTP_X_FORWARDED_FOR": "192.0.2.7"}
        caller.call("POST", f"{world.application}/oauth/token", data=FORM, environ_base=environ)
    said = [record.getMessage() for record in caplog.records if record.name == "stormpath_wsgi.web.address"]
    assert said == [hint("unix")]
