"""For which domain passkeys are made, and what is said of one that no browser takes."""

from __future__ import annotations

import logging
import re
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml

from stormpath_wsgi import ConfigurationError, Settings
from stormpath_wsgi.settings import RelyingParty


def party(tmp_path: Path, passkeys: dict[str, Any] | None = None, **web: Any) -> RelyingParty | None:
    settings = Settings(instance=tmp_path, directory="sqlite://", web=web, passkeys=passkeys or {})
    return settings.relying_party()


@pytest.mark.parametrize(
    ("web", "passkeys", "id", "origins"),
    [
        ({"baseUrl": "https://www.example.com"}, {}, "www.example.com", ("https://www.example.com",)),
        ({"baseUrl": "https://example.com:443"}, {}, "example.com", ("https://example.com",)),
        ({"baseUrl": "https://example.com:8443"}, {}, "example.com", ("https://example.com:8443",)),
        ({"baseUrl": "http://localhost:8000"}, {}, "localhost", ("http://localhost:8000",)),
        (
            {"baseUrl": "https://www.example.com"},
            {"rpId": "example.com"},
            "example.com",
            ("https://www.example.com",),
        ),
        (
            {"baseUrl": "http://10.0.0.7"},
            {"rpId": "example.com", "origins": ["https://a.example.com", "https://b.example.com/"]},
            "example.com",
            ("https://a.example.com", "https://b.example.com"),
        ),
        (
            {"baseUrl": "https://www.example.com", "domainName": "example.com", "multiTenancy": {"enabled": True}},
            {},
            "example.com",
            ("https://www.example.com",),
        ),
    ],
)
def test_the_domain_follows_from_the_address_of_the_site(
    tmp_path: Path, web: dict[str, Any], passkeys: dict[str, Any], id: str, origins: tuple[str, ...]
) -> None:
    assert party(tmp_path, passkeys, **web) == RelyingParty(id, origins)


def test_without_an_address_there_are_passkeys_at_localhost_only(tmp_path: Path) -> None:
    found = party(tmp_path)
    assert found is not None
    assert (found.id, found.guessed) == ("localhost", True)


@pytest.mark.parametrize(
    ("base", "words"),
    [
        ("http://www.example.com", "over https only"),
        ("https://192.0.2.7", "for names only"),
        ("https://[2001:db8::1]:8443", "for names only"),
        ("https://intranet", "no domain such as example.com"),
    ],
)
def test_a_site_that_no_browser_makes_passkeys_for_has_none(
    tmp_path: Path, base: str, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        assert party(tmp_path, baseUrl=base) is None
    assert words in caplog.text
    with pytest.raises(ConfigurationError, match=words):
        party(tmp_path, {"enabled": True}, baseUrl=base)


def test_a_domain_that_the_site_is_not_below_is_a_mistake(tmp_path: Path) -> None:
    for other in ("example.net", "ww.example.com", "shop.www.example.com", "xample.com"):
        with pytest.raises(ConfigurationError, match=r"set passkeys\.rpId to www\.example\.com"):
            party(tmp_path, {"rpId": other}, baseUrl="https://www.example.com")
    with pytest.raises(ConfigurationError, match=r"neither example\.com nor below it"):
        party(tmp_path, {"rpId": "example.com", "origins": ["https://example.com", "https://badexample.com"]})


def test_they_can_be_taken_away(tmp_path: Path) -> None:
    assert party(tmp_path, {"enabled": False}, baseUrl="https://example.com") is None
    assert party(tmp_path, {"enabled": False, "rpId": "example.net"}, baseUrl="https://example.com") is None


@pytest.mark.parametrize("origin", ["example.com", "ftp://example.com", "https://example.com/path", "https://"])
def test_an_origin_is_an_address_without_a_path(origin: str) -> None:
    with pytest.raises(ValueError, match="without a path"):
        Settings(passkeys={"origins": [origin]})


def test_the_documentation_says_what_is_so(tmp_path: Path) -> None:
    """Its files of settings, one after the other, and the complaint in docs/passkeys.rst."""
    text = (Path(__file__).parents[1] / "docs" / "passkeys.rst").read_text(encoding="utf-8")
    blocks = re.findall(r"code-block:: (yaml|text)\n\n((?: {4}.*\n|\n)+)", text)
    files = [yaml.safe_load(textwrap.dedent(block)) for kind, block in blocks if kind == "yaml"]
    settings = Settings(
        instance=tmp_path, directory="sqlite://", **{name: file[name] for file in files for name in file}
    )
    origins = ("https://www.example.com", "https://shop.example.com")
    assert settings.relying_party() == RelyingParty("example.com", origins)
    with pytest.raises(ConfigurationError) as caught:
        party(tmp_path, {"rpId": "example.net"}, baseUrl="https://www.example.com")
    assert [" ".join(block.split()) for kind, block in blocks if kind == "text"] == [str(caught.value)]
