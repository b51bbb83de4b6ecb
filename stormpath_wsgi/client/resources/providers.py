"""What the providers of directories tell of accounts, and the rules for it."""

from __future__ import annotations

from stormpath_wsgi import kinds
from stormpath_wsgi.client.resource import Resource


class ProviderData(Resource, kinds.ProviderData):
    """What the provider of its directory tells of one account."""


# The declaration comes first: ``items`` is the list of rules here, and not the method of dictionaries.


class UserInfoMappingRules(kinds.UserInfoMappingRules, Resource):
    """Which members of a social provider's answer go into which attributes of an account."""


class AttributeStatementMappingRules(kinds.AttributeStatementMappingRules, Resource):
    """Which attributes of a SAML assertion go into which of an account."""
