"""Fields of a site's own: a choice, a box with links in its label, a hint, a hidden value; and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest
from support.browsing import PASSWORD, Visit, make_site

from stormpath_wsgi import ConfigurationError

FIELDS: dict[str, dict[str, Any]] = {
    "card": {"label": "Library card", "required": False, "hint": "Ten digits, on the back.", "maxLength": 10},
    "branch": {
        "label": "Home branch",
        "type": "select",
        "placeholder": "Choose a branch",
        "options": {"east": "East & West", "harbour": "Harbour"},
    },
    "terms": {
        "label": "I agree to the terms and the privacy notice.",
        "type": "checkbox",
        "links": {"terms": "/terms", "privacy notice": "https://example.org/privacy"},
    },
    "news": {"label": "News by mail", "type": "checkbox", "required": False},
    "campaign": {"label": "Campaign", "type": "hidden", "required": False, "value": "spring"},
}
ORDER = ["givenName", "surname", "email", "password", "card", "branch", "terms", "news"]
ADA = {"givenName": "Ada", "surname": "Lovelace", "email": "ada@example.org", "password": PASSWORD}
JSON = {"Accept": "application/json"}


@pytest.fixture(scope="module")
def site() -> Any:
    form = {"fields": FIELDS, "fieldOrder": ORDER}
    return make_site(web={"register": {"form": form}})


@pytest.fixture
def visit(site: Any) -> Visit:
    return Visit(site=site)


def registers(visit: Visit, email: str, **values: Any) -> Any:
    """What came of it, as a program sees it; *values* over those that will do."""
    sent = {**ADA, "email": email, "branch": "east", "terms": True, **values}
    return visit.post_json("/register", sent, headers=JSON, status="*")


def custom_data(visit: Visit, email: str) -> dict[str, Any]:
    [account] = visit.application.accounts.search({"email": email})
    return {name: account.custom_data[name] for name in FIELDS if name in account.custom_data}


def test_they_stand_in_the_order_of_the_settings(visit: Visit) -> None:
    page = visit.get("/register").html
    shown = [field["name"] for field in page.select("main form :is(input, select):not([type=hidden])")]
    assert shown == ORDER
    assert page.select_one("input[name=campaign]")["type"] == "hidden"
    assert page.select_one("input[name=campaign]")["value"] == "spring"


def test_a_hint_is_told_with_its_field(visit: Visit) -> None:
    page = visit.get("/register").html
    described = page.select_one("#card")["aria-describedby"]
    assert page.select_one(f"#{described}").get_text() == "Ten digits, on the back."


def test_a_choice_shows_what_can_be_chosen(visit: Visit) -> None:
    page = visit.get("/register").html
    options = [(each["value"], each.get_text()) for each in page.select("#branch option")]
    assert options == [("", "Choose a branch"), ("east", "East & West"), ("harbour", "Harbour")]


def test_links_in_a_label_leave_the_form_as_it_is(visit: Visit) -> None:
    label = visit.get("/register").html.select_one("label[for=terms]")
    links = {link.get_text(): link for link in label.select("a")}
    assert [link["href"] for link in links.values()] == ["/terms", "https://example.org/privacy"]
    assert all(link["target"] == "_blank" and "noopener" in link["rel"] for link in links.values())
    assert "terms (opens in a new tab)" in links
    for link in links.values():
        link.span.decompose()
    assert label.get_text() == "I agree to the terms and the privacy notice."


def test_what_was_not_chosen_and_not_ticked_is_said_at_its_field(visit: Visit) -> None:
    page = visit.fill_in("/register", **{**ADA, "email": "lost@example.org"})
    assert page.html.select_one("#branch-error").get_text(strip=True) == "Choose Home branch."
    assert page.html.select_one("#terms-error").get_text(strip=True) == "Tick this to go on."
    assert {link["href"] for link in page.html.select("div.alert a")} == {"#branch", "#terms"}
    page.form["branch"], page.form["terms"], page.form["password"] = "harbour", True, "short"
    again = page.form.submit()
    assert again.form["branch"].value == "harbour"
    assert again.form["terms"].checked
    again.form["password"] = PASSWORD
    assert again.form.submit().status_int == 302
    assert custom_data(visit, "lost@example.org") == {"branch": "harbour", "terms": True, "campaign": "spring"}


def test_a_choice_that_there_is_not_is_refused_to_browsers_too(visit: Visit) -> None:
    form = visit.get("/register").form
    for name, value in {**ADA, "email": "forger@example.org"}.items():
        form[name] = value
    form["terms"] = True
    form["branch"].force_value("moon")
    page = form.submit()
    assert page.html.select_one("#branch-error").get_text(strip=True) == "Choose Home branch."


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"branch": "moon"}, "Home branch is not valid."),
        ({"branch": ["east"]}, "Home branch is not valid."),
        ({"branch": {"east": 1}}, "Home branch is not valid."),
        ({"branch": ""}, "Home branch is required."),
        ({"branch": None}, "Home branch is required."),
        ({"terms": False}, "I agree to the terms and the privacy notice. is required."),
        ({"terms": "false"}, "I agree to the terms and the privacy notice. is required."),
        ({"terms": 1}, "I agree to the terms and the privacy notice. is required."),
        ({"news": "perhaps"}, "News by mail is not valid."),
        ({"news": [True]}, "News by mail is not valid."),
        ({"card": "0" * 11}, "Library card is too long."),
        ({"card": ["0" * 9]}, "Library card is too long."),
        ({"customData": {"card": "0" * 11}}, "Library card is too long."),
    ],
)
def test_a_program_is_told_as_well(visit: Visit, wrong: dict[str, Any], message: str) -> None:
    answer = registers(visit, "wrong@example.org", **wrong)
    assert (answer.status_int, answer.json) == (400, {"status": 400, "message": message})


@pytest.mark.parametrize(("number", "ticked"), [*enumerate([True, "true", "on", "1"])])
def test_a_box_is_kept_as_true_however_it_is_sent(visit: Visit, number: int, ticked: Any) -> None:
    email = f"box{number}@example.org"
    assert registers(visit, email, terms=ticked, news=False).status_int == 200
    assert custom_data(visit, email) == {"branch": "east", "terms": True, "news": False}


def test_the_view_model_stays_as_specified_and_tells_the_choices(visit: Visit) -> None:
    fields = {field["name"]: field for field in visit.get("/register", headers=JSON).json["form"]["fields"]}
    usual = {"label", "name", "placeholder", "required", "type"}
    assert all(set(field) == usual for name, field in fields.items() if name != "branch")
    assert set(fields["branch"]) == usual | {"options"}
    assert fields["branch"]["options"][0] == {"value": "east", "label": "East & West"}


def test_options_may_be_a_list(visit: Visit) -> None:
    fields = {"branch": {"label": "Branch", "type": "select", "options": ["East", "West"]}}
    other = Visit(web={"register": {"form": {"fields": fields}}})
    options = [each["value"] for each in other.get("/register").html.select("#branch option")]
    assert options == ["", "East", "West"]
    assert other.get("/register").html.select_one("#branch option").get_text() == "Choose Branch"


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ({"type": "select"}, "options belong to the type select"),
        ({"options": ["a"]}, "options belong to the type select"),
        ({"links": {"X": "/terms"}}, "links belong to the type checkbox"),
        ({"type": "checkbox", "links": {"rules": "/terms"}}, "which is not in the label"),
        ({"type": "checkbox", "links": {"X": "javascript:alert(1)"}}, "links"),
        ({"type": "select", "options": [""]}, "options"),
        ({"maxLength": 0}, "maxLength"),
    ],
)
def test_settings_that_make_no_field_are_told_at_the_start(field: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        make_site(web={"register": {"form": {"fields": {"x": {"label": "X", **field}}}}})
