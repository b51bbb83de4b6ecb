"""The page for who comes from the framework specification: it leaves out no setting, and what it says of them holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.specification import DEFAULTS

from stormpath_wsgi import ConfigurationError, Settings

PAGE = (Path(__file__).parents[1] / "docs" / "framework_specification.rst").read_text(encoding="utf-8")
NAMED = set(re.findall(r"``([\w.*]+)``", PAGE))
OURS = {entry.name for entry in Settings.inspect().effective} | {entry.name for entry in Settings.describe()}


def test_there_are_as_many_settings_as_in_the_specification() -> None:
    assert len(DEFAULTS) == 143 + 14  # of the framework, and of its SDKs


@pytest.mark.parametrize("key", DEFAULTS)
def test_each_setting_of_the_specification_is_one_of_ours_or_named_on_the_page(key: str) -> None:
    parts = key.split(".")
    families = {".".join(parts[:count]) + ".*" for count in range(1, len(parts))}
    assert key in OURS or NAMED & {key, *families}


def test_its_defaults_are_ours_but_for_those_that_the_page_tells() -> None:
    ours = {entry.name: entry.value for entry in Settings.inspect(password_hasher=None).effective}
    other = {key for key, default in DEFAULTS.items() if key in ours and ours[key] != default}
    assert other == {"client.baseUrl", "client.connectionTimeout", "web.oauth2.password.validationStrategy"}
    assert other <= NAMED


REFUSED = [
    "client.proxy.host",
    "client.cacheManager.enabled", "web.multiTenancy.organizationResolver", "web.preLoginHandler",
    "web.preRegistrationHandler", "templateContext", "website", "api", "expand", "skipRemoteConfig",
    "cacheOptions.ttl",
]  # fmt: skip


@pytest.mark.parametrize("key", REFUSED)
def test_what_the_page_calls_refused_is_refused(key: str) -> None:
    with pytest.raises(ConfigurationError, match=r"there is no such setting|write names with their values"):
        Settings.read(**{key: "x"})
