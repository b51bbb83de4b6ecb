"""Bodies are read within the limits of whoever asks, and what is wrong with one is told by type."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormpath_wsgi.web import bodies


def in_pieces(*pieces: bytes) -> Callable[[int], bytes]:
    """A stream that hands out what has come so far, as sockets do."""
    waiting: Iterator[bytes] = iter(pieces)
    return lambda size: next(waiting, b"")[:size]


def test_a_body_that_comes_in_pieces_is_read_whole() -> None:
    assert bodies.read(in_pieces(b"a", b"bc", b"d"), 4, None) == b"abcd"


@pytest.mark.parametrize("announced", [None, 0, 4, -1])
def test_a_length_that_is_not_true_does_not_count(announced: int | None) -> None:
    with pytest.raises(bodies.TooLarge):
        bodies.read(in_pieces(b"abc", b"de"), 4, announced)


def test_what_is_announced_as_too_large_is_not_read_at_all() -> None:
    stream = io.BytesIO(b"abc")
    with pytest.raises(bodies.TooLarge):
        bodies.read(stream.read, 4, 5)
    assert stream.tell() == 0


def test_a_client_that_hangs_up_is_told_apart_from_one_that_sent_all() -> None:
    def hung_up(size: int) -> bytes:
        raise ConnectionResetError(104, "Connection reset by peer")

    with pytest.raises(bodies.EndedEarly):
        bodies.read(hung_up, 4, None)


@pytest.mark.parametrize(
    ("raw", "wrong"),
    [
        (b'["a"]', bodies.NotAnObject),
        (b'{"a": {"b": [1]}}', bodies.TooDeep),
        (b'{"a": 1, "a": 2}', bodies.GivenTwice),
        (b'{"a": NaN}', bodies.Unreadable),
        (b'{"a": 1e999}', bodies.Unreadable),
        (b'{"a": "\xff"}', bodies.Unreadable),
        (b'{"a": ', bodies.Unreadable),
        (b"[" * 200_000, bodies.Unreadable),
    ],
)
def test_each_fault_of_a_document_has_its_type(raw: bytes, wrong: type[bodies.Unreadable]) -> None:
    with pytest.raises(wrong) as caught:
        bodies.document(raw, deepest=3)
    assert type(caught.value) is wrong


def test_a_document_may_be_as_deep_as_its_reader_says() -> None:
    assert bodies.document(b'{"a": {"b": [1]}}', deepest=4) == {"a": {"b": [1]}}


@pytest.mark.parametrize("raw", [b"a=%zz", b"a=%", b"%4=b"])
def test_a_percent_sign_that_escapes_nothing_is_refused_only_where_forms_are_exact(raw: bytes) -> None:
    with pytest.raises(bodies.Unreadable):
        bodies.form(raw, most=10)
    ((name, value),) = bodies.form(raw, most=10, exact=False)
    assert "%" in name + value


def test_a_form_has_as_many_fields_as_its_reader_says() -> None:
    assert len(bodies.form(b"a=1&a=2&b=", most=3)) == 3
    with pytest.raises(bodies.Unreadable):
        bodies.form(b"a=1&a=2&b=", most=2)


def test_a_name_that_is_given_twice_makes_no_dictionary() -> None:
    with pytest.raises(bodies.GivenTwice):
        bodies.unique(bodies.form(b"a=1&a=2", most=10))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    readers: list[Callable[[bytes], Any]] = [
        lambda raw: bodies.document(raw, deepest=5),
        lambda raw: bodies.form(raw, most=5),
        lambda raw: bodies.form(raw, most=5, exact=False),
    ]
    for reader in readers:
        with suppress(bodies.Unreadable):
            bodies.check_storable(reader(raw))
