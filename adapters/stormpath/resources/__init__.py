"""The classes of all resources: each is the one of :mod:`stormpath_wsgi.client`, under its documented name."""

from stormpath.resources.account import Account, AccountList
from stormpath.resources.account_creation_policy import AccountCreationPolicy
from stormpath.resources.account_link import AccountLink, AccountLinkList
from stormpath.resources.account_linking_policy import AccountLinkingPolicy
from stormpath.resources.account_schema import AccountSchema
from stormpath.resources.account_store import AccountStore
from stormpath.resources.assertion_consumer_service_post_endpoint import AssertionConsumerServicePostEndpoint
from stormpath.resources.attribute_statement_mapping_rule import (
    AttributeStatementMappingRule,
    AttributeStatementMappingRules,
)
from stormpath.resources.auth_token import AuthToken, AuthTokenList
from stormpath.resources.base import (
    AutoSaveMixin,
    CollectionResource,
    DeleteMixin,
    Expansion,
    Resource,
    SaveMixin,
)
from stormpath.resources.challenge import Challenge, ChallengeList
from stormpath.resources.custom_data import CustomData
from stormpath.resources.default_relay_state import DefaultRelayState, DefaultRelayStateList
from stormpath.resources.directory import Directory
from stormpath.resources.factor import Factor, FactorList
from stormpath.resources.field import Field
from stormpath.resources.group import Group, GroupList
from stormpath.resources.group_membership import GroupMembership, GroupMembershipList
from stormpath.resources.organization import Organization, OrganizationList
from stormpath.resources.organization_account_store_mapping import (
    OrganizationAccountStoreMapping,
    OrganizationAccountStoreMappingList,
)
from stormpath.resources.password_reset_token import PasswordResetTokenList
from stormpath.resources.phone import Phone, PhoneList
from stormpath.resources.provider import Provider
from stormpath.resources.registered_saml_service_providers import RegisteredSamlServiceProviders
from stormpath.resources.saml_identity_provider import SamlIdentityProvider
from stormpath.resources.saml_identity_provider_metadata import SamlIdentityProviderMetadata
from stormpath.resources.saml_policy import SamlPolicy
from stormpath.resources.saml_service_provider import SamlServiceProvider
from stormpath.resources.saml_service_provider_metadata import SamlServiceProviderMetadata
from stormpath.resources.saml_service_provider_registrations import SamlServiceProviderRegistrations
from stormpath.resources.saml_signing_cert import X509SigningCert
from stormpath.resources.sso_initiation_endpoint import SsoInitiationEndpoint
from stormpath.resources.sso_login_endpoint import SsoLoginEndpoint
from stormpath.resources.tenant import Tenant
from stormpath.resources.web_config import WebConfig

__all__ = [
    "Account",
    "AccountCreationPolicy",
    "AccountLink",
    "AccountLinkList",
    "AccountLinkingPolicy",
    "AccountList",
    "AccountSchema",
    "AccountStore",
    "AssertionConsumerServicePostEndpoint",
    "AttributeStatementMappingRule",
    "AttributeStatementMappingRules",
    "AuthToken",
    "AuthTokenList",
    "AutoSaveMixin",
    "Challenge",
    "ChallengeList",
    "CollectionResource",
    "CustomData",
    "DefaultRelayState",
    "DefaultRelayStateList",
    "DeleteMixin",
    "Directory",
    "Expansion",
    "Factor",
    "FactorList",
    "Field",
    "Group",
    "GroupList",
    "GroupMembership",
    "GroupMembershipList",
    "Organization",
    "OrganizationAccountStoreMapping",
    "OrganizationAccountStoreMappingList",
    "OrganizationList",
    "PasswordResetTokenList",
    "Phone",
    "PhoneList",
    "Provider",
    "RegisteredSamlServiceProviders",
    "Resource",
    "SamlIdentityProvider",
    "SamlIdentityProviderMetadata",
    "SamlPolicy",
    "SamlServiceProvider",
    "SamlServiceProviderMetadata",
    "SamlServiceProviderRegistrations",
    "SaveMixin",
    "SsoInitiationEndpoint",
    "SsoLoginEndpoint",
    "Tenant",
    "WebConfig",
    "X509SigningCert",
]
