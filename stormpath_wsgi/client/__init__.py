"""The Python API: a client, and the resources of a directory as objects."""

from stormpath_wsgi.client.account import AccessToken, Account, Accounts, RefreshToken
from stormpath_wsgi.client.agent import Agent
from stormpath_wsgi.client.api_key import ApiKey, ApiKeys
from stormpath_wsgi.client.application import AccountStoreMapping, Application, LoginAttempt, OAuthPolicy
from stormpath_wsgi.client.client import Client
from stormpath_wsgi.client.collection import Collection
from stormpath_wsgi.client.custom_data import CustomData
from stormpath_wsgi.client.directory import Directory, PasswordPolicy, PasswordStrength
from stormpath_wsgi.client.expansion import Expansion
from stormpath_wsgi.client.factor import Challenge, Factor, Phone
from stormpath_wsgi.client.group import Group, GroupMembership
from stormpath_wsgi.client.id_site import IdSite
from stormpath_wsgi.client.local import DirectoryOptions
from stormpath_wsgi.client.mail import (
    AccountCreationPolicy,
    AccountSchema,
    EmailTemplate,
    EmailVerificationToken,
    Field,
    PasswordResetToken,
    SmtpServer,
    VerificationEmail,
    VerificationEmails,
)
from stormpath_wsgi.client.organization import (
    AccountLink,
    AccountLinkingPolicy,
    Organization,
    OrganizationAccountStoreMapping,
)
from stormpath_wsgi.client.provider import AttributeStatementMappingRules, Provider, ProviderData, UserInfoMappingRules
from stormpath_wsgi.client.resource import Resource
from stormpath_wsgi.client.saml import (
    DefaultRelayState,
    RegisteredSamlServiceProvider,
    SamlIdentityProvider,
    SamlPolicy,
    SamlServiceProvider,
    SamlServiceProviderMetadata,
    SamlServiceProviderRegistration,
)
from stormpath_wsgi.client.store import DataStore
from stormpath_wsgi.client.tenant import Tenant
from stormpath_wsgi.client.web_config import ApplicationWebConfig

__all__ = [
    "AccessToken",
    "Account",
    "AccountCreationPolicy",
    "AccountLink",
    "AccountLinkingPolicy",
    "AccountSchema",
    "AccountStoreMapping",
    "Accounts",
    "Agent",
    "ApiKey",
    "ApiKeys",
    "Application",
    "ApplicationWebConfig",
    "AttributeStatementMappingRules",
    "Challenge",
    "Client",
    "Collection",
    "CustomData",
    "DataStore",
    "DefaultRelayState",
    "Directory",
    "DirectoryOptions",
    "EmailTemplate",
    "EmailVerificationToken",
    "Expansion",
    "Factor",
    "Field",
    "Group",
    "GroupMembership",
    "IdSite",
    "LoginAttempt",
    "OAuthPolicy",
    "Organization",
    "OrganizationAccountStoreMapping",
    "PasswordPolicy",
    "PasswordResetToken",
    "PasswordStrength",
    "Phone",
    "Provider",
    "ProviderData",
    "RefreshToken",
    "RegisteredSamlServiceProvider",
    "Resource",
    "SamlIdentityProvider",
    "SamlPolicy",
    "SamlServiceProvider",
    "SamlServiceProviderMetadata",
    "SamlServiceProviderRegistration",
    "SmtpServer",
    "Tenant",
    "UserInfoMappingRules",
    "VerificationEmail",
    "VerificationEmails",
]
