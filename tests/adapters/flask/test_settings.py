"""The settings of a Flask app, and what becomes of each."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any, ClassVar

import pytest
from flask import Flask, url_for

from flask_stormpath import StormpathManager, check_settings, init_settings
from flask_stormpath.errors import ConfigurationError
from flask_stormpath.settings import DOCUMENTED
from stormpath_wsgi import Settings


@pytest.fixture
def refusal(bare_app: Any) -> Any:
    """What a manager says to settings that will not do."""

    def refuse(**config: Any) -> str:
        with pytest.raises(ConfigurationError) as refused:
            StormpathManager(bare_app(**config))
        return str(refused.value)

    return refuse


@pytest.fixture
def settings_of(make_app: Any) -> Any:
    def find(**config: Any) -> Settings:
        settings = make_app(**config).extensions["stormpath"].settings
        assert isinstance(settings, Settings)
        return settings

    return find


def fields_of(settings: Settings) -> dict[str, bool]:
    fields = settings.web.register_.form.fields
    return {name: field.required is not False for name, field in fields.items() if field.enabled}


def test_defaults_are_filled_in_and_nothing_is_overwritten() -> None:
    config: dict[str, Any] = {"STORMPATH_LOGIN_URL": "/sign-in"}
    init_settings(config)
    assert config["STORMPATH_LOGIN_URL"] == "/sign-in"
    assert config["STORMPATH_ENABLE_FACEBOOK"] is False
    assert config["STORMPATH_ENABLE_GIVEN_NAME"] is True


def test_the_documented_defaults_are_those_of_the_pages(settings_of: Any) -> None:
    settings = settings_of()
    assert (settings.web.login.uri, settings.web.register_.uri, settings.web.logout.uri) == (
        "/login", "/register", "/logout",
    )  # fmt: skip
    assert settings.web.register_.auto_login
    assert fields_of(settings) == {
        "givenName": True, "middleName": False, "surname": True, "email": True, "password": True,
    }  # fmt: skip
    assert settings.web.login.form.fields["login"].label == "Email"


@pytest.mark.parametrize(
    ("config", "place", "value"),
    [
        ({"STORMPATH_LOGIN_URL": "/in"}, "login.uri", "/in"),
        ({"STORMPATH_LOGOUT_URL": "/out"}, "logout.uri", "/out"),
        ({"STORMPATH_REGISTRATION_URL": "/new"}, "register_.uri", "/new"),
        ({"STORMPATH_ENABLE_LOGIN": False}, "login.enabled", False),
        ({"STORMPATH_ENABLE_LOGOUT": False}, "logout.enabled", False),
        ({"STORMPATH_ENABLE_REGISTRATION": False}, "register_.enabled", False),
        ({"STORMPATH_REDIRECT_URL": "/desk"}, "login.next_uri", "/desk"),
        ({"STORMPATH_REDIRECT_URL": "/desk"}, "register_.next_uri", "/desk"),
        ({"STORMPATH_REDIRECT_URL": "/desk"}, "logout.next_uri", "/"),
        (
            {"STORMPATH_REDIRECT_URL": "/desk", "STORMPATH_REGISTRATION_REDIRECT_URL": "/hi"},
            "register_.next_uri",
            "/hi",
        ),
        ({"STORMPATH_REDIRECT_URL": "/desk", "STORMPATH_REGISTRATION_REDIRECT_URL": "/hi"}, "login.next_uri", "/desk"),
    ],
)
def test_pages_are_where_the_settings_say(settings_of: Any, config: dict[str, Any], place: str, value: Any) -> None:
    found: Any = settings_of(**config).web
    for name in place.split("."):
        found = getattr(found, name)
    assert found == value


def test_fields_of_the_register_page_are_switched_by_name(settings_of: Any) -> None:
    settings = settings_of(
        STORMPATH_ENABLE_GIVEN_NAME=False,
        STORMPATH_ENABLE_USERNAME=True,
        STORMPATH_REQUIRE_USERNAME=False,
        STORMPATH_REQUIRE_MIDDLE_NAME=True,
    )
    assert fields_of(settings) == {
        "username": False, "middleName": True, "surname": True, "email": True, "password": True,
    }  # fmt: skip
    assert settings.web.login.form.fields["login"].label == "Username or Email"


def test_a_cookie_lasts_as_long_as_the_settings_say(settings_of: Any) -> None:
    settings = settings_of(STORMPATH_COOKIE_DURATION=dt.timedelta(days=14), STORMPATH_COOKIE_DOMAIN="example.com")
    assert settings.session.idle == settings.session.absolute == dt.timedelta(days=14)
    assert settings.session.cookie_domain == "example.com"


def test_an_application_is_named_by_name_or_href(make_app: Any) -> None:
    first = make_app("first", STORMPATH_APPLICATION="My Application").extensions["stormpath"]
    found = {"STORMPATH_APPLICATION_HREF": first.application.href, "STORMPATH_DIRECTORY": first.settings.directory}
    assert make_app("second", **found).extensions["stormpath"].application == first.application


def test_what_the_app_leaves_alone_other_sources_decide(settings_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORMPATH_WEB_LOGIN_URI", "/sign-in")
    monkeypatch.setenv("STORMPATH_WEB_LOGOUT_URI", "/sign-out")
    web = settings_of(STORMPATH_LOGOUT_URL="/bye").web
    assert (web.login.uri, web.logout.uri) == ("/sign-in", "/bye")


def test_apps_do_not_share_what_is_filled_in() -> None:
    one: dict[str, Any] = {}
    other: dict[str, Any] = {}
    init_settings(one)
    one["STORMPATH_SOCIAL"]["GOOGLE"] = {}
    init_settings(other)
    assert other["STORMPATH_SOCIAL"] == {}


def test_our_own_settings_have_the_names_of_their_environment_variables(settings_of: Any) -> None:
    settings = settings_of(
        STORMPATH_BASE_URL="https://id.example.com/v1",
        STORMPATH_SESSION_COOKIE_SECURE=True,
        STORMPATH_SESSION_IDLE=dt.timedelta(hours=1),
        STORMPATH_PROTECT={"/members": "login"},
        STORMPATH_WEB_ME_ENABLED=False,
    )
    assert settings.base_url == "https://id.example.com/v1"
    assert settings.session.cookie_secure
    assert settings.session.idle == dt.timedelta(hours=1)
    assert settings.protect == {"/members": "login"}
    assert not settings.web.me.enabled


def test_every_setting_of_ours_can_be_given() -> None:
    for setting in Settings.describe():
        check_settings({"SECRET_KEY": "x", setting.variable: None})


COLOUR = {"colour": {"label": "Colour", "required": False}, "middleName": {"label": "Second Name"}}


@pytest.mark.parametrize(
    "config",
    [
        {"STORMPATH_WEB_REGISTER_FORM_FIELDS": COLOUR},
        {"STORMPATH_WEB_REGISTER_FORM_FIELDS": json.dumps(COLOUR)},
        {
            "STORMPATH_WEB_REGISTER_FORM_FIELDS_COLOUR_LABEL": "Colour",
            "STORMPATH_WEB_REGISTER_FORM_FIELDS_COLOUR_REQUIRED": False,
            "STORMPATH_WEB_REGISTER_FORM_FIELDS_MIDDLE_NAME_LABEL": "Second Name",
        },
    ],
    ids=["mapping", "text", "one by one"],
)
def test_a_field_of_ones_own_is_asked_for_and_stored(make_app: Any, config: dict[str, Any]) -> None:
    app: Flask = make_app(**config)
    fields = app.extensions["stormpath"].settings.web.register_.form.fields
    assert (fields["middleName"].label, fields["middleName"].required) == ("Second Name", False)
    ada = {"givenName": "Ada", "surname": "Lovelace", "email": "ada@example.com", "password": "Analytical Engine 1843"}
    visitor = app.test_client()
    assert "Colour" in visitor.get("/register", headers={"Accept": "text/html"}).text
    assert visitor.post("/register", json={**ada, "colour": "blue"}).status_code == 200
    [account] = app.extensions["stormpath"].application.accounts
    assert account.custom_data["colour"] == "blue"


def test_the_environment_has_them_too(settings_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORMPATH_WEB_REGISTER_FORM_FIELDS", json.dumps(COLOUR))
    monkeypatch.setenv("STORMPATH_PROTECT", '{"/members": "login"}')
    settings = settings_of(STORMPATH_PROTECT={"/desk": ["admins"]})
    assert "colour" in settings.web.register_.form.fields
    assert settings.protect == {"/members": "login", "/desk": ["admins"]}


OLD, NEW = "an old key that is long enough for us", b"a new key, and it may be bytes as well"


def keys_of(settings: Settings) -> list[str]:
    return [key.get_secret_value() for key in settings.secret_keys]


def test_the_session_key_is_derived_and_so_are_its_predecessors(settings_of: Any) -> None:
    [old] = keys_of(settings_of(SECRET_KEY=OLD))
    new = keys_of(settings_of(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=[OLD], name="blog"))
    assert len(new) == 2
    assert new[1] == old
    assert re.fullmatch("[0-9a-f]{64}", new[0])


@pytest.mark.parametrize("key", ["dev", b"dev", "this is 31 characters long, no?", "xxxxxxxxxxxxxxxxxxxxx"])
def test_a_short_key_signs_nothing_of_ours(make_app: Any, key: str | bytes) -> None:
    """It was hashed before its length was looked at. Whoever guessed it could have made himself a session."""
    with pytest.warns(UserWarning, match=r"SECRET_KEY is shorter than 32 characters.*stormpath-wsgi secret"):
        app = make_app(SECRET_KEY=key, SECRET_KEY_FALLBACKS=[OLD])
    generated = Path(app.instance_path, "secret_keys").read_text().split()
    assert keys_of(app.extensions["stormpath"].settings) == generated
    assert len(generated) == 1


def test_a_short_predecessor_verifies_nothing_of_ours(settings_of: Any) -> None:
    with pytest.warns(UserWarning, match="A key in SECRET_KEY_FALLBACKS is shorter than 32 characters"):
        settings = settings_of(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=["dev", OLD])
    assert len(settings.secret_keys) == 2


@pytest.mark.parametrize("directory", ["postgresql+psycopg://localhost/accounts", "https://id.example.org/v1"])
def test_a_short_key_is_refused_where_machines_share_the_keys(refusal: Any, directory: str) -> None:
    said = refusal(SECRET_KEY="xxxxxxxxxxxxxxxxxxxxx", STORMPATH_DIRECTORY=directory)
    assert "SECRET_KEY is shorter than 32 characters" in said
    assert "stormpath-wsgi secret" in said


def test_the_length_of_flasks_key_does_not_matter_beside_keys_of_our_own(settings_of: Any) -> None:
    assert keys_of(settings_of(SECRET_KEY="dev", STORMPATH_SECRET_KEYS=["k" * 40])) == ["k" * 40]


def test_no_document_shows_a_key_that_can_be_pasted() -> None:
    """What stands in a document ends up on a site."""
    root = Path(__file__).parents[3]
    shown = re.compile(r"""SECRET_?KEYS?["'\]]*\s*(?:=|:)\s*["'\[(b]*(?!\$|sqlite)[\w-]{3,}""", re.IGNORECASE)
    documents = [root / "README.rst", *(root / "docs").rglob("*.rst"), *(root / "examples").rglob("*.py")]
    documents += [path for path in (root / "deploy").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert [found[0] for path in documents for found in shown.finditer(path.read_text(encoding="utf-8"))] == []


def test_keys_that_are_given_are_used_as_they_are(settings_of: Any) -> None:
    keys = ["k" * 40]
    assert keys_of(settings_of(STORMPATH_SECRET_KEYS=keys)) == keys


def test_keys_of_the_environment_are_used_as_they_are(settings_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORMPATH_SECRETKEYS", "e" * 40)
    assert keys_of(settings_of()) == ["e" * 40]


def test_accounts_are_kept_in_the_instance_folder(make_app: Any) -> None:
    app = make_app()
    assert app.extensions["stormpath"].settings.directory == f"sqlite:///{app.instance_path}/accounts.db"


def test_accounts_are_kept_where_the_settings_say(settings_of: Any) -> None:
    assert settings_of(STORMPATH_DIRECTORY="sqlite://").directory == "sqlite://"


@pytest.mark.parametrize("given", [{}, {"STORMPATH_API_KEY_ID": "x", "STORMPATH_API_KEY_SECRET": "y"},
                                   {"STORMPATH_API_KEY_FILE": "/no/such/apiKey.properties"}])  # fmt: skip
def test_an_embedded_directory_asks_for_no_credentials(settings_of: Any, given: dict[str, str]) -> None:
    assert settings_of(**given)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"STORMPATH_COOKIE_DOMAIN": 1}, "STORMPATH_COOKIE_DOMAIN must be a string."),
        ({"STORMPATH_COOKIE_DURATION": 1}, "STORMPATH_COOKIE_DURATION must be a timedelta object."),
        ({"STORMPATH_ENABLE_GOOGLE": True}, "You must define your Google app settings."),
        ({"STORMPATH_ENABLE_FACEBOOK": True, "STORMPATH_SOCIAL": {"FACEBOOK": {"app_id": "x"}}},
         "You must define your Facebook app settings."),
        ({"STORMPATH_ENABLE_FORGOT_PASSWORD": "maybe"}, "STORMPATH_ENABLE_FORGOT_PASSWORD"),
        ({"STORMPATH_LOGIN_URI": "/in"}, "did you mean STORMPATH_LOGIN_URL?"),
        ({"STORMPATH_SESSION_IDEL": 1}, "did you mean STORMPATH_SESSION_IDLE?"),
        ({"STORMPATH_SECRET_KEY": "x" * 40}, "did you mean STORMPATH_SECRETKEYS?"),
        ({"STORMPATH_LOGIN_URL": "login"}, "STORMPATH_LOGIN_URL"),
        ({"STORMPATH_ENABLE_EMAIL": False}, "STORMPATH_ENABLE_EMAIL"),
        ({"STORMPATH_APPLICATION": "Elsewhere", "STORMPATH_DIRECTORY": "nowhere"}, "sqlite:///"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_the_start(refusal: Any, config: dict[str, Any], said: str) -> None:
    assert said in refusal(**config)


def test_forgotten_passwords_are_for_the_app_unless_it_wants_our_pages(settings_of: Any) -> None:
    web = settings_of().web
    assert (web.forgot_password.enabled, web.change_password.enabled) == (False, False)
    web = settings_of(name="other", STORMPATH_ENABLE_FORGOT_PASSWORD=True, STORMPATH_FORGOT_PASSWORD_URL="/lost").web
    assert (web.forgot_password.enabled, web.forgot_password.uri) == (True, "/lost")
    assert (web.change_password.enabled, web.change_password.uri) == (True, "/forgot/change")


def test_the_pages_for_forgotten_passwords_have_their_endpoints(make_app: Any) -> None:
    app = make_app(STORMPATH_ENABLE_FORGOT_PASSWORD=True)
    with app.test_request_context():
        assert [url_for(f"stormpath.{name}") for name in ("forgot", "change", "verify")] == [
            "/forgot", "/forgot/change", "/verify"
        ]  # fmt: skip
    page = app.test_client().get("/forgot", headers={"Accept": "text/html"})
    assert (page.status_code, "Reset your password" in page.text) == (200, True)


@pytest.mark.parametrize("name", ["STORMPATH_TEST_USER", "STORMPATH_APP_NAME", "STORMPATH_GROUP"])
def test_a_name_of_the_apps_own_is_accepted_with_a_warning(bare_app: Any, name: str) -> None:
    app: Flask = bare_app(STORMPATH_DIRECTORY="sqlite://", **{name: "x"})
    with pytest.warns(UserWarning, match=f"{name} is no setting of ours"):
        StormpathManager(app)
    app.extensions["stormpath"].client.close()


def test_names_that_are_not_given_may_be_stored_as_before(make_app: Any) -> None:
    app: Flask = make_app(
        STORMPATH_ANONYMOUS_NAME="Anonymous", STORMPATH_REQUIRE_GIVEN_NAME=False, STORMPATH_REQUIRE_SURNAME=False
    )
    ada = {"email": "ada@example.com", "password": "Analytical Engine 1843", "surname": "Lovelace"}
    assert app.test_client().post("/register", json=ada).status_code == 200
    [account] = app.extensions["stormpath"].application.accounts
    assert (account.given_name, account.surname) == ("Anonymous", "Lovelace")


def test_fields_that_are_switched_off_may_be_taken_as_before(make_app: Any) -> None:
    app: Flask = make_app(STORMPATH_ACCEPT_DISABLED_FIELDS=True, STORMPATH_ENABLE_MIDDLE_NAME=False)
    ada = {"email": "ada@example.com", "password": "Analytical Engine 1843", "given_name": "Ada", "surname": "Lovelace"}
    visitor = app.test_client()
    assert 'name="username"' not in visitor.get("/register").text
    assert visitor.post("/register", json={**ada, "username": "ada", "middle_name": "King"}).status_code == 200
    [account] = app.extensions["stormpath"].application.accounts
    assert (account.username, account.middle_name) == ("ada", "King")


def test_a_duration_asks_nobody_who_wants_to_stay(make_app: Any, register: Any, sign_in: Any) -> None:
    app: Flask = make_app(STORMPATH_COOKIE_DURATION=dt.timedelta(days=14))
    register(app)
    visitor = app.test_client()
    assert "Keep me signed in" not in visitor.get("/login").text
    sign_in(visitor)
    cookie = visitor.get_cookie("stormpath_session")
    assert cookie
    assert cookie.max_age == 14 * 24 * 3600


def test_where_mails_go_is_told_while_nobody_has_said_it(make_app: Any, caplog: pytest.LogCaptureFixture) -> None:
    app: Flask = make_app(STORMPATH_ENABLE_FORGOT_PASSWORD=True)
    assert f"written into the folder {app.instance_path}/outbox, and leave this machine once" in caplog.text
    caplog.clear()
    make_app("quiet", STORMPATH_ENABLE_FORGOT_PASSWORD=True, STORMPATH_MAIL_URL="null:")
    make_app("without", STORMPATH_ENABLE_FORGOT_PASSWORD=False)
    assert "STORMPATH_MAIL_URL" not in caplog.text


class TestLateSettings:
    """Those that Flask-Stormpath read with each request may change after the manager was made; others are told."""

    ADA: ClassVar = {"email": "ada@example.com", "password": "Analytical Engine 1843"}

    def test_the_secret_key_may_come_before_the_first_request(
        self, make_app: Any, register: Any, sign_in: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        app: Flask = make_app(SECRET_KEY=None)
        assert "SECRET_KEY of the app 'shop' is not set yet" in caplog.text
        register(app)
        with pytest.raises(ConfigurationError, match="SECRET_KEY is not set, and Flask has no session without it"):
            app.test_client().get("/")
        app.secret_key = "late"
        visitor = app.test_client()
        assert sign_in(visitor) == 200
        assert visitor.get("/").text == "Hello ada@example.com"

    def test_fields_and_targets_count_from_the_next_request_on(self, make_app: Any) -> None:
        app: Flask = make_app()
        visitor = app.test_client()
        assert visitor.post("/register", json=self.ADA).status_code == 400
        app.config.update(STORMPATH_ENABLE_GIVEN_NAME=False, STORMPATH_REQUIRE_SURNAME=False)
        app.config.update(STORMPATH_REDIRECT_URL="/desk", STORMPATH_REGISTRATION_REDIRECT_URL="/hi")
        assert 'name="givenName"' not in visitor.get("/register").text
        app.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
        assert visitor.post("/register", data=self.ADA).location == "/hi"
        assert visitor.post("/login", data={"login": self.ADA["email"], **self.ADA}).location == "/desk"

    def test_others_are_told_of(self, make_app: Any, caplog: pytest.LogCaptureFixture) -> None:
        app: Flask = make_app()
        app.config.update(STORMPATH_LOGIN_URL="/in", STORMPATH_SESSION_IDLE=60, STORMPATH_REDIRECT_URL="/desk")
        app.test_client().get("/")
        told = [
            record.getMessage() for record in caplog.records if "has no effect: set it before" in record.getMessage()
        ]
        assert [each.partition(" ")[0] for each in told] == ["STORMPATH_LOGIN_URL", "STORMPATH_SESSION_IDLE"]


def test_a_provider_that_is_set_up_is_accepted_by_the_check_alone() -> None:
    google = {"client_id": "x", "client_secret": "y"}
    check_settings({"SECRET_KEY": "x", "STORMPATH_ENABLE_GOOGLE": True, "STORMPATH_SOCIAL": {"GOOGLE": google}})


def test_an_application_that_is_not_there_is_said_at_the_start(make_app: Any, refusal: Any) -> None:
    """It was an IndexError at the first login (fault 32 of the old family)."""
    directory = make_app().extensions["stormpath"].settings.directory
    assert "Shop" in refusal(name="other", STORMPATH_DIRECTORY=directory, STORMPATH_APPLICATION="Shop")


@pytest.mark.parametrize("name", sorted(name for name, documented in DOCUMENTED.items() if documented.instead))
def test_what_has_no_effect_any_more_is_accepted_with_a_warning(bare_app: Any, name: str) -> None:
    app: Flask = bare_app(**{name: "changed"})
    with pytest.warns(UserWarning, match=f"{name} has no effect"):
        StormpathManager(app)
    app.extensions["stormpath"].client.close()


def test_a_secret_key_is_not_shown(refusal: Any) -> None:
    assert "hush" not in refusal(SECRET_KEY="hush", STORMPATH_SECRET_KEYS=["hush hush"])
