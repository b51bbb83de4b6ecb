"""No ``next`` leads off the site, whoever reads it."""

from __future__ import annotations

import time
from urllib.parse import quote, unquote, urljoin, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stormpath_wsgi.pages.next import LIMIT, safe_next, safe_return

SITE = "https://site.example/login"

TRICKS = [
    "//evil.example",
    "///evil.example",
    r"/\evil.example",
    r"\/evil.example",
    r"\\evil.example",
    "/\t/evil.example",
    "\t//evil.example",
    "/\n/evil.example",
    "/\r\nSet-Cookie: a=b",
    " //evil.example",
    "\x00//evil.example",
    "/%2Fevil.example",
    "/%5Cevil.example",
    "/%252Fevil.example",
    "/%25252fevil.example",
    "/%09/evil.example",
    "/%0d%0aLocation:%20//evil.example",
    "/.//evil.example",
    "/..//evil.example",
    "/a/../..//evil.example",
    "/%2e%2e//evil.example",
    "https://evil.example/",
    "https:evil.example",
    "https:/evil.example",
    "javascript:alert(1)",
    "data:text/html,hello",
    "evil.example",
    "?next=//evil.example",
    "",
    "/\u2028/evil.example",
    "/" + "a" * LIMIT,
]


def browsed(target: str) -> str:
    """Where a browser goes from the login page (WHATWG URL: what it strips, and which slash a backslash is)."""
    stripped = target.strip("".join(map(chr, range(33))))
    cleaned = stripped.translate({9: None, 10: None, 13: None})
    return urljoin(SITE, cleaned.replace("\\", "/"))


def stays(target: str) -> bool:
    return urlsplit(browsed(target))[:2] == ("https", "site.example")


@pytest.mark.parametrize(
    "address", ["/", "/me", "/a/b.html?x=1&y=%2F%2Fz", "/caf%C3%A9", "/a:b@c/d;e?f=[g]|h", "/a..b/.c"]
)
def test_a_path_of_the_site_is_kept_as_it_is(address: str) -> None:
    assert safe_next(address) == address


def test_a_path_that_a_framework_has_decoded_is_encoded_again() -> None:
    assert safe_next("/caf\u00e9/\u0416?q=\u00fc%2F") == "/caf%C3%A9/%D0%96?q=%C3%BC%2F"


@pytest.mark.parametrize("fragment", ["part-2", "/route/7?x=1", "caf%C3%A9", "a:~:text=b,c", "%23"])
def test_a_fragment_is_kept_as_it_is(fragment: str) -> None:
    assert safe_next(f"/a?b=c#{fragment}") == f"/a?b=c#{fragment}"


@pytest.mark.parametrize(
    "fragment", ["", "//evil.example", "%2F/evil.example", "/\\evil", "a#b", "a b", "%0d%0a", "%00", "<b>"]
)
def test_a_doubtful_fragment_leaves_the_path(fragment: str) -> None:
    assert safe_next(f"/a?b=c#{fragment}") == "/a?b=c"


@pytest.mark.parametrize("trick", TRICKS)
def test_a_fragment_makes_no_trick_better(trick: str) -> None:
    assert safe_next(f"{trick}#part") is None


@pytest.mark.parametrize("trick", TRICKS)
def test_what_could_be_another_site_is_refused(trick: str) -> None:
    assert safe_next(trick) is None


@given(
    st.one_of(
        st.text(),
        st.text(alphabet="/\\.%2f5c0ad9e?#:@;\t\n\r evil").map("/".__add__),
        st.sampled_from(TRICKS),
    )
)
@example("/;@evil.example//")
def test_no_text_at_all_leads_off_the_site(wanted: str) -> None:
    target = safe_next(wanted)
    if target is None:
        return
    assert stays(target)
    assert stays(unquote(target)), "a proxy that decodes must not see another site in it either"
    assert target.isascii()
    assert target.isprintable()


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\\"), min_size=1))
def test_every_ordinary_path_that_was_quoted_for_the_challenge_comes_back(path: str) -> None:
    segments = [segment for segment in path.split("/") if segment not in ("", ".", "..")]
    address = "/" + "/".join(map(quote, segments))
    if len(address) <= LIMIT and "%" not in path:
        assert safe_next(address) == address


def test_an_address_that_was_encoded_a_thousand_times_costs_no_time() -> None:
    begun = time.perf_counter()
    safe_next("/%" + "25" * ((LIMIT - 2) // 2))
    assert time.perf_counter() - begun < 0.1


ORIGINS = ("https://wiki.example.com", "http://ci.example.com:8080")


@pytest.mark.parametrize(
    "wanted",
    ["https://wiki.example.com/", "https://wiki.example.com/a?b=c#d", "http://ci.example.com:8080/job/1"],
)
def test_an_address_at_a_host_that_is_named_is_kept(wanted: str) -> None:
    assert safe_return(wanted, ORIGINS) == wanted


@pytest.mark.parametrize(
    "wanted",
    [
        None, "", "/page", "https://evil.example/", "https://wiki.example.com.evil.example/", "//wiki.example.com/",
        "https://wiki.example.com@evil.example/", "http://wiki.example.com/", "https://wiki.example.com:444/",
        "https://wiki.example.com//evil.example", "https://wiki.example.com/\\evil.example", "https://wiki.example.com",
        "HTTPS://WIKI.example.com/", "https://ci.example.com:8080/", "https://wiki.example.com/\r\nSet-Cookie: a=b",
        " https://wiki.example.com/", "https://wiki.example.com/" + "a" * 3000,
    ],
)  # fmt: skip
def test_an_address_anywhere_else_is_none(wanted: str | None) -> None:
    assert safe_return(wanted, ORIGINS) is None
