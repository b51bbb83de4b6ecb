"""The documented ways of the SDK, on a directory in this process."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from support import cheap

from stormpath.api_auth import (
    ApiRequestAuthenticator,
    JwtAuthenticator,
    PasswordGrantAuthenticator,
    RefreshGrantAuthenticator,
    StormpathSocialGrantAuthenticator,
    StormpathTokenGrantAuthenticator,
)
from stormpath.cache.null_cache_store import NullCacheStore
from stormpath.client import Client
from stormpath.error import Error as StormpathError
from stormpath.resources import Account, Directory, Provider
from stormpath.resources.application import Application
from stormpath.saml import SamlIdpUrlBuilder
from stormpath_wsgi import jwt
from stormpath_wsgi.client import Client as OurClient
from stormpath_wsgi.testing import OpenIDProvider

from .conftest import PASSWORD

ADDRESS = "https://id.example.com/v1"


def test_a_client_is_opened_by_the_documented_arguments_in_their_order() -> None:
    client = Client(ADDRESS, {"store": NullCacheStore}, None, None, "shop/1.0", None, id="ID", secret="SECRET")
    assert (client.BASE_URL, client.auth.id if client.auth else None) == (ADDRESS, "ID")


def test_an_old_program_is_told_where_the_directory_is_by_an_environment_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STORMPATH_CLIENT_BASEURL", ADDRESS)
    assert Client(api_key={"id": "ID", "secret": "SECRET"}).BASE_URL == ADDRESS


def test_without_an_address_it_is_told_what_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STORMPATH_CLIENT_BASEURL", raising=False)
    with pytest.raises(Exception, match=r"base_url='https://id.example.com/v1'"):
        Client(id="ID", secret="SECRET")


def test_without_an_api_key_it_is_the_documented_value_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(ValueError, match="No valid authentication sources found"):
        Client(ADDRESS)


def test_an_unknown_argument_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="colour"):
        Client(ADDRESS, id="ID", secret="SECRET", colour="blue")


def test_a_data_store_can_be_given_instead_of_an_address(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORMPATH_CLIENT_BASEURL", ADDRESS)
    assert Client(data_store=client.data_store).BASE_URL == client.BASE_URL


@pytest.mark.parametrize(("login", "password", "code"), [("ada@example.org", "wrong", 7100), ("eve", "wrong", 7104)])
def test_what_a_directory_refuses_is_the_error_of_the_sdk(
    application: Application, ada: Account, login: str, password: str, code: int
) -> None:
    with pytest.raises(StormpathError) as caught:
        application.authenticate_account(login, password)
    error = caught.value
    assert (error.status, error.code, error.user_message) == (400, code, "Invalid username or password.")
    assert str(error) == error.message == error.developer_message
    assert error.more_info == f"urn:stormpath:error:{code}"
    assert error.request_id is None or isinstance(error.request_id, str)


def test_an_attribute_that_cannot_be_written_is_an_attribute_error(ada: Account) -> None:
    with pytest.raises(AttributeError, match="Attribute 'created_at' of Account is not writable"):
        ada.created_at = "now"  # type: ignore[assignment]
    with pytest.raises(AttributeError):
        ada.nobody  # type: ignore[attr-defined]  # noqa: B018  (reading it is what is tested)


def test_a_collection_is_searched_sorted_and_cut_as_documented(application: Application) -> None:
    for name in ("Byron", "Lovelace", "Babbage"):
        application.accounts.create(
            {"email": f"{name}@example.org", "password": PASSWORD, "given_name": "A", "surname": name}
        )
    found = application.accounts.query(given_name="A").order("surname desc")
    assert [account.surname for account in found] == ["Lovelace", "Byron", "Babbage"]
    assert [account.surname for account in found[1:]] == ["Byron", "Babbage"]
    assert [account.surname for account in application.accounts.search({"surname": "b*"})] == ["Byron", "Babbage"]
    assert len(application.accounts.search("love")) == 1


def test_groups_are_named_by_object_href_name_and_search(ada: Account, directory: Directory) -> None:
    admins = directory.groups.create({"name": "admins"})
    ada.add_group("admins")
    for reference in (admins, admins.href, "admins", {"name": "adm*"}):
        assert ada.has_group(reference)
    with pytest.raises(ValueError, match="Invalid Group name specified"):
        ada.add_group("nobody")
    with pytest.raises(TypeError, match=r"Unsupported type\. Group object, href, name, or search query required"):
        ada.add_group(1)  # type: ignore[arg-type]
    ada.remove_group("admins")
    with pytest.raises(StormpathError, match="This user is not part of Group admins"):
        ada.remove_group("admins")


def test_tokens_come_as_objects_with_their_text(application: Application, ada: Account) -> None:
    result = PasswordGrantAuthenticator(application).authenticate("ada@example.org", PASSWORD)
    assert result is not None and result.refresh_token is not None
    checked = JwtAuthenticator(application).authenticate(result.access_token.token)
    assert checked is not None and (checked.account, checked.jwt) == (ada, result.access_token)
    assert checked.application == application
    assert json.loads(result.access_token.to_json())["token_type"] == "Bearer"
    again = RefreshGrantAuthenticator(application).authenticate(result.refresh_token)
    assert again is not None and again.access_token.token != result.access_token.token


def test_an_account_of_a_provider_is_refused_where_no_directory_of_it_is_mapped(application: Application) -> None:
    with pytest.raises(StormpathError) as caught:
        application.get_provider_account(Provider.GOOGLE, access_token="of-google")
    assert caught.value.code == 5201


def test_a_link_in_a_mail_is_read_and_set_at_its_template(directory: Directory) -> None:
    (template,) = directory.password_policy.reset_email_templates
    template.set_link_base_url("https://shop.example.com/reset")
    template.save()
    template.refresh()
    assert template.get_link_base_url() == "https://shop.example.com/reset"
    (without,) = directory.password_policy.reset_success_email_templates
    assert without.get_link_base_url() is None


class TestAnotherSite:
    """Visitors who sign in on the pages of another site."""

    def test_is_asked_with_what_the_application_says_signed(self, application: Application) -> None:
        key = _key(application)
        address = application.build_id_site_redirect_url(
            "https://shop.example.com/back", state="cart", path="/#/register"
        )
        claims = jwt.read(parse_qs(urlsplit(address).query)["jwtRequest"][0], lambda _: key[1]).claims
        assert urlsplit(address).path == "/sso"
        assert {name: claims[name] for name in ("iss", "sub", "cb_uri", "state", "path", "sof")} == {
            "iss": key[0], "sub": application.href, "cb_uri": "https://shop.example.com/back", "state": "cart",
            "path": "/#/register", "sof": False,
        }  # fmt: skip
        assert "onk" not in claims and "usd" not in claims
        logout = application.build_id_site_redirect_url("https://shop.example.com/back", logout=True)
        assert urlsplit(logout).path == "/sso/logout"

    def test_of_saml_is_asked_with_the_account_store_and_the_organization(
        self, client: Client, application: Application, directory: Directory
    ) -> None:
        organization = client.organizations.create({"name": "Acme", "name_key": "acme"})
        address = application.build_saml_idp_redirect_url(
            "https://shop.example.com/back", "https://id.example.com/saml", account_store=directory,
            organization=organization,
        )  # fmt: skip
        read = jwt.read(parse_qs(urlsplit(address).query)["accessToken"][0], lambda _: _key(application)[1])
        assert (read.claims["ash"], read.claims["onk"]) == (directory.href, "acme")
        assert read.header["kid"] == _key(application)[0]
        with pytest.raises(NotImplementedError):
            application.build_saml_idp_redirect_url("https://shop.example.com", "https://id.example.com", logout=True)

    def test_of_saml_is_built_from_options(self, application: Application) -> None:
        address = SamlIdpUrlBuilder(application).build({"cb_uri": "https://shop.example.com/back", "onk": "acme"})
        assert urlsplit(address).path.endswith("/saml/sso/idpRedirect")

    def test_brings_a_visitor_back_once(self, application: Application, ada: Account) -> None:
        address = _back(application, sub=ada.href, isNewSub=True, state="cart", status="REGISTERED")
        result = application.handle_stormpath_callback(address)
        assert result is not None and result.account == ada and result.account.is_new_account
        assert (result.state, result.status) == ("cart", "REGISTERED")
        with pytest.raises(ValueError, match="JWT has already been used"):
            application.handle_stormpath_callback(address)

    def test_cannot_bring_an_account_of_another_application(self, client: Client, ada: Account) -> None:
        other = client.applications.create({"name": "Other"})
        result = other.handle_stormpath_callback(_back(other, sub=ada.href, irt="another"))
        assert result is not None and result.account is None

    @pytest.mark.parametrize(
        "wrong",
        [{"aud": "somebody"}, {"exp": 1}, {"iat": 32503680000}, {"irt": None}, {"aud": None}, {"exp": "soon"}],
    )
    def test_is_not_believed_with_claims_that_are_wrong(
        self, application: Application, ada: Account, wrong: dict[str, object]
    ) -> None:
        assert application.handle_stormpath_callback(_back(application, sub=ada.href, **wrong)) is None

    @pytest.mark.parametrize(
        "address", ["", "back", "https://shop.example.com/?jwtResponse=no", "/?jwtResponse=a.b.c&jwtResponse=a.b.c"]
    )
    def test_is_not_believed_without_a_token(self, application: Application, address: str) -> None:
        assert application.handle_stormpath_callback(address) is None

    def test_is_not_believed_with_a_signature_of_somebody_else(self, application: Application, ada: Account) -> None:
        forged = jwt.write(
            {}, {"sub": ada.href, "aud": _key(application)[0], "exp": time.time() + 60, "irt": "a"}, "x" * 40
        )
        assert application.handle_stormpath_callback(f"/?jwtResponse={forged}") is None

    def test_tells_of_an_error(self, application: Application) -> None:
        told = {"code": 12001, "status": 400, "message": "Too late.", "developerMessage": "The session is over."}
        for error in (told, json.dumps(told)):
            with pytest.raises(StormpathError) as caught:
                application.handle_stormpath_callback(_back(application, aud=None, irt=None, err=error))
            assert (caught.value.code, str(caught.value)) == (12001, "The session is over.")


def _key(application: Application) -> tuple[str, str]:
    """The id and secret with which a directory in this process signs."""
    pair = JwtAuthenticator(application).key_pair()
    return pair.id, pair.secret


def _back(application: Application, **claims: object) -> str:
    """The address that a visitor comes back to. Claims that are None are left out."""
    id, secret = _key(application)
    said = {
        "aud": id,
        "exp": int(time.time()) + 60,
        "iat": int(time.time()),
        "irt": "question",
        "state": None,
        **claims,
    }
    token = jwt.write({}, {name: value for name, value in said.items() if value is not None}, secret)
    return f"https://shop.example.com/back?jwtResponse={token}"


def test_an_embedded_directory_can_be_opened_by_its_database(tmp_path: Path) -> None:
    with Client(base_url=f"sqlite:///{tmp_path}/accounts.db", options=cheap.options()) as client:
        assert isinstance(client, OurClient)
        assert [application.name for application in client.applications] == ["My Application"]


def test_header_values_may_be_bytes_as_some_frameworks_have_them(application: Application, ada: Account) -> None:
    key = ada.api_keys.create()
    basic = b"Basic " + base64.b64encode(f"{key.id}:{key.secret}".encode())
    result = ApiRequestAuthenticator(application).authenticate({"Authorization": basic})
    assert result is not None and result.account == ada


def test_the_grant_of_a_social_provider_takes_one_proof_that_has_to_be_good(
    client: Client, application: Application
) -> None:
    authenticator = StormpathSocialGrantAuthenticator(application)
    with pytest.raises(StormpathError, match="No Directory with that providerId"):
        authenticator.authenticate(Provider.GOOGLE, code="of-google")
    with OpenIDProvider() as started:
        names = ("provider_id", "issuer", "client_id", "client_secret")
        provider = dict(zip(names, started.provider.values(), strict=True))
        elsewhere = client.directories.create({"name": "Elsewhere", "provider": provider})
        client.account_store_mappings.create({"application": application, "account_store": elsewhere})
        assert authenticator.authenticate("test", code="of-nobody") is None
        result = authenticator.authenticate("test", access_token=started.access_token())
        assert result is not None and result.account.email == "ada@example.org"
        account = application.get_provider_account("test", access_token=started.access_token())
        assert (account, account.is_new_account) == (result.account, False)
    both: tuple[dict[str, str], ...] = ({}, {"code": "one", "access_token": "two"})
    for proofs in both:
        with pytest.raises(TypeError, match="either a code or an access_token"):
            authenticator.authenticate(Provider.GOOGLE, **proofs)


def test_the_organization_of_an_assertion_comes_before_its_account_store(application: Application) -> None:
    assert StormpathTokenGrantAuthenticator(application).authenticate("garbage", "acme", None, None) is None
    with pytest.raises(TypeError, match="organizationNameKey"):
        StormpathTokenGrantAuthenticator(application).authenticate("garbage", 1)  # type: ignore[arg-type]


def test_an_organization_stands_for_its_name_key(client: Client, application: Application) -> None:
    organization = client.organizations.create({"name": "Acme", "name_key": "acme"})
    states = application.saml_policy.service_provider.default_relay_states
    assert states.create({"organization": organization}).default_relay_state


def test_the_account_stores_of_an_organization_have_their_documented_name(client: Client, directory: Directory) -> None:
    organization = client.organizations.create({"name": "Acme", "name_key": "acme"})
    client.organization_account_store_mappings.create({"organization": organization, "account_store": directory})
    (mapping,) = organization.organization_account_store_mappings
    assert mapping.account_store == directory


def test_a_reset_token_tells_the_text_that_sets_a_new_password(application: Application, ada: Account) -> None:
    token = application.password_reset_tokens.create({"email": "ada@example.org"}).token
    assert application.verify_password_reset_token(token) == ada
    application.reset_account_password(token, "Difference Engine 1822")
    assert application.authenticate_account("ada@example.org", "Difference Engine 1822").account == ada
