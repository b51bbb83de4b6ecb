"""Where a library is missing that only some sites need, the site says so at its start, or does without."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.authenticator import new_passkey
from support.browsing import Visit, make_site

from stormpath_wsgi import Client, ConfigurationError, Settings
from stormpath_wsgi.directory.crypto import totp
from stormpath_wsgi.extras import PASSKEYS, POSTGRESQL, QR, REDIS, REMOTE, SOCIAL, YAML


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Calls it with the name of a module that nobody can import from then on."""
    return lambda name: monkeypatch.setitem(sys.modules, name, None)


def test_what_is_installed_is_found() -> None:
    extras = (PASSKEYS, POSTGRESQL, QR, REDIS, REMOTE, SOCIAL, YAML)
    assert [extra.is_installed() for extra in extras] == [True] * len(extras)


def test_a_directory_on_another_machine_says_what_to_install(missing: Any) -> None:
    missing("requests")
    with pytest.raises(ConfigurationError, match="another machine needs requests; install it with: pip install"):
        Client("https://id.example.com/v1", id="key", secret="hush")


def test_a_site_hears_of_a_missing_library_before_it_hears_of_missing_keys(folder: Path, missing: Any) -> None:
    missing("requests")
    with pytest.raises(ConfigurationError, match="pip install requests"):
        make_site(directory="https://id.example.com/v1", secret_keys=[])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    yield tmp_path


def test_settings_in_yaml_say_what_to_install(folder: Path, missing: Any) -> None:
    missing("yaml")
    (folder / "stormpath.yaml").write_text("session: {idle: 60}\n")
    with pytest.raises(ConfigurationError, match=r"stormpath\.yaml: YAML needs PyYAML; .* or write stormpath\.json"):
        Settings.load()


def test_settings_in_json_need_no_yaml(folder: Path, missing: Any) -> None:
    missing("yaml")
    (folder / "stormpath.json").write_text('{"session": {"idle": 60}}')
    assert Settings.load().session.idle.total_seconds() == 60


class TestPasskeys:
    def test_there_are_none_where_nothing_asks_for_them(self, folder: Path, missing: Any) -> None:
        missing("webauthn")
        assert Settings(instance=folder, directory="sqlite://").relying_party() is None

    @pytest.mark.parametrize("passkeys", [{"enabled": True}, {"rpId": "localhost"}])
    def test_settings_that_ask_for_them_say_what_to_install(
        self, folder: Path, missing: Any, passkeys: dict[str, Any]
    ) -> None:
        missing("webauthn")
        with pytest.raises(ConfigurationError, match="passkeys: Passkeys need webauthn; install it with: pip install"):
            Settings(instance=folder, directory="sqlite://", passkeys=passkeys).relying_party()

    def test_a_site_whose_directory_is_elsewhere_needs_no_library(self, folder: Path, missing: Any) -> None:
        missing("webauthn")
        web = {"baseUrl": "https://www.example.com"}
        assert Settings(instance=folder, directory="https://id.example.com/v1", web=web).relying_party() is not None

    def test_a_directory_whose_accounts_have_some_is_not_opened_without_it(self, folder: Path, missing: Any) -> None:
        """So it is not a visitor who finds out after a site was moved."""
        url = f"sqlite:///{folder / 'accounts.db'}"
        with closing((site := make_site(directory=url)).client) as client:
            account = Visit(site=site).account("ada@example.org")
            client.data_store.create(f"{account.href}/passkeys", new_passkey())
        missing("webauthn")
        with pytest.raises(
            ConfigurationError, match=r"Accounts of this directory have passkeys\. Passkeys need webauthn"
        ):
            make_site(directory=url)

    def test_a_directory_without_any_is_opened_as_before_and_takes_none(self, missing: Any) -> None:
        missing("webauthn")
        with closing((site := make_site()).client) as client:
            account = Visit(site=site).account("ada@example.org")
            with pytest.raises(ConfigurationError, match="pip install webauthn"):
                client.data_store.create(f"{account.href}/passkeys", new_passkey())


class TestQrCodes:
    def test_people_type_the_key_where_there_is_none(self, missing: Any) -> None:
        missing("segno")
        with closing((site := make_site()).client):
            visit = Visit(site=site)
            visit.account("ada@example.org")
            visit.sign_in("ada@example.org")
            begun = next(form for form in visit.get("/account").forms.values() if _does(form, "begin-app")).submit()
            adding = next(form for form in begun.forms.values() if _does(form, "add-app"))
            shown = begun.html.find(id="new-app-panel")
            assert "Type this key into your app:" in shown.text
            assert "Scan this" not in shown.text
            adding["code"] = totp.code_at(shown.find("code").text.replace(" ", ""), int(time.time()))
            assert "Authenticator app" in adding.submit()

    def test_the_directory_answers_without_a_picture(self, missing: Any) -> None:
        uri = totp.key_uri(totp.new_secret(), "ada", None)
        assert totp.qr_image(uri)
        missing("segno")
        assert totp.qr_image(uri) is None


def _does(form: Any, action: str) -> bool:
    return "action" in form.fields and form["action"].value == action
