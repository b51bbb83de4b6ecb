"""HTML or JSON: the table of the framework specification."""

from __future__ import annotations

import time

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from stormpath_wsgi.web.negotiation import HTML, JSON, preferred

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"


def chosen(accept: str | None, *produces: str) -> str | None:
    return preferred({} if accept is None else {"HTTP_ACCEPT": accept}, produces)


@pytest.mark.parametrize(
    ("accept", "of_both", "of_json", "of_html"),
    [
        (None, JSON, JSON, HTML),
        ("", JSON, JSON, HTML),
        (" ", JSON, JSON, HTML),
        ("*/*", JSON, JSON, HTML),
        (BROWSER, HTML, None, HTML),
        ("text/html", HTML, None, HTML),
        ("text/*, */*;q=0.1", HTML, None, HTML),
        ("text/html;q=0.9, application/json;q=0.8", HTML, None, HTML),
        ("application/json", JSON, JSON, None),
        ("application/json, text/html;q=0.5", JSON, JSON, None),
        ("application/json;q=0.2, text/html;q=0.1", JSON, JSON, None),
        ("application/json, text/html", JSON, JSON, HTML),
        ("text/html, application/json", JSON, JSON, HTML),
        ("application/json; charset=utf-8", JSON, JSON, None),
        ("Application/JSON;charset=UTF-8;q=0.9, text/plain", JSON, JSON, None),
        ("text/html;level=1", HTML, None, HTML),
        ("text/html;level=1;q=0.9, application/json;charset=utf-8;q=0.8", HTML, None, HTML),
        ('application/json;profile="a,b;q=0"', JSON, JSON, None),
        ("text/html;level=1;q=0, text/html, application/json;q=0.5", HTML, None, HTML),
        ("text/html;level=1, text/html;q=0.1, application/json;q=0.5", JSON, JSON, None),
        ("text/*;charset=utf-8, application/json;q=0.5", HTML, None, HTML),
        ("*/*;version=1", JSON, JSON, HTML),
        ("foo/bar", None, None, None),
        ("text/html;q=0", None, None, None),
        ("no media type at all", JSON, JSON, HTML),
    ],
)
def test_what_is_preferred(accept: str | None, of_both: str, of_json: str | None, of_html: str | None) -> None:
    assert chosen(accept, JSON, HTML) == of_both
    assert chosen(accept, JSON) == of_json
    assert chosen(accept, HTML) == of_html


def test_the_first_that_is_produced_breaks_a_tie() -> None:
    assert chosen("*/*", HTML, JSON) == HTML
    assert chosen("application/json, text/html", HTML, JSON) == HTML


@for_all(accept=st.text(st.characters(max_codepoint=255)) | st.from_regex(r"([a-z*]+/[a-z*]+(;q=[01]\.?[0-9]*)?,? ?)*"))
def test_any_header_has_an_answer(accept: str) -> None:
    assert chosen(accept, JSON, HTML) in (JSON, HTML, None)


@pytest.mark.parametrize("piece", ["a/b,", "a/b;c=", '";', "a/b;q=0.", " , ", "*/*;", '\\"', 'a/b;c="'])
def test_a_long_header_takes_no_long_time(piece: str) -> None:
    """Servers take headers of 8 kB; some expressions would take hours over one."""
    started = time.process_time()
    chosen(piece * (8000 // len(piece)), JSON, HTML)
    assert time.process_time() - started < 2
