"""The modules and names that programs for the SDK import, and that they are the classes of our client."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import stormpath
import stormpath.error
import stormpath.nonce
import stormpath.resources
import stormpath_wsgi.client

ADAPTERS = Path(stormpath.__file__).parent.parent

#: What public programs import, by module.
IMPORTED = {
    "stormpath": ["__version__"],
    "stormpath.api_auth": ["ApiRequestAuthenticator", "JwtAuthenticator", "PasswordGrantAuthenticator"],
    "stormpath.cache.memcached_store": ["MemcachedStore"],
    "stormpath.cache.memory_store": ["MemoryStore"],
    "stormpath.cache.null_cache_store": ["NullCacheStore"],
    "stormpath.cache.redis_store": ["RedisStore"],
    "stormpath.client": ["Client"],
    "stormpath.error": ["Error"],
    "stormpath.nonce": ["Nonce"],
    "stormpath.resources": ["Account", "AuthToken", "Expansion", "Group", "Provider", "Resource"],
    "stormpath.resources.account": ["Account", "AccountList"],
    "stormpath.resources.application": ["Application", "ApplicationList", "StormpathCallbackResult"],
    "stormpath.resources.base": ["CollectionResource", "Expansion", "Resource", "StatusMixin"],
    "stormpath.resources.custom_data": ["CustomData"],
    "stormpath.resources.directory": ["Directory", "DirectoryList"],
    "stormpath.resources.group": ["Group", "GroupList"],
    "stormpath.resources.id_site": ["IDSite"],
    "stormpath.resources.login_attempt": ["AuthenticationResult"],
    "stormpath.resources.provider": ["Provider"],
    "stormpath.saml": ["SamlIdpUrlBuilder"],
}


@pytest.mark.parametrize("module", IMPORTED)
def test_what_programs_import_is_there(module: str) -> None:
    found = importlib.import_module(module)
    assert [name for name in IMPORTED[module] if not hasattr(found, name)] == []


def test_every_module_can_be_imported_and_has_the_names_that_it_lists() -> None:
    for module in pkgutil.walk_packages(stormpath.__path__, "stormpath."):
        found = importlib.import_module(module.name)
        missing = [name for name in getattr(found, "__all__", []) if not hasattr(found, name)]
        assert missing == [], module.name


def test_the_classes_are_those_of_our_client() -> None:
    """So a user of the Flask adapter is an account of the SDK, and an error of ours is one of the SDK."""
    assert stormpath.resources.Account is stormpath_wsgi.client.Account
    assert stormpath.error.Error is stormpath_wsgi.Error


def test_a_nonce_has_a_value_and_an_address() -> None:
    found = stormpath.nonce.Nonce("abc")
    assert (found.value, found.href) == ("abc", "/nonces/abc")


def test_the_constants_of_providers_are_the_documented_ones() -> None:
    provider = stormpath.resources.Provider
    assert [provider.GOOGLE, provider.FACEBOOK, provider.GITHUB, provider.LINKEDIN, provider.SAML] == [
        "google", "facebook", "github", "linkedin", "saml",
    ]  # fmt: skip


def test_it_refuses_to_be_imported_beside_the_placeholder_of_the_index(tmp_path: Path) -> None:
    metadata = tmp_path / "stormpath-0.0.1.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: stormpath\nVersion: 0.0.1\n")
    run = subprocess.run(
        [sys.executable, "-c", "import stormpath"],
        env={"PYTHONPATH": f"{ADAPTERS}:{tmp_path}"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 1
    assert "ImportError: The distribution stormpath 0.0.1 is installed beside stormpath-wsgi-sdk" in run.stderr
    assert "pip uninstall stormpath" in run.stderr


def test_its_own_distribution_is_not_that_of_the_index() -> None:
    project = (ADAPTERS / "stormpath" / "pyproject.toml").read_text(encoding="utf-8")
    assert 'name = "stormpath-wsgi-sdk"' in project
    packages = {
        ".".join(["stormpath", *path.relative_to(ADAPTERS / "stormpath").parts])
        for path in (ADAPTERS / "stormpath").rglob("*")
        if (path / "__init__.py").exists()
    }
    assert all(f'"{package}"' in project for package in packages)
