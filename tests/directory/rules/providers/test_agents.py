"""Agents: made with a directory that mirrors, changed member by member, and never telling their password."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.world import ON_ONE_ENGINE, World, link, part, refused

from stormpath_wsgi.directory.storage import schema

PASSWORD = "of the mirrored server"

ACCOUNTS = {
    "objectClass": "person",
    "emailRdn": "email",
    "givenNameRdn": "givenName",
    "surnameRdn": "sn",
    "usernameRdn": "uid",
}
GROUPS = {"objectClass": "groupOfUniqueNames", "nameRdn": "cn", "descriptionRdn": "description"}
CONFIG = {
    "directoryHost": "ldap.example.org",
    "directoryPort": "636",
    "sslRequired": "true",
    "agentUserDn": "cn=agent",
    "agentUserDnPassword": PASSWORD,
    "baseDn": "dc=example,dc=org",
    "pollInterval": 60,
    "accountConfig": ACCOUNTS,
    "groupConfig": GROUPS,
}


def mirror(world: World, provider_id: str = "ldap", **config: Any) -> str:
    """The path of a new directory."""
    return world.new_directory(provider={"providerId": provider_id, "agent": {"config": {**CONFIG, **config}}})


@pytest.fixture
def agent(world: World) -> str:
    return part(world.service.get(f"{mirror(world)}/provider"), "agent")


def test_a_directory_that_mirrors_has_an_agent(world: World) -> None:
    directory = mirror(world)
    agent = world.service.get(f"{directory}/provider", "agent")["agent"]
    assert agent == world.only(f"{world.tenant}/agents")
    assert (agent["id"], agent["status"]) == (directory.split("/")[1], "OFFLINE")
    assert (agent["directory"], agent["tenant"]) == (link(directory), link(world.tenant))
    config = {name: value for name, value in CONFIG.items() if name != "agentUserDnPassword"}
    assert agent["config"] == {**config, "directoryPort": 636, "sslRequired": True}


def test_a_change_keeps_what_is_not_sent(world: World, agent: str) -> None:
    changed = world.update(agent, config={"sslRequired": False, "accountConfig": {"emailRdn": "mail"}})
    assert changed["config"]["sslRequired"] is False
    assert changed["config"]["accountConfig"] == {**ACCOUNTS, "emailRdn": "mail"}
    assert changed["config"]["groupConfig"] == GROUPS
    assert world.service.update(agent, {**changed, "status": "OFFLINE"})["config"] == changed["config"]


def test_the_password_is_encrypted_and_never_answered(world: World, agent: str) -> None:
    def stored() -> tuple[str, str]:
        with world.database.read() as connection:
            row = connection.execute(schema.agents.select()).one()
        return row.agent_user_dn_password, json.dumps(row.config)

    encrypted, config = stored()
    assert PASSWORD not in encrypted + config + json.dumps(world.service.get(agent))
    world.update(agent, config={"pollInterval": 5})
    assert stored()[0] == encrypted
    assert "agentUserDnPassword" not in world.update(agent, config={"agentUserDnPassword": "new"})["config"]
    assert stored()[0] != encrypted
    assert "new" not in stored()[1]


@ON_ONE_ENGINE
@pytest.mark.parametrize(
    ("provider_id", "config", "code", "word"),
    [
        ("ldap", {"baseDn": None}, 2000, "baseDn"),
        ("ldap", {"agentUserDnPassword": None}, 2000, "agentUserDnPassword"),
        ("ldap", {"accountConfig": {}}, 2000, "accountConfig.objectClass"),
        ("ldap", {"directoryPort": 70_000}, 2010, "directoryPort"),
        ("ldap", {"directoryPort": "x"}, 2004, "directoryPort"),
        ("ldap", {"colour": "red"}, 2015, "colour"),
        ("ldap", {"groupConfig": "x"}, 2004, "groupConfig"),
        ("ldap", {"referralMode": "follow"}, 2017, "referralMode"),
        ("ad", {"accountConfig": {**ACCOUNTS, "passwordRdn": "x"}}, 2017, "passwordRdn"),
        ("ad", {"referralMode": "sideways"}, 2003, "referralMode"),
    ],
)
def test_a_wrong_configuration_leaves_nothing(
    world: World, provider_id: str, config: dict[str, Any], code: int, word: str
) -> None:
    with refused(code, word):
        mirror(world, provider_id, **config)
    assert world.items(f"{world.tenant}/agents") == []


def test_each_sort_has_members_of_its_own(world: World, agent: str) -> None:
    world.update(agent, config={"accountConfig": {"passwordRdn": "userPassword"}})
    active = part(
        world.service.get(f"{mirror(world, 'ad', referralMode='IGNORE', ignoreReferralIssues=False)}/provider"), "agent"
    )
    assert world.service.get(active)["config"]["referralMode"] == "ignore"
    with refused(2017, "passwordRdn"):
        world.update(active, config={"accountConfig": {"passwordRdn": "userPassword"}})
    with refused(2017, "referralMode"):
        world.update(agent, config={"referralMode": "follow"})


def test_an_agent_goes_with_its_directory_and_not_before(world: World, agent: str) -> None:
    with refused(405):
        world.service.delete(agent)
    with refused(2002):
        world.update(agent, status="ONLINE")
    with refused(404):
        world.service.get(f"{agent}/download")
    world.service.delete(part(world.service.get(agent), "directory"))
    with refused(404):
        world.service.get(agent)
    assert world.items(f"{world.tenant}/agents") == []
