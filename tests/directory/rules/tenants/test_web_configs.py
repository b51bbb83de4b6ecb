"""The web configuration of an application, and the one ID Site of a tenant: stored, and echoed as they were sent."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from support.world import ON_ONE_ENGINE, World, link, part, refused

from stormpath_wsgi.directory.storage import schema

ON, OFF = {"enabled": True}, {"enabled": False}


@pytest.fixture
def config(world: World) -> str:
    return part(world.service.get(world.application), "webConfig")


@pytest.fixture
def id_site(world: World) -> str:
    return str(world.only(f"{world.tenant}/idSites")["href"]).removeprefix(f"{world.service.base_url}/")


def test_an_application_has_a_web_configuration(world: World, config: str) -> None:
    whole = world.service.get(config)
    assert [whole[name] for name in ("oauth2", "register", "login")] == [ON] * 3
    assert [whole[name] for name in ("verifyEmail", "forgotPassword", "changePassword")] == [OFF] * 3
    assert whole["me"]["enabled"] is True
    assert len(whole["me"]["expand"]) == 8
    assert not any(whole["me"]["expand"].values())
    assert (whole["status"], whole["signingApiKey"]) == ("ENABLED", None)
    assert (whole["application"], whole["tenant"]) == (link(world.application), link(world.tenant))
    assert whole["domainName"] == f"{whole['dnsLabel']}.apps.id.example.org"


def test_what_is_not_sent_stays(world: World, config: str) -> None:
    world.update(config, login=OFF, verifyEmail=ON, me={"expand": {"groups": "true"}})
    whole = world.update(config, me={"enabled": False, "expand": {"tenant": True}})
    assert (whole["login"], whole["verifyEmail"], whole["register"]) == (OFF, ON, ON)
    assert whole["me"]["enabled"] is False
    assert {name for name, is_on in whole["me"]["expand"].items() if is_on} == {"groups", "tenant"}
    assert world.service.update(config, whole)["me"] == whole["me"]


def test_a_label_is_one_applications_and_free_when_that_goes(world: World, config: str) -> None:
    world.update(config, dnsLabel="New-Label")
    assert world.service.get(config)["domainName"] == "new-label.apps.id.example.org"
    other = part(world.service.get(world.new_application()), "webConfig")
    with refused(2001, "dnsLabel"):
        world.update(other, dnsLabel="new-label")
    world.service.delete(world.application)
    assert world.update(other, dnsLabel="new-label")["dnsLabel"] == "new-label"


@ON_ONE_ENGINE
@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"dnsLabel": "no dots."}, 2006),
        ({"dnsLabel": "x" * 64}, 2008),
        ({"dnsLabel": None}, 2000),
        ({"login": {"enabled": None}}, 2000),
        ({"login": {"colour": 1}}, 2015),
        ({"login": True}, 2004),
        ({"me": {"expand": {"groups": "perhaps"}}}, 2004),
        ({"domainName": "example.org"}, 2002),
    ],
)
def test_a_web_configuration_has_limits(world: World, config: str, change: dict[str, Any], code: int) -> None:
    before = world.service.get(config)
    with refused(code):
        world.service.update(config, change)
    assert world.service.get(config) == before


def test_a_tenant_has_one_id_site(world: World, id_site: str) -> None:
    whole = world.service.get(id_site, "tenant")
    assert whole["tenant"]["key"] == "stormpath"
    assert (whole["tlsPrivateKey"], whole["authorizedOriginUris"], whole["sessionTti"]) == ("", [], "PT5M")
    sent = {
        "domainName": "id.example.org",
        "tlsPublicCert": "hi",
        "tlsPrivateKey": "our private key",
        "gitRepoUrl": "https://git.example.org/site.git",
        "gitBranch": "main",
        "authorizedOriginUris": ["https://a.example.org"],
        "authorizedRedirectUris": ["https://b.example.org"],
        "logoUrl": "https://a.example.org/logo.png",
        "sessionTti": "P1D",
        "sessionTtl": "PT24H",
        "sessionCookiePersistent": True,
    }
    assert world.service.update(id_site, sent).items() >= sent.items()
    assert world.only(f"{world.tenant}/idSites").items() >= sent.items()
    with world.database.read() as connection:
        (stored,) = connection.execute(select(schema.id_sites.c.tls_private_key)).scalars()
    assert "our private key" not in stored
    with refused(405):
        world.service.delete(id_site)
    with refused(405):
        world.service.create(f"{world.tenant}/idSites", sent)


def test_the_name_of_a_tenant_changes_and_its_key_does_not(world: World) -> None:
    whole = world.service.get(world.tenant)
    assert world.service.update("tenants/current", {**whole, "name": "Acme"})["name"] == "Acme"
    with refused(2002):
        world.update(world.tenant, key="acme")


@pytest.mark.parametrize("origin", ["someorigin.com", "ftp://x.example.org", "https://x.example.org/path"])
def test_an_origin_is_a_scheme_and_a_host(world: World, origin: str) -> None:
    assert world.service.get(world.application)["authorizedOriginUris"] == []
    with refused(2006):
        world.update(world.application, authorizedOriginUris=[origin])
    uris = ["https://x.example.org", "http://www.someorigin.com:8080"]
    assert world.update(world.application, authorizedOriginUris=uris)["authorizedOriginUris"] == uris
    assert world.update(world.application, authorizedOriginUris=[])["authorizedOriginUris"] == []
