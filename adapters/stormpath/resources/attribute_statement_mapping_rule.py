"""What of a SAML assertion goes into an account."""

from stormpath_wsgi.client import AttributeStatementMappingRules

#: One rule is a dictionary: ``AttributeStatementMappingRule(name="…", account_attributes=["surname"])``.
AttributeStatementMappingRule = dict

__all__ = ["AttributeStatementMappingRule", "AttributeStatementMappingRules"]
