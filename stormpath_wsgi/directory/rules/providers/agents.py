"""Agents: the stored configuration of programs that mirror LDAP and Active Directory servers. Nothing is mirrored yet.

The password of the mirrored server is stored apart from the rest of the configuration, encrypted, and never answered.
Source: the agent in the resource reference of the REST API v1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.directory.wire.paths import Resource
from stormpath_wsgi.errors import fault
from stormpath_wsgi.kinds import Agent, Provider

_table, _providers = schema.agents, schema.providers
_PASSWORD = "agentUserDnPassword"  # noqa: S105 - a name
#: The members of the configuration that an agent of a provider cannot have, by the id of the provider.
_FOREIGN: Mapping[str, frozenset[str]] = {
    Provider.LDAP: frozenset({"referralMode", "ignoreReferralIssues"}),
    Provider.AD: frozenset({"passwordRdn"}),
}


def make(work: UnitOfWork, directory_id: str, provider_id: str, sent: Any) -> None:
    """Makes the agent of a new directory from *sent*, the value of ``agent`` of its provider. Raises 2000 to 2017."""
    config = Agent.config.merged(None, Agent.config.check(_configuration(sent)))
    _check(provider_id, config)
    if config.get(_PASSWORD) is None:
        raise fault(Code.REQUIRED, f"Agent config.{_PASSWORD} is required; it cannot be null, empty, or blank.")
    values = {"status": Agent.status.default, **_columns(work, directory_id, config)}
    records.make(work, Agent, directory_id, values, directory_id=directory_id)


def change(context: Context, target: Resource, properties: Any) -> Wire:
    """Changes the members of the configuration that are sent. A password that is not sent stays."""
    with context.write() as work:
        body = bodies.of_update(Agent, properties, records.load(work, target))
        if (config := body.values.pop("config", None)) is not None:
            provider = select(_providers.c.provider_id).where(_providers.c.agent_id == target.id)
            _check(work.connection.execute(provider).scalar_one(), config)
            body.values.update(_columns(work, target.id, config))
        records.change(work, Agent, target.id, body.values)
        return records.load(work, target)


def _configuration(sent: Any) -> Any:
    if not isinstance(sent, Mapping):
        raise fault(Code.REQUIRED, "Provider agent is required: an object with a config.")
    for name in sent:
        if name not in Agent.members:
            raise fault(Code.UNKNOWN_PROPERTY, f"Agent has no property {name!r:.80}.")
    return sent.get("config")


def _check(provider_id: str, config: Mapping[str, Any]) -> None:
    """Raises 2017 for a member that an agent of that provider cannot have."""
    for name in _FOREIGN[provider_id]:
        if config.get(name) is not None or config["accountConfig"].get(name) is not None:
            raise fault(Code.PROPERTY_NOT_SUPPORTED, f"Agent config {name} is not supported for {provider_id}.")


def _columns(work: UnitOfWork, id: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """The columns for *config*. The password, if there is one, has a column of its own."""
    columns: dict[str, Any] = {"config": {name: value for name, value in config.items() if name != _PASSWORD}}
    if config.get(_PASSWORD) is not None:
        column = _table.c.agent_user_dn_password
        columns[column.name] = work.secrets.encrypt(config[_PASSWORD], schema.place(column, id))
    return columns
