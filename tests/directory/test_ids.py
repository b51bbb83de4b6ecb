"""Identifiers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormpath_wsgi.directory.storage import ids

numbers = st.integers(min_value=0, max_value=2**128 - 1)


def test_new_ids_have_22_characters_of_base_62_and_differ() -> None:
    made = {ids.new_id() for _ in range(1000)}
    assert len(made) == 1000
    assert all(ids.is_id(id) and len(id) == 22 and id.isascii() and id.isalnum() for id in made)


@given(numbers)
def test_an_id_is_its_number_and_its_16_bytes(number: int) -> None:
    id = ids.from_int(number)
    assert ids.to_int(id) == number
    assert len(ids.to_bytes(id)) == 16
    assert ids.from_bytes(ids.to_bytes(id)) == id


@given(numbers, numbers)
def test_ids_sort_as_their_numbers(one: int, other: int) -> None:
    assert (ids.from_int(one) < ids.from_int(other)) == (one < other)


@pytest.mark.parametrize("number", [-1, 2**128])
def test_a_number_beyond_128_bits_has_no_id(number: int) -> None:
    with pytest.raises(ValueError, match="128 bits"):
        ids.from_int(number)


@pytest.mark.parametrize("packed", [b"", bytes(15), bytes(17)])
def test_only_16_bytes_are_a_packed_id(packed: bytes) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        ids.from_bytes(packed)


@pytest.mark.parametrize(
    "text",
    ["", "0" * 21, "0" * 23, "0" * 21 + "-", "0" * 21 + "é", "0" * 21 + "\u0661", "0" * 21 + "\n", "z" * 22],
    ids=["empty", "short", "long", "dash", "letter", "digit of another script", "newline", "above 128 bits"],
)
def test_other_texts_are_no_ids(text: str) -> None:
    assert not ids.is_id(text)
    with pytest.raises(ValueError, match="not an id"):
        ids.to_int(text)


@given(st.text(max_size=30))
def test_whatever_is_taken_for_an_id_packs(text: str) -> None:
    if ids.is_id(text):
        assert ids.from_bytes(ids.to_bytes(text)) == text
