"""What comes in is read by its Content-Type, within its limits, or refused."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Sequence
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webob import Request

from stormpath_wsgi.pages.parameters import MOST_FIELDS, read_body, read_query
from stormpath_wsgi.pages.refusal import Refusal
from stormpath_wsgi.web.bodies import FORM, JSON

LIMIT = 10_000


def post(body: bytes | str, content_type: str = JSON) -> Request:
    raw = body.encode() if isinstance(body, str) else body
    return Request.blank("/", method="POST", body=raw, content_type=content_type)


def work_of(request: Request) -> int:
    """How often a function or a generator is entered while the body is read."""
    entered = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal entered
        entered += event == "call"

    sys.setprofile(count)
    try:
        read_body(request, 1_000_000)
    finally:
        sys.setprofile(None)
    return entered


@pytest.mark.parametrize("brackets", ["[]", ['{"a":', "}"]], ids=["lists", "objects"])
def test_what_is_deep_takes_no_more_work_than_what_is_wide(brackets: Sequence[str]) -> None:
    """Strangers may post; each text must not be handed up through all levels."""
    texts = json.dumps(["a"] * 2_000)
    wide, deep = (f'{{"x": {brackets[0] * depth}{texts}{brackets[1] * depth}}}' for depth in (1, 900))
    assert work_of(post(deep)) < work_of(post(wide)) + 5_000


def status_of(request: Request) -> int:
    with pytest.raises(Refusal) as refusal:
        read_body(request, LIMIT)
    return refusal.value.status


def test_a_form_and_a_document_say_the_same() -> None:
    values = {"login": "ada@example.org", "password": "ünsafe & söund"}
    assert read_body(post(urlencode(values), FORM), LIMIT) == values
    assert read_body(post(json.dumps(values)), LIMIT) == values


@pytest.mark.parametrize("content_type", [JSON, FORM, "text/plain", ""])
def test_no_body_is_nothing_whatever_its_type(content_type: str) -> None:
    assert read_body(post(b"", content_type), LIMIT) is None


def test_parameters_of_the_type_do_not_matter() -> None:
    assert read_body(post("{}", "Application/JSON; charset=utf-8"), LIMIT) == {}


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "text/json", "multipart/form-data; boundary=x", "application/xml", "application/json+x", "x"],
)
def test_only_the_two_types_are_read(content_type: str) -> None:
    assert status_of(post('{"login": "ada"}', content_type)) == 415


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"login"',
        b"null",
        b"\xff",
        b'{"login": "\xff"}',
        b'{"login": NaN}',
        b'{"login": -Infinity}',
        b'{"login": "a", "login": "b"}',
        b'{"customData": {"a": 1, "a": 2}}',
        b'{"login": "a\\u0000b"}',
        b'{"customData": {"deep": ["\\u0000"]}}',
        b'{"\\u0000": 1}',
        b'{"login": "\\ud800"}',
        b"[" * LIMIT,
        b'{"a":' * (LIMIT // 5),
        b'{"n": ' + b"9" * 5000 + b"}",
        b"login=ada&password=x",
    ],
)
def test_a_document_that_cannot_be_trusted_is_a_bad_request(body: bytes) -> None:
    assert status_of(post(body)) == 400


@pytest.mark.parametrize(
    "body",
    [
        b"login=\xff",
        b"login=%ff",
        b"login=a%00b",
        b"lo%00gin=a",
        b"login=a&login=b",
        b"login=a&lo%67in=b",
        b"&".join(b"a%d=1" % number for number in range(MOST_FIELDS + 1)),
    ],
)
def test_a_form_that_cannot_be_trusted_is_a_bad_request(body: bytes) -> None:
    assert status_of(post(body, FORM)) == 400


def test_a_body_may_be_as_long_as_the_limit_and_no_longer() -> None:
    document = json.dumps({"password": "x" * (LIMIT - 16)}).encode()
    assert len(document) == LIMIT
    assert read_body(post(document), LIMIT)
    assert status_of(post(document + b" ")) == 413


def test_a_body_that_does_not_tell_its_length_is_held_to_the_limit_as_well() -> None:
    request = Request.blank("/", method="POST", content_type=FORM)
    request.environ.update({"wsgi.input": io.BytesIO(b"a" * (LIMIT + 1)), "wsgi.input_terminated": True})
    assert status_of(request) == 413


def test_a_body_that_ends_early_is_a_bad_request() -> None:
    request = post("login=ada", FORM)
    request.environ.update({"wsgi.input": io.BytesIO(b"login"), "webob.is_body_seekable": False})
    assert status_of(request) == 400


@given(st.binary(max_size=200), st.sampled_from([FORM, JSON]))
def test_any_bytes_are_read_or_refused(body: bytes, content_type: str) -> None:
    try:
        read_body(post(body, content_type), LIMIT)
    except Refusal as refusal:
        assert refusal.status == 400


@given(st.text(alphabet=st.characters(max_codepoint=255)))
def test_any_query_is_read(query: str) -> None:
    request = Request.blank("/")
    request.environ["QUERY_STRING"] = query
    for name, value in read_query(request).items():
        assert isinstance(name, str)
        assert isinstance(value, str)


def test_a_parameter_that_is_given_twice_has_no_value() -> None:
    assert read_query(Request.blank("/?next=/a&next=/b&status=created")) == {"status": "created"}
