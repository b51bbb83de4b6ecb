"""Mails: their templates, what macros may not do, and how they leave after the commit."""

from __future__ import annotations

import email
import html
import os
import re
import stat
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update
from support.post import Post, text, token_in
from support.world import ON_ONE_ENGINE, World, part, path, refused

from stormpath_wsgi.directory import open_directory
from stormpath_wsgi.directory.mail import RESET, WELCOME
from stormpath_wsgi.directory.mail.mailers import NoMailer, RecipientRefused, Unreachable
from stormpath_wsgi.directory.mail.template import compose, fill
from stormpath_wsgi.directory.rules.mails.outbox import put
from stormpath_wsgi.directory.storage import schema

ADA = "ada@example.org"


@pytest.fixture
def post(world: World) -> Post:
    return Post(world)


def templates(world: World) -> dict[str, Any]:
    """By subject, the templates of the directory; each is alone in its collection."""
    found = {}
    for owners in ("passwordPolicies", "accountCreationPolicies"):
        owner = world.service.get(world.directory.replace("directories", owners))
        for name in owner:
            if name.endswith("Templates"):
                listed = world.service.list(part(owner, name))
                assert (listed["size"], listed["limit"], listed["offset"]) == (1, 25, 0)
                found[listed["items"][0]["subject"]] = listed["items"][0]
    return found


def reset_template(world: World) -> str:
    return path(templates(world)["Reset your Password"])


def asked(world: World) -> None:
    world.service.create(f"{world.application}/passwordResetTokens", {"email": ADA})


def test_a_directory_has_five_templates(world: World) -> None:
    names = {subject: template["name"] for subject, template in templates(world).items()}
    assert names == {
        "Reset your Password": "Default Password Reset Email Template",
        "Your password has been changed": "Default Password Reset Success Email Template",
        "Verify your account": "Default Verification Email Template",
        "Your account has been confirmed": "Default Verification Success Email Template",
        "Your registration was successful": "Default Welcome Email Template",
    }
    for subject, template in templates(world).items():
        assert template["mimeType"] == "text/plain"
        assert template["fromEmailAddress"] == "noreply@id.example.org"
        assert ("defaultModel" in template) == (subject in ("Reset your Password", "Verify your account"))


def test_the_settings_say_what_a_template_does_not(world: World) -> None:
    literal = "https://api.stormpath.com/passwordReset"
    Post(world, from_name="Shop", from_address="shop@example.com", reset_link=literal)
    template = templates(world)["Reset your Password"]
    assert template["defaultModel"] == {"linkBaseUrl": literal}
    sender = {"fromName": template["fromName"], "fromEmailAddress": template["fromEmailAddress"]}
    assert sender == {"fromName": "Shop", "fromEmailAddress": "shop@example.com"}
    world.update(path(template), **template)
    Post(world, from_name="Store", reset_link="https://example.com/change")
    template = world.service.get(path(template))
    assert (template["fromName"], template["defaultModel"]["linkBaseUrl"]) == ("Store", "https://example.com/change")
    own = {"fromName": "Own", "fromEmailAddress": "own@x.org", "defaultModel": {"linkBaseUrl": "https://x.org/r?a=b"}}
    assert world.update(path(template), **own).items() >= own.items()
    assert world.service.get(path(template)).items() >= own.items()


REFUSED: dict[str, tuple[dict[str, Any], int]] = {
    "an empty model": ({"defaultModel": {}}, 2000),
    "no model": ({"defaultModel": None}, 2000),
    "a blank link": ({"defaultModel": {"linkBaseUrl": " "}}, 2000),
    "an unknown member": ({"defaultModel": {"x": "y"}}, 2015),
    "a body without the link": ({"textBody": "Hello $!{account.givenName}"}, 7301),
    "a page without the link": ({"mimeType": "text/html", "htmlBody": "$!{account.url}"}, 7301),
    "one of two without the link": ({"mimeType": "multipart/alternative", "htmlBody": "x"}, 7301),
    "a subject of two lines": ({"subject": "a\nBcc: eve@example.org"}, 2006),
    "a sender of two lines": ({"fromName": "a\r\nBcc: eve@example.org"}, 2006),
    "an address that is none": ({"fromEmailAddress": "noreply"}, 2006),
    "two addresses": ({"fromEmailAddress": "a@x.org, b@x.org"}, 2006),
    "an unknown type": ({"mimeType": "text/rtf"}, 2003),
}


@ON_ONE_ENGINE
@pytest.mark.parametrize("case", REFUSED)
def test_a_template_that_will_not_do_is_refused(world: World, case: str) -> None:
    properties, code = REFUSED[case]
    before = templates(world)
    with refused(code):
        world.update(reset_template(world), **properties)
    assert templates(world) == before


def test_only_mails_that_bring_a_token_need_a_place_for_it(world: World) -> None:
    welcome = path(templates(world)["Your registration was successful"])
    assert world.update(welcome, textBody="Hello")["textBody"] == "Hello"
    with refused(2015):
        world.update(welcome, defaultModel={"linkBaseUrl": "https://example.com"})
    for macro in ("${sptoken}", "$!{sptoken}", "${sptokenNameValuePair}", "$!{url}"):
        world.update(reset_template(world), textBody=macro)


def test_macros_name_what_is_known(world: World, post: Post) -> None:
    world.account(ADA, username="ada", givenName="Ada", surname="Lovelace", customData={"shoe": {"size": 38}, "x": [1]})
    world.update(f"{world.application}/customData", plan="gold")
    world.update(f"{world.directory}/customData", team="red")
    macros = [
        *("account.givenName", "account.surname", "account.fullName", "account.username", "account.email"),
        *("account.directory.name", "application.name", "application.customData.plan"),
        *("account.customData.shoe.size", "account.directory.customData.team", "sptokenNameValuePair"),
    ]
    body = "|".join(f"$!{{{macro}}}" for macro in macros) + "|$!{account.customData.x}|$!{nobody}|${nobody.knows}"
    world.update(reset_template(world), textBody=body, subject="For ${account.givenName}")
    asked(world)
    mail = post.only()
    assert mail["Subject"] == "For Ada"
    token = token_in(mail)
    known = f"Ada|Lovelace|Ada Lovelace|ada|{ADA}|My Application Directory|My Application|gold|38|red|sptoken={token}"
    assert text(mail).strip() == f"{known}|||${{nobody.knows}}"


def test_a_name_is_no_html_and_no_header(world: World, post: Post) -> None:
    name = "<img src=x onerror=a()>\"'&\r\nBcc: eve@example.org\r\n\r\nHello"
    world.account(ADA, givenName="Ada", surname="$!{sptoken}")
    with world.database.write() as transaction:  # from before such a name was refused
        transaction.connection.execute(update(schema.accounts).values(given_name=name))
    page = '<a title="$!{account.fullName}" href="$!{url}">x</a>'
    plain = "$!{account.fullName} $!{url}"
    both = {"mimeType": "multipart/alternative", "htmlBody": page, "textBody": plain, "subject": "${account.givenName}"}
    world.update(reset_template(world), **both)
    asked(world)
    mail = email.message_from_bytes(post.only().as_bytes(), policy=policy.default)
    assert mail["Bcc"] is None
    assert [address.addr_spec for address in mail["To"].addresses] == [ADA]
    line = name.replace("\r\n\r\n", " ").replace("\r\n", " ")
    assert mail["Subject"] == line
    assert text(mail).startswith(f"{line} $!{{sptoken}} https://"), "what a name says is not filled in again"
    assert f'title="{html.escape(line)} $!{{sptoken}}"' in text(mail, "html")
    assert "<img" not in text(mail, "html")
    assert mail.get_content_type() == "multipart/alternative"


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_a_mail_has_the_one_body_that_is_asked_for(world: World, post: Post, kind: str) -> None:
    world.account(ADA)
    world.update(
        reset_template(world), mimeType=f"text/{kind}", htmlBody="<p>ü ${url}", textBody="ü ${url}" + "x" * 2000
    )
    asked(world)
    mail = email.message_from_bytes(post.only().as_bytes(), policy=policy.default)
    assert mail.get_content_type() == f"text/{kind}"
    assert "ü https://" in text(mail, kind)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@id.example.org>")


def test_no_template_becomes_endless() -> None:
    model = {"account": {"customData": {"x": "y" * 10_000_000}}}
    assert len(fill("${account.customData.x}" * 4000, model)) == 4_000_000


TEMPLATE = {
    "fromName": "Shop",
    "fromEmailAddress": "shop@example.org",
    "subject": "s",
    "textBody": "t",
    "htmlBody": "h",
    "mimeType": "text/plain",
}
UTF8 = policy.default.clone(utf8=True)  # as for a mail server that knows RFC 6531
ADDRESS = st.from_regex(re.compile(r"[^\s\x00-\x1f\x7f-\x9f:]+@[^\s\x00-\x1f\x7f-\x9f@:]+"), fullmatch=True)


HIDDEN = "=?utf-8?q?a=0d=0aBcc=3a=20eve=40example=2eorg=0d=0a=0d=0aBuy?="


def test_nothing_in_a_header_is_decoded() -> None:
    """What an encoded word hides would be believed: a second recipient, and another mail altogether."""
    assert compose(TEMPLATE, f"{HIDDEN}@example.org", {}, id="id", now=0) is None
    named = {**TEMPLATE, "fromName": HIDDEN, "subject": "For ${name}"}
    message = compose(named, ADA, {"name": HIDDEN}, id="id", now=0)
    assert message is not None
    for spelled in (UTF8, policy.SMTP):
        read = email.message_from_bytes(message.as_bytes(policy=spelled), policy=policy.default)
        assert (read["Bcc"], read["Subject"]) == (None, "For " + HIDDEN.replace("=?", "= ?"))
        assert text(read).strip() == "t"


@given(ADDRESS.filter(str.isprintable))
def test_a_mail_has_one_recipient_whatever_an_address_looks_like(address: str) -> None:
    message = compose(TEMPLATE, address, {}, id="id", now=0)
    if message is not None:
        read = email.message_from_string(message.as_string(policy=UTF8), policy=policy.default)
        assert len(read["To"].addresses) == len(message["To"].addresses) == 1
        assert read.keys() == message.keys()


@pytest.mark.parametrize("address", ["a+b@x.org", "a..b@x.org", "!#$%&'*/=?^_`{|}~@x.org", "a@sub-x.example"])
def test_an_odd_address_is_one_address(address: str) -> None:
    message = compose(TEMPLATE, address, {}, id="id", now=0)
    assert message is not None
    (recipient,) = email.message_from_bytes(message.as_bytes(), policy=policy.default)["To"].addresses
    assert recipient.addr_spec == address


NOWHERE = ["a@b@x.org", "a,b@x.org", '"a"@x.org', "<a>@x.org", "a@x.org,b", "a@x.org>", "a@y.invalid", "a@" + "ü" * 80]


@pytest.mark.parametrize("address", NOWHERE)
def test_what_could_be_two_addresses_or_none_gets_no_mail(address: str) -> None:
    assert compose(TEMPLATE, address, {}, id="id", now=0) is None


def test_a_domain_is_spelled_as_mail_servers_do() -> None:
    message = compose(TEMPLATE, "ü@bücher.example", {}, id="id", now=0)
    assert message is not None
    assert message["To"].addresses[0].addr_spec == "ü@xn--bcher-kva.example"


def test_mail_waits_while_the_post_is_down_and_is_tried_again_with_growing_pauses(world: World, post: Post) -> None:
    world.account(ADA)
    post.down = Unreachable
    asked(world)
    started, pauses = world.now, []
    for _ in range(4):
        post.read()
        (due,) = waiting(world)
        pauses.append(due / 1000 - world.now)
        world.now = due / 1000
    assert pauses == [60, 120, 240, 480]
    post.down = None
    assert token_in(post.only())
    assert waiting(world) == []
    assert world.now - started == 900


def test_mail_is_given_up_after_hours(world: World, post: Post, caplog: pytest.LogCaptureFixture) -> None:
    world.account(ADA)
    post.down = Unreachable
    asked(world)
    tries = 0
    while waiting(world):
        post.read()
        world.now += 3600
        tries += 1
    assert tries == 12
    assert "is given up" in caplog.records[-1].message


def test_mail_that_nobody_takes_is_given_up_at_once(world: World, post: Post) -> None:
    world.account(ADA)
    post.down = RecipientRefused
    asked(world)
    post.read()
    assert waiting(world) == []


class Clumsy(Post):
    """Has a mistake in it, which mail to one address brings out."""

    def send(self, message: EmailMessage) -> None:
        if message["To"] == ADA:
            raise LookupError(text(message))
        super().send(message)


def test_a_mistake_of_ours_with_one_mail_delays_no_other_and_is_not_repeated_for_ever(
    sqlite_world: World, caplog: pytest.LogCaptureFixture
) -> None:
    post = Clumsy(sqlite_world)
    tokens, tries = [], 1
    for email_address in (ADA, "bob@example.org"):
        sqlite_world.account(email_address)
        wish = {"email": email_address}
        made = sqlite_world.service.create(f"{sqlite_world.application}/passwordResetTokens", wish)
        tokens.append(made["href"].rpartition("/")[2])
    assert token_in(post.only()) == tokens[1]
    while waiting(sqlite_world):
        sqlite_world.now += 3600
        post.read()
        tries += 1
    assert tries == 12
    assert "LookupError" in caplog.text
    assert tokens[0] not in caplog.text


def test_no_mail_tells_of_what_never_happened(world: World, post: Post) -> None:
    policy = world.directory.replace("directories", "accountCreationPolicies")
    world.update(policy, welcomeEmailStatus="ENABLED")
    account = world.account(ADA)
    assert post.only()
    with pytest.raises(ZeroDivisionError), world.service._context.write() as work:
        put(work, WELCOME, account.split("/")[1])
        _ = 1 / 0
    assert post.read() == []


def test_mail_to_who_has_just_gone_is_refused(world: World) -> None:
    with refused(2020), world.service._context.write() as work:
        put(work, RESET, "nobody", application_id=world.application.split("/")[1], token="x")


def test_mail_that_a_process_left_behind_leaves_when_the_next_one_serves(world: World, post: Post) -> None:
    world.account(ADA)
    world.service._context.deliver = lambda: None  # it died before
    asked(world)
    service = post.new_service()
    service.get("tenants/current")
    assert service._delivery._thread is None, "a program that only prepares may still fork"
    service.serve()
    service._delivery.close()
    assert waiting(world) == []


class Distant(Post):
    """Takes a mail, and the answer that it did is lost: it is sent again, as after a kill at that moment."""

    def send(self, message: EmailMessage) -> None:
        super().send(message)
        raise Unreachable("nobody answers")


def test_a_mail_that_is_sent_again_has_the_same_id(sqlite_world: World) -> None:
    post = Distant(sqlite_world)
    sqlite_world.account(ADA)
    asked(sqlite_world)
    (first,) = post.read()
    sqlite_world.now += 3600
    (second,) = post.read()
    assert first["Message-ID"] == second["Message-ID"]


def test_mail_that_a_process_left_behind_leaves_with_the_next(world: World, post: Post) -> None:
    world.account(ADA)
    world.service._context.deliver = lambda: None  # it died before
    asked(world)
    assert len(waiting(world)) == 1
    world.service = post.new_service()
    with refused(2016):
        world.service.create(f"{world.application}/passwordResetTokens", {"email": "eve@example.org"})
    assert token_in(post.only())


def test_mail_with_a_token_that_ended_meanwhile_does_not_leave(world: World, post: Post) -> None:
    account = world.account(ADA)
    post.down = Unreachable
    asked(world)
    post.read()
    world.update(account, email="eve@example.org")
    post.down, world.now = None, world.now + 60
    assert post.read() == []
    assert waiting(world) == []


def test_a_child_process_delivers_its_own_mail(world: World, post: Post) -> None:
    """It has none of its parent's threads, and waits for no lock that one of them held."""
    outbox = world.service._delivery
    with outbox._lock:
        child = os.fork()
        if child == 0:
            os._exit(0 if outbox._lock.acquire(timeout=5) and outbox._thread is None else 1)
    assert os.waitpid(child, 0)[1] == 0


def waiting(world: World) -> list[int]:
    with world.database.read() as connection:
        return list(connection.execute(select(schema.outbox.c.due_at)).scalars())


def test_mail_of_an_embedded_directory_goes_into_a_private_folder_beside_it(tmp_path: Path) -> None:
    service = open_directory(f"sqlite:///{tmp_path}/accounts.db")
    service.bootstrap()
    application = service.list("tenants/current/applications")["items"][0]["href"].removeprefix(f"{service.base_url}/")
    service.create(f"{application}/accounts", {"email": ADA, "password": "Correct-Horse-1"})
    service.create(f"{application}/passwordResetTokens", {"email": ADA})
    service.close()
    folder = tmp_path / "outbox"
    (file,) = folder.iterdir()
    assert file.suffix == ".eml"
    assert [stat.S_IMODE(place.stat().st_mode) for place in (folder, file)] == [0o700, 0o600]
    mail = email.message_from_bytes(file.read_bytes(), policy=policy.default)
    assert (mail["To"], mail["From"]) == (ADA, "Accounts <noreply@localhost>")
    assert b"https://localhost/change?sptoken=ey" in file.read_bytes(), "in one piece, to be clicked"


def test_mail_that_is_dropped_because_nothing_is_set_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    NoMailer(why="mail.url is not set").send(EmailMessage())
    assert "Set STORMPATH_MAIL_URL" in caplog.text
