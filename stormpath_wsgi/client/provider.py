"""Providers: where the accounts of a directory come from, and the rules for what they tell of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stormpath_wsgi import kinds
from stormpath_wsgi.client.resource import Resource

if TYPE_CHECKING:
    from stormpath_wsgi.client.agent import Agent
    from stormpath_wsgi.client.saml import SamlServiceProviderMetadata


class Provider(Resource, kinds.Provider):
    """Where the accounts of one directory come from: it is given when the directory is made.

    ``client.directories.create({"name": "Google", "provider": {"provider_id": Provider.GOOGLE, "client_id": …,
    "client_secret": …}})``
    """

    agent: kinds.Link[Agent | None]
    user_info_mapping_rules: kinds.Link[UserInfoMappingRules | None]
    attribute_statement_mapping_rules: kinds.Link[AttributeStatementMappingRules | None]
    service_provider_metadata: kinds.Link[SamlServiceProviderMetadata | None]


class ProviderData(Resource, kinds.ProviderData):
    """What the provider of its directory tells of one account."""


# The declaration comes first: ``items`` is the list of rules here, and not the method of dictionaries.


class UserInfoMappingRules(kinds.UserInfoMappingRules, Resource):
    """Which members of a social provider's answer go into which attributes of an account."""


class AttributeStatementMappingRules(kinds.AttributeStatementMappingRules, Resource):
    """Which attributes of a SAML assertion go into which of an account."""
