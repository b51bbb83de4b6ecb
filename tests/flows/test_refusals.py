"""What a directory says: about the visitor, or about a failure of ours."""

from __future__ import annotations

import pytest

from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Error, Unavailable, fault
from stormpath_wsgi.flows.refusals import FlowRefused, SignInRefused


def test_a_verdict_on_the_visitor_is_a_refusal() -> None:
    refused = SignInRefused.of(fault(Code.WRONG_PASSWORD))
    assert (refused.code, refused.status, refused.reason) == (Code.WRONG_PASSWORD, 400, "WRONG_PASSWORD")


def test_so_is_a_code_of_another_server_that_we_do_not_know() -> None:
    refused = FlowRefused.of(Error({"status": 409, "code": 4242, "message": "No."}))
    assert (refused.code, refused.status, refused.reason) == (None, 409, "ERROR_4242")


@pytest.mark.parametrize("status", [-1, 302, 500, 502])
def test_a_status_that_blames_nobody_is_a_failure_of_ours(status: int) -> None:
    error = Error({"status": status, "code": 4242, "message": "Broken."})
    with pytest.raises(Error) as caught:
        FlowRefused.of(error)
    assert caught.value is error


@pytest.mark.parametrize("code", [Code.NOT_AUTHENTICATED, Code.NOT_ALLOWED, Code.NOT_FOUND])
def test_that_the_site_is_not_let_in_or_gone_is_a_503(code: Code) -> None:
    with pytest.raises(Unavailable):
        FlowRefused.of(fault(code))
