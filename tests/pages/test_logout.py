"""Signing out."""

from __future__ import annotations

import pytest
from browsing import Visit


@pytest.fixture
def signed_in(visit: Visit) -> Visit:
    visit.account()
    visit.sign_in()
    return visit


def test_a_button_of_the_application_signs_out(signed_in: Visit) -> None:
    answer = signed_in.post("/logout")
    assert (answer.status_int, answer.headers["Location"]) == (302, "/")
    assert not signed_in.is_signed_in()


def test_a_copy_of_the_old_cookie_is_worthless(signed_in: Visit) -> None:
    copy = signed_in.cookies["stormpath_session"]
    signed_in.post("/logout")
    signed_in.set_cookie("stormpath_session", copy)
    assert not signed_in.is_signed_in()


def test_a_single_page_app_gets_an_empty_answer(signed_in: Visit) -> None:
    answer = signed_in.post("/logout", headers={"Accept": "application/json"})
    assert (answer.status_int, answer.body) == (200, b"")
    assert not signed_in.is_signed_in()


def test_who_is_not_signed_in_may_sign_out(visit: Visit) -> None:
    assert visit.post("/logout").headers["Location"] == "/"


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
def test_another_site_signs_nobody_out(signed_in: Visit, headers: dict[str, str]) -> None:
    assert signed_in.post("/logout", headers=headers, status=403)
    assert signed_in.is_signed_in()


def test_a_form_with_fields_needs_a_token(signed_in: Visit) -> None:
    page = signed_in.post("/logout", {"really": "yes"}, status=403)
    assert "This form has expired." in page
    assert signed_in.is_signed_in()


def test_a_document_does_not(signed_in: Visit) -> None:
    signed_in.post_json("/logout", {})
    assert not signed_in.is_signed_in()


def test_text_is_not_taken(signed_in: Visit) -> None:
    assert signed_in.post("/logout", "{}", content_type="text/plain", status=415)
    assert signed_in.is_signed_in()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_nothing_but_a_post_signs_out(signed_in: Visit, method: str) -> None:
    answer = signed_in.request("/logout", method=method, status=404)
    assert "app: " in answer or method == "HEAD"
    assert signed_in.is_signed_in()


def test_the_page_he_wanted_is_where_he_goes_if_it_is_here(signed_in: Visit) -> None:
    assert signed_in.post("/logout?next=%2Fbye").headers["Location"] == "/bye"
    assert signed_in.post("/logout?next=%2F%2Fevil.example").headers["Location"] == "/"
