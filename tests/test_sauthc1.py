"""SAuthc1: the test vectors of the REST API, and what counts in a request."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stormpath_wsgi.sauthc1 import Message, payload_hash, sign

DATE, NONCE = "20130701T000000Z", "a43a9d25-ab06-421e-8605-33fd1e760825"
STAMPS = [("host", "api.stormpath.com"), ("x-stormpath-date", DATE)]


def signature(message: Message) -> str:
    return sign(message, "Shush!", key_id="MyId", date=DATE, nonce=NONCE)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            Message("GET", "/v1/", "", STAMPS, payload_hash(b"")),
            "990a95aabbcbeb53e48fb721f73b75bd3ae025a2e86ad359d08558e1bbb9411c",
        ),
        (
            Message("GET", "/v1/directories", "orderBy=name+asc", STAMPS, payload_hash(b"")),
            "fc04c5187cc017bbdf9c0bb743a52a9487ccb91c0996267988ceae3f10314176",
        ),
        (
            Message(
                "POST",
                "/v1/applications",
                "createDirectory=true",
                [
                    ("accept", "application/json"),
                    ("content-type", "application/json"),
                    ("host", "id.example.test:8443"),
                    ("x-stormpath-date", DATE),
                ],
                payload_hash(b'{"name":"A"}'),
            ),
            "a34aae7be0e9957e497c68cec8708d3ce1913094319c9c1451a3bac39edfbcae",
        ),
    ],
)
def test_a_request_is_signed_as_the_other_implementations_do(message: Message, expected: str) -> None:
    assert signature(message) == expected


def test_everything_that_is_signed_counts() -> None:
    message = Message("GET", "/v1/accounts/1", "expand=groups", STAMPS, payload_hash(b""))
    others = [
        replace(message, method="DELETE"),
        replace(message, path="/v1/accounts/2"),
        replace(message, query="expand=tenant"),
        replace(message, headers=[*STAMPS, ("accept", "*/*")]),
        replace(message, payload=payload_hash(b"{}")),
    ]
    assert len({signature(each) for each in [message, *others]}) == len(others) + 1


def test_the_order_of_parameters_does_not_count() -> None:
    message = Message("GET", "/v1/accounts", "q=ada&limit=5", STAMPS, payload_hash(b""))
    assert signature(message) == signature(replace(message, query="limit=5&q=ada"))
