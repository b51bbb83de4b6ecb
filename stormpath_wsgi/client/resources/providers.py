"""The data of providers about accounts, and the rules for copying it."""

from __future__ import annotations

from stormpath_wsgi import kinds
from stormpath_wsgi.client.resource import Resource


class ProviderData(Resource, kinds.ProviderData):
    """The data about one account from the provider of its directory."""


# The declaration comes first: ``items`` is the list of rules here, and not the method of dictionaries.


class UserInfoMappingRules(kinds.UserInfoMappingRules, Resource):
    """Which members of a social provider's answer are copied to which attributes of an account."""


class AttributeStatementMappingRules(kinds.AttributeStatementMappingRules, Resource):
    """Which attributes of a SAML assertion are copied to which attributes of an account."""
