"""Canonical spellings: what counts as the same text."""

# ruff: noqa: RUF001 - characters that look alike are what these tests are about

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stormpath_wsgi.directory.wire.canonical import canonical_email, canonical_name, canonical_username, fold

every_function = pytest.mark.parametrize("spell", [canonical_email, canonical_username, canonical_name, fold])


@every_function
@given(st.text())
@example("\ufdfa" * 255)
@example("\u0345\u1fb3\u03b1")
@example("\u1e9e\u0130\u0149")
@example("\u00a0\u200b ada \u200b\u00a0")
@example("\ud800")
def test_spelling_twice_changes_nothing(spell: Callable[[str], str], text: str) -> None:
    assert spell(spell(text)) == spell(text)


@every_function
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada", "aDA"),
        ("STRASSE", "straße"),
        ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
        ("Å", "A\u030a"),
        ("\u212b", "å"),
        ("ﬃ", "FFI"),
    ],
    ids=["case", "sharp s", "final sigma", "composed", "Ångström sign", "ligature that folds"],
)
def test_case_and_composition_make_no_difference(spell: Callable[[str], str], one: str, other: str) -> None:
    assert spell(one) == spell(other)


@pytest.mark.parametrize("spell", [canonical_email, canonical_username])
@pytest.mark.parametrize(
    "look_alike",
    ["ａｄａ", "𝐚𝐝𝐚", "ⓐⓓⓐ", "a\u00adda", "a\u200bda", "ad\u2060a", "ada\ufe0f", "\ufeffada", " ada\u00a0"],
    ids=["full-width", "bold", "circled", "soft hyphen", "zero width space", "word joiner", "variation selector",
         "byte order mark", "spaces around"],
)  # fmt: skip
def test_a_login_name_that_looks_like_ada_is_ada(spell: Callable[[str], str], look_alike: str) -> None:
    assert spell(look_alike) == "ada"


def test_names_keep_compatibility_forms_apart() -> None:
    assert canonical_name("x²") != canonical_name("x2")
    assert canonical_name(" Staff ") == canonical_name("STAFF")


def test_different_letters_stay_different() -> None:
    assert canonical_username("аda") != canonical_username("ada"), "a Cyrillic letter is another letter"
    assert canonical_username("a.da@example.com") != canonical_username("ada@example.com")


@pytest.mark.parametrize("spell", [canonical_email, canonical_username, fold])
def test_keys_fit_an_index_of_postgresql(spell: Callable[[str], str]) -> None:
    """Its B-tree refuses entries above 2704 bytes; 255 characters may fold to 4590."""
    assert len(spell("\ufdfa" * 255).encode()) < 2600


def test_long_login_names_stay_different() -> None:
    assert canonical_username("\ufdfa" * 255) != canonical_username("\ufdfa" * 254)


@given(st.text(max_size=25))
def test_a_folded_word_is_found_among_folded_words(word: str) -> None:
    assert f" {fold(word)} " in fold(f"Über {word} Größe")


@pytest.mark.parametrize("spell", [canonical_email, canonical_username])
@pytest.mark.parametrize(
    "spelled",
    ["user@BÜCHER.example", "user@xn--bcher-kva.example", "User@XN--BCHER-KVA.Example", "user@bücher\u3002example"],
)
def test_a_domain_is_one_in_letters_and_in_ascii(spell: Callable[[str], str], spelled: str) -> None:
    """They are one mailbox: nobody may have the other spelling of somebody's address, as a username neither."""
    assert spell(spelled) == "user@bücher.example"


@pytest.mark.parametrize(
    "odd",
    ["a@xn--example-.com", "a@xn--.com", "a@xn--a.com", "a@xn--\u00fc.com", f"a@xn--{'a' * 80}.com", "xn--bcher-kva",
     "@", "a@" + "xn--" + "a\uff20b".encode("punycode").decode() + ".com", "xn--bcher-kva@a"],
)  # fmt: skip
def test_what_only_looks_like_such_a_domain_stays(odd: str) -> None:
    assert canonical_email(odd) == odd


@given(st.text(st.sampled_from("axn-@.\u00fc\u3002b1")))
@example("a@xn--xn--a-")
def test_domains_spelled_twice_change_nothing(text: str) -> None:
    assert canonical_email(canonical_email(text)) == canonical_email(text)
