"""Warnings: mails about what a stranger may have done, and the button with which an account is secured."""

from __future__ import annotations

from contextlib import suppress

import pyotp
import pytest
from support.post import Post, text, token_in
from support.world import PASSWORD, World, link, path, refused

from stormpath_wsgi.directory.mail.purposes import MANY_FAILURES, WARNINGS
from stormpath_wsgi.directory.rules.mails import notices
from stormpath_wsgi.errors import Error
from stormpath_wsgi.events import AccountSecured, AfterEvent, FactorAdded, FactorRemoved, WaitBegan
from stormpath_wsgi.limits import Visitor, visited

ADA, NEW = "ada@example.org", "Another-Horse-2"
HOUR, DAY = 3600, 86_400
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def post(world: World) -> Post:
    return Post(world)


def sign_in(world: World, account: str, agent: str | None = FIREFOX) -> str:
    """A session that begins in a browser which is new to the account: its id."""
    body = {"application": link(world.application), "agent": agent}
    made = world.service.create(f"{account}/sessions", body, {"newBrowser": "true"})
    return str(made["href"]).rpartition("/")[2]


def subjects(post: Post) -> list[str]:
    return [mail["Subject"] for mail in post.read()]


class TestTheButton:
    def test_ends_every_session_once_and_what_could_begin_another(self, world: World, post: Post) -> None:
        account = world.account(ADA)
        told: list[AfterEvent] = []
        world.service.events.listen(AccountSecured, told.append)
        sessions = [world.session(account), sign_in(world, account)]
        mail = post.only()
        token = f"accounts/noticeTokens/{token_in(mail)}"
        assert mail["To"] == ADA and "Firefox on Linux" in text(mail) and "This was not me" not in mail["Subject"]
        world.service.create(f"{world.application}/passwordResetTokens", {"email": ADA})
        reset = f"{world.application}/passwordResetTokens/{token_in(post.only())}"
        for _ in range(2):  # mail servers open links
            assert world.service.get(token)["account"] == link(account)
        assert all(map(world.is_good, sessions)) and told == []
        remembered = world.service.get(f"{account}/secondFactor")["version"]
        assert world.update(token) == link(account)
        assert not any(map(world.is_good, sessions))
        assert world.service.get(f"{account}/secondFactor")["version"] != remembered  # no browser is trusted any more
        assert [event.account for event in told] == [link(account)["href"]]
        for dead in (token, reset):
            with refused(404):
                world.service.get(dead)
        with refused(404):
            world.update(token)

    def test_works_for_a_week(self, world: World, post: Post) -> None:
        account = world.account(ADA)
        world.session(account)
        sign_in(world, account)
        token = f"accounts/noticeTokens/{token_in(post.only())}"
        world.now += 7 * DAY - 1
        assert world.service.get(token)["notice"] == "newBrowser"
        world.now += 1
        with refused(404):
            world.service.get(token)

    def test_needs_a_token_of_a_notice_of_this_tenant(self, world: World, post: Post) -> None:
        account = world.account(ADA)
        world.session(account)
        sign_in(world, account)
        token = token_in(post.only())
        world.service.create(f"{world.application}/passwordResetTokens", {"email": ADA})
        with refused(404):
            world.update(f"accounts/noticeTokens/{token_in(post.only())}")
        with refused(404):
            world.service.get(f"{world.application}/passwordResetTokens/{token}")
        with refused(404):
            world.other_tenant().get(f"accounts/noticeTokens/{token}")


class TestANewBrowser:
    def test_is_no_news_at_the_first_sign_in_of_a_new_account(self, world: World, post: Post) -> None:
        account = world.account(ADA)
        sign_in(world, account)
        assert post.read() == []
        sign_in(world, account)
        assert subjects(post) == ["A new sign-in to My Application"]

    def test_is_told_to_an_account_that_has_not_signed_in_for_long(self, world: World, post: Post) -> None:
        account = world.account(ADA)
        world.now += DAY
        sign_in(world, account, agent=None)
        assert "new to it: A browser." in text(post.only())

    def test_is_told_five_times_an_hour_at_most(self, world: World, post: Post) -> None:
        account = world.account(ADA)
        for _ in range(8):
            sign_in(world, account)
        assert len(post.read()) == 5
        world.now += HOUR
        sign_in(world, account)
        assert len(post.read()) == 1


class TestGuessing:
    def guess(self, world: World, login: str, times: int = 21) -> None:
        """Wrong passwords from as many addresses: the limit of the account holds the last ones up."""
        for number in range(times):
            with visited(Visitor(f"198.51.100.{number}")), suppress(Error):
                world.login(login, "wrong")

    def test_is_told_once_a_day_and_to_nobody_for_a_name_without_an_account(self, world: World, post: Post) -> None:
        world.account(ADA)
        self.guess(world, ADA)
        self.guess(world, "bob@example.org")
        mail = post.only()
        assert (mail["To"], mail["Subject"]) == (ADA, "Many wrong tries at your My Application account")
        assert "This was not me" in text(mail, "html")
        world.now += HOUR
        self.guess(world, ADA)
        assert post.read() == []
        world.now += DAY
        self.guess(world, ADA)
        assert len(post.read()) == 1

    def test_of_an_account_that_is_gone_meanwhile_is_told_to_nobody(self, world: World, post: Post) -> None:
        account = world.account(ADA)
        world.service.delete(account)
        began = WaitBegan(account=link(account)["href"], limit="account", seconds=1)
        world.service._delivery.warn(began)
        assert post.read() == []

    def test_by_a_few_is_not_told(self, world: World, post: Post) -> None:
        world.account(ADA)
        self.guess(world, ADA, 5)
        assert post.read() == []


class TestAChange:
    def test_of_the_password_is_told_however_it_was_made(self, world: World, post: Post) -> None:
        account = world.account(ADA)
        world.update(account, password=NEW)
        world.update(f"{account}/passwordChange", password=PASSWORD)
        policy = world.directory.replace("directories", "passwordPolicies")
        world.update(policy, resetSuccessEmailStatus="DISABLED")
        world.service.create(f"{world.application}/passwordResetTokens", {"email": ADA})
        *changes, reset = post.read()
        world.update(f"{world.application}/passwordResetTokens/{token_in(reset)}", password=NEW)
        for mail in (*changes, post.only()):
            assert mail["Subject"] == "Your password for My Application was changed"
            world.service.get(f"accounts/noticeTokens/{token_in(mail)}")
        assert len(changes) == 2

    def test_of_the_address_is_told_to_the_one_before_if_it_was_verified(self, world: World, post: Post) -> None:
        account = world.account(ADA)
        world.update(account, email="ada@example.com")
        assert post.read() == []  # the address may be that of somebody who has no account
        world.update(account, emailVerificationStatus="VERIFIED")
        world.update(account, email="ada@example.net")
        mail = post.only()
        assert mail["To"] == "ada@example.com" and "ada@example.net" in text(mail)
        assert "sptoken" not in text(mail)  # whoever may change accounts over the REST API may mean it
        assert "ask whoever runs My Application at once" in text(mail)

    def test_is_told_ten_times_an_hour_at_most(self, sqlite_world: World) -> None:
        post, account = Post(sqlite_world), sqlite_world.account(ADA)
        for number in range(12):
            sqlite_world.update(account, password=f"Another-Horse-{number}")
        assert len(post.read()) == 10


class TestAWayToProveWhoOneIs:
    def test_that_is_added_removed_or_used_up_is_told(self, world: World, post: Post) -> None:
        account = world.account(ADA)
        factor = world.service.create(f"{account}/factors", {"type": "google-authenticator"})
        assert post.read() == []  # nobody has proved it yet
        code = pyotp.TOTP(factor["secret"]).at(int(world.now))
        world.service.create(f"{path(factor)}/challenges", {"code": code})
        codes = world.update(f"{account}/secondFactor", newRecoveryCodes=True)["codes"]
        world.update(f"{account}/secondFactor", recoveryCode=codes[0])
        world.service.delete(path(factor))
        added, made, used, removed = post.read()
        assert [mail["Subject"] for mail in (added, made, used, removed)] == [
            "A new way to prove that it is you at My Application",
            "New recovery codes for My Application",
            "A recovery code for My Application was used",
            "A way to prove that it is you at My Application is gone",
        ]
        assert "9 codes are left." in text(used)
        for mail in (added, made, used, removed):
            world.service.get(f"accounts/noticeTokens/{token_in(mail)}")

    def test_is_told_when_it_is_out_of_use_and_in_use_again(self, world: World) -> None:
        sent: list[str] = []
        world.send_sms = lambda number, text: sent.append(text)
        account = world.account(ADA)
        made = world.service.create(f"{account}/factors", {"type": "SMS", "phone": {"number": "+12015550123"}})
        factor, phone = path(made), path(made["phone"])
        for status in ("DISABLED", "ENABLED"):
            world.update(factor, status=status)  # nobody has proved it yet
        challenge = world.service.create(f"{factor}/challenges", {"message": "${code}"})
        world.update(path(challenge), code=sent[0])
        world.service._delivery.close()  # it has mailed that the factor is new
        post, events = Post(world), list[AfterEvent]()
        for kind in (FactorAdded, FactorRemoved):
            world.service.events.listen(kind, events.append)
        world.update(factor, status="DISABLED")
        world.update(factor, status="ENABLED")
        world.update(phone, status="DISABLED")
        world.service.delete(phone)  # its factors go with it, and count no more already
        gone, added = "A way to prove that it is you at %s is gone", "A new way to prove that it is you at %s"
        assert subjects(post) == [subject % "My Application" for subject in (gone, added, gone)]
        assert [type(event) for event in events] == [FactorRemoved, FactorAdded, FactorRemoved]
        assert {event.account for event in events} == {link(account)["href"]}


class TestAnApiKey:
    def test_that_is_new_or_no_longer_good_is_told(self, world: World, post: Post) -> None:
        account = world.account(ADA)
        key = world.service.create(f"{account}/apiKeys", {"name": "robot"})
        nameless = world.service.create(f"{account}/apiKeys", {}, {"notify": "false"})
        world.update(path(key), description="at night")
        world.update(path(key), status="DISABLED")
        world.update(path(key), status="ENABLED")
        world.service.delete(path(nameless))
        world.service.delete(path(key))
        mails = post.read()
        made, gone = "A new API key for My Application", "An API key for My Application is gone"
        assert [mail["Subject"] for mail in mails] == [made, gone, made, gone, gone]
        assert ["“robot”" in text(mail) for mail in mails] == [True, True, True, False, True]
        assert nameless["id"] in text(mails[3])
        for mail in mails:
            world.service.get(f"accounts/noticeTokens/{token_in(mail)}")

    def test_of_the_tenants_owner_is_told_to_nobody(self, world: World, post: Post) -> None:
        id, _ = world.service.issue_api_key()
        owner = path(world.service.get(f"apiKeys/{id}")["account"])
        world.service.delete(path(world.service.create(f"{owner}/apiKeys", {})))
        assert post.read() == []


@pytest.mark.parametrize(
    "setting",
    [{"newBrowser": False}, {"password": False}, {"email": False}, {"failures": False}, {"apiKey": False}],
    ids=str,
)
def test_a_setting_switches_each_notice_off(sqlite_world: World, setting: dict[str, bool]) -> None:
    post = Post(sqlite_world, notices=setting)
    account = sqlite_world.account(ADA)
    sqlite_world.update(account, emailVerificationStatus="VERIFIED")
    sqlite_world.session(account)
    sign_in(sqlite_world, account)
    sqlite_world.update(account, password=NEW)
    TestGuessing().guess(sqlite_world, ADA)
    sqlite_world.update(account, email="ada@example.com")
    sqlite_world.service.create(f"{account}/apiKeys", {})
    assert len(post.read()) == 4


def test_what_is_no_warning_cannot_be_told_as_one(sqlite_world: World) -> None:
    account = sqlite_world.account(ADA).partition("/")[2]
    with sqlite_world.service._context.write() as work, pytest.raises(ValueError, match="no warning"):
        notices.warn(work, "invitation", account)
    assert MANY_FAILURES in WARNINGS
