"""Signing in through a provider: which account belongs to whom the provider has proved, and who is kept out."""

from __future__ import annotations

import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select
from support.elsewhere import CALLBACK, Elsewhere
from support.world import BASE, ON_ONE_ENGINE, PASSWORD, World, link, path, refused

from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.errors import Error, TooManyTries, Unavailable
from stormpath_wsgi.events import Declined, RegistrationStarts, SignedIn, SignInFailed, SignInStarts
from stormpath_wsgi.limits import Visitor, visited

VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
REQUEST = {
    "providerId": "test",
    "redirectUri": CALLBACK,
    "state": "their state",
    "nonce": "their nonce",
    "codeChallenge": CHALLENGE,
}


def begin(world: World, **more: Any) -> str:
    """Where a visitor is sent."""
    answer = world.service.create(f"{world.application}/authorizationRequests", {**REQUEST, **more})
    assert answer.keys() == {"location"}
    return str(answer["location"])


def brought(elsewhere: Elsewhere, location: str, user: str = "ada") -> dict[str, Any]:
    """What the visitor brings back from there, as the site sends it to the directory."""
    back = elsewhere.provider.answer(location, user)
    assert back.startswith(CALLBACK)
    query = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
    assert query.pop("state") == REQUEST["state"]
    told = {"providerId": "test", "redirectUri": CALLBACK, "codeVerifier": VERIFIER, "nonce": "their nonce"}
    return {"providerData": {**told, **query}}


class TestTheWholeWay:
    def test_a_visitor_is_sent_there_and_has_an_account_when_coming_back(
        self, world: World, elsewhere: Elsewhere
    ) -> None:
        location = begin(world)
        assert location.startswith(f"{elsewhere.provider.issuer}/authorize?")
        assert elsewhere.provider.client_secret not in location
        made = elsewhere.create(brought(elsewhere, location))
        assert made["isNewAccount"] is True
        assert path(made["directory"]) == elsewhere.directory
        names = [made[name] for name in ("givenName", "surname", "email", "username", "status")]
        assert names == ["Ada", "Lovelace", "ada@example.org", "ada@example.org", "ENABLED"]
        assert made["emailVerificationStatus"] == "VERIFIED"
        assert made["passwordModifiedAt"] is None
        assert elsewhere.names() == ["Registered", "SignedIn"]
        assert [event.credential for event in elsewhere.told if isinstance(event, SignedIn)] == ["provider"]

    def test_who_comes_back_a_second_time_has_the_same_account(self, world: World, elsewhere: Elsewhere) -> None:
        made = elsewhere.create(brought(elsewhere, begin(world)))
        again = elsewhere.create(brought(elsewhere, begin(world)))
        assert again.pop("isNewAccount") is False
        assert again["href"] == made["href"]
        assert elsewhere.names() == ["Registered", "SignedIn", "SignedIn"]
        assert elsewhere.account("grace") != path(made)
        assert len(world.items(f"{elsewhere.directory}/accounts")) == 2
        assert world.service.list(f"{elsewhere.directory}/accounts")["size"] == 2

    def test_a_code_is_good_once_and_with_its_verifier(self, world: World, elsewhere: Elsewhere) -> None:
        body = brought(elsewhere, begin(world))
        elsewhere.create(body)
        with refused(7200):
            elsewhere.create(body)
        body = brought(elsewhere, begin(world))
        body["providerData"]["codeVerifier"] = "w" * 43
        with refused(7200):
            elsewhere.create(body)
        failed = [event for event in elsewhere.told if isinstance(event, SignInFailed)]
        assert [(event.reason, event.credential) for event in failed] == [("PROVIDER_REFUSED", "provider")] * 2

    def test_what_the_provider_tells_is_kept_and_its_tokens_are_encrypted(
        self, world: World, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        how = {"acr": "urn:mace:incommon:iap:silver", "amr": ["pwd", "otp"]}
        monkeypatch.setattr(elsewhere.provider, "claims", how)
        account = path(elsewhere.create(brought(elsewhere, begin(world))))
        data = world.service.get(f"{account}/providerData")
        assert {name: data["userInfo"][name] for name in how} == how
        assert data.keys() == {
            *("href", "createdAt", "modifiedAt", "providerId", "accessToken", "refreshToken", "userInfo")
        }
        assert data["providerId"] == "test"
        assert data["userInfo"]["email"] == "ada@example.org"
        with world.database.read() as connection:
            (stored,) = connection.execute(
                select(schema.provider_data).where(schema.provider_data.c.id == account.split("/")[1])
            )
        assert data["accessToken"] not in str(stored)
        assert data["refreshToken"] not in str(stored)
        assert (stored.subject, stored.directory_id) == ("ada", elsewhere.directory.split("/")[1])
        token = elsewhere.provider.access_token()
        elsewhere.create({"providerData": {"providerId": "test", "accessToken": token}})
        later = world.service.get(f"{account}/providerData")
        assert later["accessToken"] == token
        assert later["refreshToken"] == data["refreshToken"]  # it is given once

    def test_the_account_is_expanded_as_any_other(self, world: World, elsewhere: Elsewhere) -> None:
        token = elsewhere.provider.access_token()
        body = {"providerData": {"providerId": "test", "accessToken": token}}
        assert elsewhere.create(body, expand="customData,directory")["directory"]["name"] == "Elsewhere"


class TestWhereTheAccountsAre:
    @ON_ONE_ENGINE
    def test_a_provider_has_to_be_mapped(self, world: World, elsewhere: Elsewhere) -> None:
        world.service.delete(elsewhere.mapping)
        with refused(5201):
            elsewhere.arrive()
        with refused(5201):
            begin(world)
        for wrong, code in [({"code": "x"}, 2000), ("google", 2004), ({"providerId": "stormpath"}, 5201)]:
            with refused(code):
                elsewhere.create({"providerData": wrong})
        with refused(2015):
            elsewhere.arrive(at=elsewhere.directory)
        with refused(404):
            elsewhere.arrive(at="applications/unknown")

    @ON_ONE_ENGINE
    @pytest.mark.parametrize(
        ("data", "code"),
        [
            ({}, 2000),
            ({"code": "x", "accessToken": "y"}, 2000),
            ({"code": ["x"]}, 2004),
            ({"code": "x" * 5000}, 2008),
            ({"accessToken": "x" * 20_000}, 2008),
            ({"accessToken": "\0"}, 2005),
            ({"code": "x", "codeVerifier": "short"}, 2007),
            ({"code": "x", "colour": "red"}, 2015),
            ({"code": "x", "accountStore": {"href": f"{BASE}/directories/unknown"}}, 2016),
        ],
    )
    def test_what_is_brought_is_checked_before_the_provider_is_asked(
        self, elsewhere: Elsewhere, data: dict[str, Any], code: int
    ) -> None:
        elsewhere.provider.asked.clear()
        with refused(code):
            elsewhere.create({"providerData": {"providerId": "test", **data}})
        assert elsewhere.provider.asked == []

    @ON_ONE_ENGINE
    def test_an_organization_brings_its_own_provider(self, world: World, elsewhere: Elsewhere) -> None:
        theirs = world.new_directory("Theirs", provider=elsewhere.provider.provider)
        organization = world.new_organization("acme", theirs)
        world.map(organization)
        ours = elsewhere.account()
        by_key = elsewhere.account(accountStore={"nameKey": "acme"})
        assert by_key != ours
        assert elsewhere.account(accountStore=link(organization)) == by_key
        data = {"providerId": "test", "accessToken": elsewhere.provider.access_token()}
        inside = {"providerData": {**data, "accountStore": link(theirs)}}
        assert path(elsewhere.create(inside)) == by_key
        assert begin(world, accountStore=link(organization))
        with refused(5114):
            elsewhere.arrive(accountStore=link(world.new_directory()))
        world.update(organization, status="DISABLED")
        with refused(7107):
            elsewhere.arrive(accountStore=link(organization))
        assert elsewhere.account() == ours

    @ON_ONE_ENGINE
    @pytest.mark.parametrize(("what", "code"), [("directory", 7106), ("application", 7104)])
    def test_nobody_comes_in_where_it_is_closed_and_no_code_is_used_up(
        self, world: World, elsewhere: Elsewhere, what: str, code: int
    ) -> None:
        body = brought(elsewhere, begin(world))
        closed = {"directory": elsewhere.directory, "application": world.application}[what]
        world.update(closed, status="DISABLED")
        with refused(code):
            elsewhere.create(body)
        with refused(code):
            begin(world)
        world.update(closed, status="ENABLED")
        assert elsewhere.create(body)["isNewAccount"]


@ON_ONE_ENGINE
class TestWhoIsKeptOut:
    @pytest.mark.parametrize(("status", "code"), [("DISABLED", 7101), ("UNVERIFIED", 7102), ("LOCKED", 7103)])
    def test_an_account_that_may_not_sign_in_does_not(
        self, world: World, elsewhere: Elsewhere, status: str, code: int
    ) -> None:
        account = elsewhere.account()
        world.update(account, status=status)
        elsewhere.provider.people["ada"]["given_name"] = "Augusta"
        with refused(code):
            elsewhere.arrive()
        failed = [event for event in elsewhere.told if isinstance(event, SignInFailed)]
        assert [event.account for event in failed] == [f"{BASE}/{account}"]
        assert world.service.get(account)["givenName"] == "Ada"

    def test_who_wants_to_be_deleted_and_comes_back_is_kept(self, world: World, elsewhere: Elsewhere) -> None:
        account = elsewhere.account()
        world.service.create(f"{account}/deletions", {"grace": "P7D"})
        data = {"providerId": "test", "accessToken": elsewhere.provider.access_token()}
        with refused(7101):
            elsewhere.create({"providerData": data})
        assert path(elsewhere.create({"providerData": data}, keeps="true")) == account
        assert world.service.get(account)["status"] == "ENABLED"

    def test_an_address_of_another_person_there_lets_nobody_in(self, world: World, elsewhere: Elsewhere) -> None:
        account = elsewhere.account()
        for verified in (True, False):
            impostor = elsewhere.person("eve", email="Ada@example.org", email_verified=verified)
            with refused(2001, "Another account"):
                elsewhere.arrive(impostor)
        assert len(world.items(f"{elsewhere.directory}/accounts")) == 1
        assert elsewhere.account() == account

    @pytest.mark.parametrize("claims", [{}, {"email": "no address"}, {"email": f"{'x' * 250}@example.org"}])
    def test_who_has_no_address_there_gets_no_account(self, elsewhere: Elsewhere, claims: dict[str, Any]) -> None:
        with refused(7201, "e-mail address"):
            elsewhere.arrive(elsewhere.person("nobody", **claims))

    def test_what_an_account_must_have_the_provider_has_to_tell(self, world: World, elsewhere: Elsewhere) -> None:
        fields = world.items(f"{path(world.service.get(elsewhere.directory)['accountSchema'])}/fields")
        surname = next(path(field) for field in fields if field["name"] == "surname")
        world.update(surname, required=True)
        with refused(7201, "surname"):
            elsewhere.arrive("mallory")
        assert elsewhere.arrive("ada")

    def test_the_domain_lists_of_the_directory_hold(self, world: World, elsewhere: Elsewhere) -> None:
        policy = path(world.service.get(elsewhere.directory)["accountCreationPolicy"])
        world.update(policy, emailDomainBlacklist=["example.org"])
        with refused(7205):
            elsewhere.arrive()

    def test_an_address_that_was_not_proved_there_is_not_verified_here(self, elsewhere: Elsewhere) -> None:
        assert elsewhere.arrive("mallory")["emailVerificationStatus"] == "UNVERIFIED"

    def test_nobody_signs_in_with_a_password_to_such_an_account(self, world: World, elsewhere: Elsewhere) -> None:
        elsewhere.account("mallory")  # who says to have ada's address
        with refused(7104):
            world.login("ada@example.org")
        with refused(2016):
            world.service.create(f"{world.application}/passwordResetTokens", {"email": "ada@example.org"})

    def test_its_owner_sets_no_password_and_no_address_here(self, world: World, elsewhere: Elsewhere) -> None:
        account = elsewhere.account()
        with refused(7202, "password"):
            world.update(f"{account}/passwordChange", password=PASSWORD)
        with refused(7202, "email"):
            world.update(f"{account}/emailChange", email="king@example.org")

    def test_an_account_elsewhere_does_not_stand_in_the_way_of_ours(self, world: World, elsewhere: Elsewhere) -> None:
        world.update(elsewhere.mapping, listIndex=0)
        elsewhere.account("mallory")  # who says to have ada's address
        elsewhere.account("grace")  # whose address the provider has proved
        ours = world.account("ada@example.org", at=world.application)
        assert world.login("ada@example.org") == ours
        with refused(2001):
            world.account("grace@example.org", at=world.application)
        invitations = f"{world.application}/invitations"
        with refused(2001):
            world.service.create(invitations, {"email": "grace@example.org"})

    def test_listeners_are_asked_before_anybody_comes_in(self, world: World, elsewhere: Elsewhere) -> None:
        asked: list[Any] = []
        world.service.events.listen(SignInStarts, asked.append)

        def decline(event: RegistrationStarts) -> RegistrationStarts:
            asked.append(event)
            if event.data["given_name"] == "Grace":
                raise Declined("Not you.")
            return replace(event, data={**event.data, "surname": "King", "email": "other@example.org"})

        world.service.events.listen(RegistrationStarts, decline)
        with refused(7110, "Not you."):
            elsewhere.arrive("grace")
        made = elsewhere.arrive()
        assert (made["surname"], made["email"]) == ("King", "ada@example.org")  # the address is the provider's word
        elsewhere.arrive()
        kinds = [type(event) for event in asked]
        assert kinds == [SignInStarts, RegistrationStarts, SignInStarts, RegistrationStarts, SignInStarts]
        assert {event.credential for event in asked if isinstance(event, SignInStarts)} == {"provider"}

    def test_who_tries_in_vain_again_and_again_has_to_wait(self, elsewhere: Elsewhere) -> None:
        mixed_up = {"providerId": "test", "code": "x", "redirectUri": CALLBACK, "iss": "https://other.example"}
        body = {"providerData": mixed_up}
        with visited(Visitor("198.51.100.7")):
            elsewhere.arrive()  # this counts nothing
            codes = [7200]
            while codes[-1] == 7200:
                with pytest.raises(Error) as caught:
                    elsewhere.create(body)
                codes.append(caught.value.code)
            assert codes[-1] == 7111
            with pytest.raises(TooManyTries):
                elsewhere.arrive()
        assert elsewhere.arrive()

    def test_a_provider_that_is_down_is_nobodys_fault(self, elsewhere: Elsewhere) -> None:
        token = elsewhere.provider.access_token()
        with elsewhere.provider.answer_fault("down"), pytest.raises(Unavailable):
            elsewhere.create({"providerData": {"providerId": "test", "accessToken": token}})
        assert elsewhere.names() == []


@ON_ONE_ENGINE
def test_a_directory_with_people_keeps_its_issuer(world: World, elsewhere: Elsewhere) -> None:
    provider = f"{elsewhere.directory}/provider"
    world.update(provider, issuer="https://issuer.example")
    world.update(provider, issuer=elsewhere.provider.issuer)
    account = elsewhere.account()
    with refused(6202, "issuer"):
        world.update(provider, issuer="https://issuer.example")
    world.update(provider, issuer=elsewhere.provider.issuer, clientSecret=elsewhere.provider.client_secret)
    assert elsewhere.account() == account


class TestTwoAtOnce:
    def test_two_requests_of_one_new_person_make_one_account(self, world: World, elsewhere: Elsewhere) -> None:
        with ThreadPoolExecutor(4) as threads:
            found = list(threads.map(lambda _: elsewhere.arrive(), range(4)))
        assert len({account["href"] for account in found}) == 1
        assert [account["isNewAccount"] for account in found].count(True) == 1
        assert world.service.list(f"{elsewhere.directory}/accounts")["size"] == 1
        assert elsewhere.names().count("Registered") == 1

    def test_an_account_made_between_looking_and_making_is_found(self, world: World, elsewhere: Elsewhere) -> None:
        first: list[str] = []

        def overtake(event: RegistrationStarts) -> None:
            if not first:
                first.append("")
                first[0] = elsewhere.account()

        world.service.events.listen(RegistrationStarts, overtake)
        made = elsewhere.arrive()
        assert (path(made), made["isNewAccount"]) == (first[0], False)


@ON_ONE_ENGINE
class TestWhatChangesThere:
    def test_names_and_address_follow_the_provider(self, world: World, elsewhere: Elsewhere) -> None:
        account = elsewhere.account()
        before = world.service.generation()
        elsewhere.account()
        assert world.service.generation() == before  # nothing that a cache holds has changed
        elsewhere.provider.people["ada"] |= {"family_name": "King", "email": "king@example.org"}
        found = elsewhere.arrive()
        assert path(found) == account
        assert [found[name] for name in ("surname", "email", "username")] == ["King", *["king@example.org"] * 2]
        assert found["emailVerificationStatus"] == "VERIFIED"
        assert world.service.generation() != before
        assert elsewhere.names()[-3:] == ["EmailChanged", "AccountUpdated", "SignedIn"]
        elsewhere.provider.people["ada"] |= {"email": "x@example.org", "email_verified": False}
        assert elsewhere.arrive()["emailVerificationStatus"] == "UNVERIFIED"

    def test_an_address_that_another_person_has_is_not_taken_over(self, world: World, elsewhere: Elsewhere) -> None:
        account = elsewhere.account()
        elsewhere.account("grace")
        elsewhere.provider.people["ada"]["email"] = "grace@example.org"
        found = elsewhere.arrive()
        assert (path(found), found["email"]) == (account, "ada@example.org")
        del elsewhere.provider.people["ada"]["email"]
        assert elsewhere.account() == account

    def test_rules_say_what_else_is_copied(self, world: World, elsewhere: Elsewhere) -> None:
        rules = [
            {"name": "nick", "accountAttributes": ["username", "customData.names.nick"]},
            {"name": "address.locality", "accountAttributes": ["customData.town"]},
            {"name": "bad", "accountAttributes": ["surname", "customData.href", "email"]},
            {"name": "missing", "accountAttributes": ["givenName"]},
        ]
        provider = world.service.get(f"{elsewhere.directory}/provider")
        world.update(path(provider["userInfoMappingRules"]), items=rules)
        person = elsewhere.provider.people["ada"]
        person |= {"nick": "countess", "address": {"locality": "London"}, "bad": ["no text"]}
        made = elsewhere.arrive()
        assert (made["username"], made["surname"], made["givenName"]) == ("countess", "Lovelace", "Ada")
        data = world.service.get(f"{path(made)}/customData")
        assert (data["names"], data["town"]) == ({"nick": "countess"}, "London")
        world.update(f"{path(made)}/customData", names={"nick": "countess", "own": "A."}, own=1)
        person |= {"nick": "the:countess", "address": {"locality": "Paris"}}
        assert elsewhere.arrive()["username"] == "countess"  # a colon is in no name
        data = world.service.get(f"{path(made)}/customData")
        assert (data["names"], data["town"], data["own"]) == ({"nick": "the:countess", "own": "A."}, "Paris", 1)

    def test_an_address_by_a_rule_is_not_verified(self, world: World, elsewhere: Elsewhere) -> None:
        provider = world.service.get(f"{elsewhere.directory}/provider")
        rules = [{"name": "upn", "accountAttributes": ["email"]}]
        world.update(path(provider["userInfoMappingRules"]), items=rules)
        elsewhere.provider.people["ada"]["upn"] = "boss@example.org"
        found = elsewhere.arrive()
        assert (found["email"], found["emailVerificationStatus"]) == ("boss@example.org", "UNVERIFIED")

    def test_what_cannot_be_stored_is_left_out(self, world: World, elsewhere: Elsewhere) -> None:
        elsewhere.provider.people["ada"] |= {"given_name": "A\nB", "more": [1, {"a": 2}]}
        made = elsewhere.arrive()
        assert made["givenName"] is None
        info = world.service.get(f"{path(made)}/providerData")["userInfo"]
        assert info["more"] == [1, {"a": 2}]
        elsewhere.provider.people["ada"]["more"] = "x" * 70_000
        elsewhere.arrive()
        assert world.service.get(f"{path(made)}/providerData")["userInfo"] == {}


@ON_ONE_ENGINE
class TestTheGrant:
    def grant(self, world: World, **fields: str) -> dict[str, Any]:
        body = {"grant_type": "stormpath_social", "providerId": "test", **fields}
        return world.service.create(f"{world.application}/oauth/token", body)

    def test_a_token_of_the_provider_is_exchanged_for_ours(self, world: World, elsewhere: Elsewhere) -> None:
        answer = self.grant(world, accessToken=elsewhere.provider.access_token())
        assert answer.keys() >= {"access_token", "refresh_token", "token_type", "expires_in"}
        account = path(world.service.get(path({"href": answer["stormpath_access_token_href"]}))["account"])
        assert elsewhere.account() == account
        assert elsewhere.names()[-3:] == ["Registered", "SignedIn", "SignedIn"]

    def test_a_code_needs_what_it_was_asked_for_with(self, world: World, elsewhere: Elsewhere) -> None:
        code = elsewhere.provider.code(redirect_uri=CALLBACK)
        assert self.grant(world, code=code, redirectUri=CALLBACK)
        with refused(7200):
            self.grant(world, code=code, redirectUri=CALLBACK)

    def test_an_organization_may_be_named(self, world: World, elsewhere: Elsewhere) -> None:
        organization = world.new_organization("acme", elsewhere.directory)
        world.map(organization)
        token = elsewhere.provider.access_token()
        assert self.grant(world, accessToken=token, organizationNameKey="acme")
        with refused(5114):
            self.grant(world, accessToken=token, accountStore=f"{BASE}/{world.new_directory()}")

    @pytest.mark.parametrize(
        ("fields", "code"),
        [({}, 2000), ({"providerId": "google", "code": "x"}, 5201), ({"accessToken": "wrong"}, 7200)],
    )
    def test_what_is_refused_is_a_400(
        self, world: World, elsewhere: Elsewhere, fields: dict[str, str], code: int
    ) -> None:
        with pytest.raises(Error) as caught:
            self.grant(world, **fields)
        assert (caught.value.status, caught.value.code) == (400, code)

    def test_a_disabled_account_gets_no_tokens(self, world: World, elsewhere: Elsewhere) -> None:
        world.update(elsewhere.account(), status="DISABLED")
        with refused(7101):
            self.grant(world, accessToken=elsewhere.provider.access_token())
