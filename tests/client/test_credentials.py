"""Where an API key is looked for, in the documented order, and how a key file is read."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from stormpath_wsgi.client.credentials import KeyPair, NoKeyPair, find_key_pair, read_key_file
from stormpath_wsgi.errors import ConfigurationError


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def key_file(path: Path, id: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"apiKey.id = {id}\napiKey.secret = s\n")
    path.chmod(0o600)
    return path


def test_the_sources_count_in_the_documented_order(home: Path) -> None:
    key_file(home / ".stormpath" / "apiKey.properties", "home")
    environ = {
        "HOME": str(home),
        "STORMPATH_API_KEY_FILE": str(key_file(home / "environment.properties", "environment-file")),
        "STORMPATH_API_KEY_ID": "environment",
        "STORMPATH_API_KEY_SECRET": "s",
    }
    given: dict[str, Any] = {
        "api_key_file_location": key_file(home / "given.properties", "file"),
        "api_key": {"id": "dictionary", "secret": "s"},
        "id": "pair",
        "secret": "s",
        "api_key_id": "long-pair",
        "api_key_secret": "s",
    }
    found = []
    for names in (["api_key_file_location"], ["api_key"], ["id", "secret"], ["api_key_id", "api_key_secret"]):
        found.append(find_key_pair(given, environ).id)
        for name in names:
            del given[name]
    for names in (["STORMPATH_API_KEY_FILE"], ["STORMPATH_API_KEY_ID", "STORMPATH_API_KEY_SECRET"], ["HOME"]):
        found.append(find_key_pair(given, environ).id)
        for name in names:
            del environ[name]
    assert found == ["file", "dictionary", "pair", "long-pair", "environment-file", "environment", "home"]
    with pytest.raises(ValueError, match="No valid authentication sources found"):
        find_key_pair(given, environ)


@pytest.mark.parametrize(
    "given",
    [
        {"id": "MyId", "secret": "Shush!"},
        {"api_key": {"id": "MyId", "secret": "Shush!"}},
        {"api_key": {"api_key_id": "MyId", "api_key_secret": "Shush!"}},
        {"api_key_id": "MyId", "api_key_secret": "Shush!"},
    ],
)
def test_a_key_may_be_given_in_every_documented_way(given: dict[str, Any]) -> None:
    assert find_key_pair(given, {}) == KeyPair("MyId", "Shush!")


def test_the_variables_of_the_framework_specification_count_too(home: Path) -> None:
    environ = {"STORMPATH_CLIENT_APIKEY_ID": "MyId", "STORMPATH_CLIENT_APIKEY_SECRET": "Shush!"}
    assert find_key_pair({}, environ).id == "MyId"
    environ["STORMPATH_CLIENT_APIKEY_FILE"] = str(key_file(home / "key", "file"))
    assert find_key_pair({}, environ).id == "file"


@pytest.mark.parametrize("given", [{"id": "MyId"}, {"secret": "Shush!"}, {"api_key": {"id": "MyId"}}])
def test_half_a_key_is_no_reason_to_use_another(given: dict[str, Any], home: Path) -> None:
    key_file(home / ".stormpath" / "apiKey.properties", "home")
    with pytest.raises(NoKeyPair, match="halves"):
        find_key_pair(given, {"HOME": str(home)})


def test_a_named_file_that_cannot_be_read_is_named_and_no_other_key_is_used(home: Path) -> None:
    missing = home / "missing.properties"
    with pytest.raises(ConfigurationError, match=r"missing\.properties cannot be read: No such file"):
        find_key_pair({"api_key_file": missing, "id": "MyId", "secret": "Shush!"}, {})


@pytest.mark.parametrize(
    "text",
    [
        "apiKey.id=MyId\napiKey.secret=Sh/u+sh\n",
        "# a comment\n! another\n\n  apiKey.id :  MyId  \r\napiKey.secret\tSh/u+sh",
        "other = 1\napiKey.id = MyId\napiKey.secret = Sh\\/u\\+sh\n",
        "\ufeffapiKey.id = MyId\r\napiKey.secret = Sh/u+sh\r\n",
    ],
)
def test_a_key_file_is_a_properties_file(home: Path, text: str) -> None:
    path = key_file(home / "key", "x")
    path.write_bytes(text.encode())
    assert read_key_file(path) == KeyPair("MyId", "Sh/u+sh")


def test_the_names_in_a_key_file_may_be_others(home: Path) -> None:
    (path := key_file(home / "key", "x")).write_text("my.id = MyId\nmy.secret = Shush!\n")
    names = {"api_key_id_property_name": "my.id", "api_key_secret_property_name": "my.secret"}
    assert find_key_pair({"api_key_file_location": str(path), **names}, {}).id == "MyId"


def test_a_file_without_a_key_says_which_lines_are_missing(home: Path) -> None:
    (path := key_file(home / "key", "x")).write_text("apiKey.id = MyId\n")
    with pytest.raises(ConfigurationError, match=r"apiKey\.secret = …") as refused:
        read_key_file(path)
    assert "MyId" not in str(refused.value)


def test_a_file_that_others_may_read_is_reported(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    (path := key_file(home / "key", "MyId")).chmod(0o644)
    with caplog.at_level(logging.WARNING):
        read_key_file(path)
    assert f"chmod 600 {path}" in caplog.text


@pytest.mark.parametrize(
    "pair", [("My:Id", "Shush!"), ("My/Id", "Shush!"), ("MyId", "Shush!\r\nX: y"), ("MyId", "Größe"), (" ", "Shush!")]
)
def test_what_would_break_a_header_is_refused_and_not_repeated(pair: tuple[str, str]) -> None:
    with pytest.raises(NoKeyPair) as refused:
        KeyPair(*pair)
    assert pair[1].strip() not in str(refused.value)


def test_the_secret_does_not_print() -> None:
    assert repr(KeyPair("MyId", "Shush!")) == "KeyPair(id='MyId')"
