"""Identifiers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormpath_wsgi.directory.storage import ids

numbers = st.integers(min_value=0, max_value=2**128 - 1)


def number_of(id: str) -> int:
    number = 0
    for character in id:
        number = number * 62 + ids.ALPHABET.index(character)
    return number


def test_new_ids_have_22_characters_of_base_62_and_differ() -> None:
    made = {ids.new_id() for _ in range(1000)}
    assert len(made) == 1000
    assert all(len(id) == 22 and id.isascii() and id.isalnum() and number_of(id) < 2**128 for id in made)


@given(numbers)
def test_an_id_is_its_number(number: int) -> None:
    id = ids.from_int(number)
    assert (len(id), number_of(id)) == (22, number)


@given(numbers, numbers)
def test_ids_sort_as_their_numbers(one: int, other: int) -> None:
    assert (ids.from_int(one) < ids.from_int(other)) == (one < other)


@pytest.mark.parametrize("number", [-1, 2**128])
def test_a_number_beyond_128_bits_has_no_id(number: int) -> None:
    with pytest.raises(ValueError, match="128 bits"):
        ids.from_int(number)
