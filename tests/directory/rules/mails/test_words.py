"""Mails in our words: both parts of each, in the language of who has caused it, and notices about an account."""

from __future__ import annotations

import email
import re
from dataclasses import replace
from email import policy
from html.parser import HTMLParser
from pathlib import Path

import pytest
from support.brackets import brackets
from support.post import Post, text
from support.world import World, part

from stormpath_wsgi import ConfigurationError
from stormpath_wsgi.directory.mail.layout import Layout
from stormpath_wsgi.directory.mail.purposes import (
    DELETION_ASKED,
    EMAIL_CHANGE,
    EMAIL_CHANGED,
    INVITATION,
    KEY_MADE,
    NOTICES,
    PASSWORD_CHANGED,
    RESET,
    RESET_SUCCESS,
    VERIFICATION,
    VERIFICATION_SUCCESS,
    WELCOME,
)
from stormpath_wsgi.directory.mail.words import Facts, content, greetable, span
from stormpath_wsgi.directory.rules.mails import notices
from stormpath_wsgi.events import at
from stormpath_wsgi.texts import english, texts_in

ADA, LINK = "ada@example.org", "https://acme.example/change?sptoken=abc&x=<y>"
PURPOSES = sorted({*NOTICES, RESET, RESET_SUCCESS, VERIFICATION, VERIFICATION_SUCCESS, WELCOME})
DAY = 86_400_000
ALL = Facts(
    site="Acme",
    given_name="Jo",
    link=LINK,
    lasts=DAY,
    code="481920",
    code_lasts=900_000,
    address="new@example.org",
    name="Nightly backup",
)


class Words(HTMLParser):
    """What people read of a page, and where its links lead."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self._style = False
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._style = tag in ("style", "title")
        self.links += [value or "" for name, value in attributes if name == "href"]

    def handle_endtag(self, tag: str) -> None:
        self._style = False

    def handle_data(self, data: str) -> None:
        if data.strip() and not self._style:
            self.words.append(" ".join(data.split()))


def drawn(purpose: str, facts: Facts = ALL, layout: Layout | None = None) -> tuple[str, Words]:
    said = content(purpose, facts, english())
    chosen = layout or Layout.of(None, None)
    plain, page = chosen.draw(said, english(), to=ADA, site=facts.site, home="https://acme.example")
    return plain, Words(page)


class TestBothParts:
    @pytest.mark.parametrize("purpose", PURPOSES)
    def test_say_the_same_and_none_speaks_of_what_it_has_not(self, purpose: str) -> None:
        plain, page = drawn(purpose)
        assert "button" not in plain
        assert "%(" not in plain + " ".join(page.words)
        assert (LINK in plain) == (LINK in page.links)
        assert plain.splitlines()[0] == page.words[2], "the heading, below the name of the site"
        assert max(len(line) for line in plain.splitlines() if LINK not in line) <= 72
        assert f"Sent to {ADA} by Acme, https://acme.example" in " ".join(plain.split())
        assert " ".join(page.words[-2:]) == f"Sent to {ADA} by Acme, acme.example"

    def test_of_a_verification_with_a_code(self) -> None:
        plain, page = drawn(VERIFICATION)
        assert content(VERIFICATION, ALL, english()).subject == "Verify your address for Acme"
        assert page.words[2:] == [
            "Verify your address",
            "Hello Jo, type this code where you left off:",
            "481 920",
            "Or press the button:",
            "Verify my address",
            "The code works for 15 minutes, the button for 24 hours.",
            "You did not sign up? Then ignore this mail. Nothing happens without you.",
            f"Sent to {ADA} by Acme,",
            "acme.example",
        ]
        assert "type this code where you left off:\n\n    481 920\n\nOr open this address:\n\nhttps://acme.ex" in plain

    def test_of_a_new_password_without_a_code(self) -> None:
        plain, page = drawn(RESET, Facts(site="Acme", given_name="Jo", link=LINK, lasts=DAY))
        assert page.words[2:] == [
            "Choose a new password",
            "Hello Jo, somebody asked for a new password for your Acme account. If it was you, press the button:",
            "Choose a new password",
            "It works once, for 24 hours.",
            "If the button does not work, open this address:",
            LINK,
            "It was not you? Then ignore this mail. Your password stays as it is.",
            f"Sent to {ADA} by Acme,",
            "acme.example",
        ]
        assert "was you, open this address:\n\nhttps://acme.example/change" in plain

    def test_speak_of_nothing_that_is_not_known(self) -> None:
        for purpose in NOTICES:
            plain, page = drawn(purpose, Facts(site="Acme"))
            assert plain.splitlines()[2].startswith("Hello, ")
            assert page.links == ["https://acme.example"]
            assert "None" not in plain

    @pytest.mark.parametrize("purpose", PURPOSES)
    def test_are_in_the_language_of_who_has_caused_the_mail(self, purpose: str, tmp_path: Path) -> None:
        texts = brackets(tmp_path)
        plain, page = Layout.of(None, None).draw(content(purpose, ALL, texts), texts, to=ADA, site="Acme", home=None)
        values = ("A", "Acme", ADA, "481 920", LINK)
        assert [word for word in Words(page).words if "⟦" not in word and word not in values] == []
        outside = re.sub(r"⟦[^⟦⟧]*⟧", "", re.sub(r"⟦[^⟦⟧]*⟧", "", plain))
        assert re.findall(r"[A-Za-z]{2,}", outside.replace(LINK, "")) == []
        assert f'lang="{texts.language}" dir="ltr"' in page

    def test_are_english_where_there_is_no_catalogue(self) -> None:
        for language in (None, "tlh", "../../etc", "x" * 500, ""):
            assert texts_in(language) is english()


@pytest.mark.parametrize("name", ["Jo", "José", "Anne-Marie", "Mary Ann", "O'Hara", "Ζωή", "さくら", " Jo "])
def test_a_mail_begins_with_a_name(name: str) -> None:
    assert greetable(name) == name.strip()


ADVERTISEMENTS = [
    "",
    "UNKNOWN",
    "Anonymous",
    "evil.example",
    "http://evil",
    "You won a car",
    "a" * 21,
    "Jo\nBcc: x",
    "1st",
]


@pytest.mark.parametrize("name", [*ADVERTISEMENTS, "Jo!", "<b>", "@jo", "- -", "$!{url}", "%(site)s"])
def test_but_with_no_advertisement(name: str) -> None:
    assert greetable(name) == ""


def test_times_are_told_in_the_unit_that_people_use() -> None:
    minute = 60_000
    asked = [minute, 15 * minute, 90 * minute, 60 * minute, 24 * 60 * minute, 7 * DAY, 30_000]
    told = ["1 minute", "15 minutes", "90 minutes", "1 hour", "24 hours", "7 days", "1 minute"]
    assert [span(time, english()) for time in asked] == told


def test_nothing_in_a_mail_of_ours_is_read_as_html_or_as_a_header(world: World) -> None:
    site = "<img src=x>\u2028Bcc: eve@example.org"
    post = Post(world)
    post.mail = replace(post.mail, site_name=site)
    world.service = post.new_service()
    account = world.account(ADA, givenName="<b>Jo</b>").split("/")[1]
    with world.service._context.write() as work:
        notices.tell(work, KEY_MADE, account, name="<script>\r\nBcc: eve@example.org", link="https://a.example/?a=<b>")
    mail = email.message_from_bytes(post.only().as_bytes(), policy=policy.default)
    assert mail["Bcc"] is None
    assert mail["Subject"] == "A new API key for <img src=x> Bcc: eve@example.org"
    page = text(mail, "html")
    assert "<img" not in page
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert not [line for line in text(mail).splitlines() if line.startswith("Bcc")]


class TestATemplate:
    def test_of_the_administrator_wins_and_may_name_the_code(self, world: World) -> None:
        post = Post(world)
        world.account(ADA, givenName="Jo")
        policies = world.service.get(world.directory.replace("directories", "passwordPolicies"))
        template = world.only(part(policies, "resetEmailTemplates"))
        href = template["href"].removeprefix("https://id.example.org/v1/")
        world.update(href, subject="Mine", textBody="Code [${code}] or ${url}")
        world.service.create(f"{world.application}/passwordResetTokens", {"email": ADA})
        mail = post.only()
        assert mail["Subject"] == "Mine"
        assert "Code [] or https://id.example.org/change?sptoken=" in text(mail), "nobody has asked for a code"
        world.update(href, subject=template["subject"], textBody=template["textBody"])
        world.service.create(f"{world.application}/passwordResetTokens", {"email": ADA})
        mail = post.only()
        assert mail["Subject"] == "Choose a new password for My Application"
        assert mail.get_content_type() == "multipart/alternative"

    def test_of_the_layout_is_taken_from_the_folder_of_the_site(self, tmp_path: Path) -> None:
        (tmp_path / "mail.txt").write_text("{{ content.heading }} & {{ site }}", encoding="utf-8")
        plain, page = drawn(WELCOME, layout=Layout.of(tmp_path, None))
        assert plain == "Welcome to Acme & Acme"
        assert page.words[2] == "Welcome to Acme"
        (tmp_path / "mail.html").write_text("{% extends 'stormpath/mail.html' %}", encoding="utf-8")
        assert (
            drawn(WELCOME, layout=Layout.of(tmp_path, "https://acme.example/logo.png"))[1].words[0] == "Welcome to Acme"
        )

    def test_of_the_layout_that_cannot_be_used_is_told_of_at_the_start(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match=r"mail\.templates: .* is not a folder"):
            Layout.of(tmp_path / "nowhere", None)
        (tmp_path / "mail.html").write_text("{% if %}", encoding="utf-8")
        with pytest.raises(ConfigurationError, match=r"mail\.templates: a template cannot be used"):
            Layout.of(tmp_path, None)


class TestANotice:
    def test_goes_to_the_address_that_is_given_or_to_that_of_the_account(self, world: World) -> None:
        post = Post(world, site="https://acme.example/app")
        account = world.account(ADA, givenName="Jo").split("/")[1]
        with world.service._context.write() as work:
            notices.tell(work, PASSWORD_CHANGED, account, link=work.mail.at("/forgot"))
            notices.tell(
                work, EMAIL_CHANGE, account, to="new@example.org", link=work.mail.at("/x", sptoken="t"), lasts=DAY
            )
            notices.tell(work, EMAIL_CHANGED, account, to="old@example.org", address="new@example.org")
            notices.tell(work, DELETION_ASKED, account, lasts=14 * DAY)
            notices.tell(work, INVITATION, None, to="bob@example.org", link=work.mail.at("/invitation"), lasts=DAY)
        mails = {str(mail["Subject"]): mail for mail in post.read()}
        assert {subject: str(mail["To"]) for subject, mail in mails.items()} == {
            "Your password for My Application was changed": ADA,
            "Verify your new address for My Application": "new@example.org",
            "Your address for My Application was changed": "old@example.org",
            "Your account at My Application will be deleted": ADA,
            "You are invited to Accounts": "bob@example.org",
        }
        assert "https://acme.example/app/forgot\n" in text(mails["Your password for My Application was changed"])
        assert "/app/x?sptoken=t\n" in text(mails["Verify your new address for My Application"])
        assert "deleted in 14 days" in text(mails["Your account at My Application will be deleted"])

    def test_of_what_never_happened_does_not_leave(self, world: World) -> None:
        post = Post(world)
        account = world.account(ADA).split("/")[1]
        with pytest.raises(ZeroDivisionError), world.service._context.write() as work:
            notices.tell(work, PASSWORD_CHANGED, account)
            _ = 1 / 0
        assert post.read() == []

    def test_needs_somewhere_to_go_and_something_to_say(self, sqlite_world: World) -> None:
        with sqlite_world.service._context.write() as work:
            with pytest.raises(ValueError, match="needs an account or an address"):
                notices.tell(work, INVITATION, None)
            with pytest.raises(ValueError, match="is no notice"):
                notices.tell(work, RESET, "x")

    def test_is_kept_with_the_language_of_the_request(self, sqlite_world: World) -> None:
        post = Post(sqlite_world)
        account = sqlite_world.account(ADA).split("/")[1]
        with at(language="tlh"), sqlite_world.service._context.write() as work:
            notices.tell(work, PASSWORD_CHANGED, account)
        assert post.only()["Subject"] == "Your password for My Application was changed"
