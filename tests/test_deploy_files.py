"""What an operator copies: the settings in it are known to us."""

from __future__ import annotations

import re
import runpy
from configparser import ConfigParser
from itertools import chain, product
from pathlib import Path

import pytest
import yaml

from stormpath_wsgi import Settings
from stormpath_wsgi.cli.deploy import FILES
from stormpath_wsgi.client.credentials import FILE_VARIABLES, KEY_VARIABLES

ROOT = Path(__file__).parent.parent


def test_every_variable_that_is_written_down_sets_something() -> None:
    """In deploy/, the README and the documentation, but for the pages on old libraries, whose names are others."""
    known = {setting.variable for setting in Settings.describe()} | {*FILE_VARIABLES, *chain(*KEY_VARIABLES)}
    files = {ROOT / "README.rst", *(ROOT / "deploy").glob("*.*"), *(ROOT / "docs").glob("*.rst")}
    files.update((ROOT / "docs/providers").glob("*.rst"))
    of_old = {ROOT / f"docs/{name}.rst" for name in ("clients", "compatibility", "flask", "upgrading")}
    of_flask = {"STORMPATH_ENABLE_GOOGLE", "STORMPATH_SOCIAL"}  # in the examples for it
    pattern = "|".join(known | of_flask).replace("_NAME_", "_[A-Z]+_")
    names = {name for file in files - of_old for name in re.findall(r"\bSTORMPATH_[A-Z0-9_]+", file.read_text())}
    assert [name for name in names if not re.fullmatch(pattern, name)] == []


def test_the_ini_file_holds_settings() -> None:
    file = ConfigParser(interpolation=None)
    file.optionxform = str  # type: ignore[assignment,method-assign]  # as PasteDeploy: names keep their case
    file.read(ROOT / "deploy/paste.ini")
    settings = Settings.read(**{name: text for name, text in file["filter:accounts"].items() if name != "use"})
    assert settings.challenge_on_401
    assert settings.web.register_.auto_login


def test_containers_start_after_the_migration_and_take_visitors_when_they_are_ready() -> None:
    services = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())["services"]
    assert services["migrate"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert services["site"]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert services["proxy"]["depends_on"] == {"site": {"condition": "service_healthy"}}
    settings = Settings.read(web={"ready": {"enabled": services["site"]["environment"]["STORMPATH_WEB_READY_ENABLED"]}})
    assert settings.web.ready.uri in services["site"]["healthcheck"]["test"][-1]
    assert "healthcheck" in services["database"]


def test_every_file_is_printed_by_the_command() -> None:
    assert set(FILES.values()) == {file.name for file in (ROOT / "deploy").iterdir() if file.is_file()} - {
        "__init__.py"
    }


@pytest.mark.parametrize("file", ["forward-auth.traefik.yaml", "forward-auth.envoy.yaml"])
def test_a_proxy_asks_at_the_address_and_hands_on_the_headers_of_the_settings(file: str) -> None:
    text = (ROOT / "deploy" / file).read_text()
    settings = Settings.read().web.forward_auth
    assert yaml.safe_load(text)
    assert settings.uri in text
    for name in settings.headers.names:
        assert text.lower().count(name.lower()) == 2  # once taken from the visitor, once from us


def test_no_proxy_that_asks_us_passes_on_an_underscore_or_a_dot_that_a_server_may_read_as_a_hyphen() -> None:
    texts = {
        name: (ROOT / "deploy" / FILES[f"auth-{name}"]).read_text() for name in ("nginx", "caddy", "traefik", "envoy")
    }
    assert "underscores_in_headers on" not in texts["nginx"]  # nginx drops them by default
    for sign in "_.":
        assert texts["caddy"].index(f"request_header -*{sign}*") < texts["caddy"].index("reverse_proxy @accounts")
    assert "header_up -*_*" in (ROOT / "deploy/Caddyfile").read_text()
    assert "headers_with_underscores_action: DROP_HEADER" in texts["envoy"]
    traefik = yaml.safe_load(texts["traefik"])["http"]
    for router in traefik["routers"].values():
        assert router["middlewares"][0] == "no-word-of-the-visitor"
    told = [f"Remote-{name}" for name in ("User", "Email", "Groups", "Name")]
    told += [f"X-Forwarded-{name}" for name in ("For", "Proto", "Host", "Method", "Uri")]
    spelt = {"".join(spelling) for name in told for spelling in product(*("-_" if c == "-" else c for c in name))}
    taken = traefik["middlewares"]["no-word-of-the-visitor"]["headers"]["customRequestHeaders"]
    dotted = {f"Remote.{name}" for name in ("User", "Email", "Groups", "Name")}
    assert all(f"- remove: {name.lower()}\n" in texts["envoy"] for name in dotted)
    assert dotted | {name for name in spelt if "_" in name} <= {name for name, text in taken.items() if text == ""}


def test_whether_the_site_is_ready_is_no_question_for_strangers() -> None:
    uri = Settings.read().web.ready.uri
    for file, line in {
        "nginx.conf": f"location = {uri} {{",
        "Caddyfile": f"path {uri}\n\t\tnot remote_ip",
        "apache.conf": f'<Location "{uri}">\n        Require local',
    }.items():
        assert line in (ROOT / "deploy" / file).read_text()


@pytest.mark.parametrize(
    ("proxies", "of_gunicorn", "allowed"),
    [
        (None, None, ""),
        ("unix", None, ""),
        ("unix, 10.0.0.5 fd00::/8", None, "10.0.0.5,fd00::/8"),
        ('["127.0.0.1", "10.0.0.0/8"]', None, "127.0.0.1,10.0.0.0/8"),
        ("127.0.0.1", "10.0.0.5", "10.0.0.5"),
        ("127.0.0.1", "", ""),
    ],
)
def test_gunicorn_believes_the_proxies_that_are_named_for_us(
    proxies: str | None, of_gunicorn: str | None, allowed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in {"STORMPATH_PROXIES": proxies, "FORWARDED_ALLOW_IPS": of_gunicorn}.items():
        monkeypatch.delenv(name, raising=False)
        if text is not None:
            monkeypatch.setenv(name, text)
    # Its file, since other tests may have imported the module already.
    configured = runpy.run_path(str(ROOT / "stormpath_wsgi" / "cli" / "gunicorn_conf.py"))
    assert configured["forwarded_allow_ips"] == allowed
