"""Which function handles which verb for which kind. A kind that is not in a table here does not offer that verb."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from stormpath_wsgi import kinds
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules import custom_data, plain
from stormpath_wsgi.directory.rules.accounts import (
    account_links,
    accounts,
    deletions,
    invitations,
    login,
    password_reset,
    verification,
)
from stormpath_wsgi.directory.rules.factors import challenges, factors, passkeys, phones
from stormpath_wsgi.directory.rules.mails import email_templates, smtp_servers
from stormpath_wsgi.directory.rules.providers import agents, exchange, providers, saml
from stormpath_wsgi.directory.rules.stores import (
    applications,
    directories,
    groups,
    mappings,
    memberships,
    organizations,
)
from stormpath_wsgi.directory.rules.tokens import api_keys, sessions, spent_answers, tokens
from stormpath_wsgi.directory.wire.paths import Listing, Resource
from stormpath_wsgi.kinds import Kind

Create = Callable[[Context, Listing, Any, Mapping[str, Any]], Wire]
Change = Callable[[Context, Resource, Any], Wire]
Remove = Callable[[Context, Resource], None]

#: The functions that make a resource of a kind, in the collections where its declaration allows that.
CREATE: Mapping[type[Kind], Create] = {
    kinds.Application: applications.create,
    kinds.AccountStoreMapping: mappings.create,
    kinds.Invitation: invitations.create,
    kinds.Organization: organizations.create,
    kinds.OrganizationAccountStoreMapping: mappings.create,
    kinds.AccountLink: account_links.create,
    kinds.Directory: directories.create,
    kinds.Group: groups.create,
    kinds.GroupMembership: memberships.create,
    kinds.Account: exchange.create,
    kinds.AuthorizationRequest: exchange.authorize,
    kinds.AccessToken: tokens.create,
    kinds.RefreshToken: tokens.create,
    kinds.Session: sessions.create,
    kinds.Deletion: deletions.create,
    kinds.LoginAttempt: login.attempt,
    kinds.PasswordResetToken: password_reset.create,
    kinds.VerificationEmail: verification.resend,
    kinds.SmtpServer: smtp_servers.create,
    kinds.ApiKey: api_keys.create,
    kinds.DefaultRelayState: saml.create_relay_state,
    kinds.RegisteredSamlServiceProvider: saml.create_registered,
    kinds.SamlServiceProviderRegistration: saml.create_registration,
    kinds.Phone: phones.create,
    kinds.Factor: factors.create,
    kinds.Challenge: challenges.create,
    kinds.Passkey: passkeys.create,
    kinds.PasskeyAttempt: passkeys.attempt,
    kinds.SpentAnswer: spent_answers.create,
}

#: The functions that change a resource.
CHANGE: Mapping[type[Kind], Change] = {
    kinds.Tenant: plain.change,
    kinds.Application: plain.change,
    kinds.AccountStoreMapping: mappings.change,
    kinds.Organization: plain.change,
    kinds.OrganizationAccountStoreMapping: mappings.change,
    kinds.AccountLinkingPolicy: plain.change,
    kinds.Directory: directories.change,
    kinds.PasswordPolicy: plain.change,
    kinds.PasswordStrength: plain.change,
    kinds.Group: plain.change,
    kinds.Account: accounts.change,
    kinds.CustomData: custom_data.change,
    kinds.OAuthPolicy: plain.change,
    kinds.AccountCreationPolicy: plain.change,
    kinds.EmailTemplate: email_templates.change,
    kinds.Field: plain.change,
    kinds.SmtpServer: smtp_servers.change,
    kinds.ApiKey: api_keys.change,
    kinds.Session: sessions.change,
    kinds.Provider: providers.change,
    kinds.UserInfoMappingRules: plain.change,
    kinds.AttributeStatementMappingRules: plain.change,
    kinds.Agent: agents.change,
    kinds.IdSite: plain.change,
    kinds.ApplicationWebConfig: plain.change,
    kinds.SamlIdentityProvider: saml.change,
    kinds.RegisteredSamlServiceProvider: saml.change_registered,
    kinds.SamlServiceProviderRegistration: plain.change,
    kinds.Phone: phones.change,
    kinds.Factor: factors.change,
    kinds.Challenge: challenges.change,
    kinds.Passkey: passkeys.change,
}

#: The functions that remove a resource, together with the resources that cannot exist without it.
REMOVE: Mapping[type[Kind], Remove] = {
    kinds.Application: applications.remove,
    kinds.AccountStoreMapping: mappings.remove,
    kinds.Invitation: plain.remove,
    kinds.Organization: organizations.remove,
    kinds.OrganizationAccountStoreMapping: mappings.remove,
    kinds.AccountLink: account_links.remove,
    kinds.Directory: directories.remove,
    kinds.Group: groups.remove,
    kinds.GroupMembership: memberships.remove,
    kinds.Account: accounts.remove,
    kinds.CustomData: custom_data.clear,
    kinds.AccessToken: tokens.remove,
    kinds.RefreshToken: tokens.remove,
    kinds.ApiKey: api_keys.remove,
    kinds.ConnectedKey: api_keys.remove_connected,
    kinds.Session: sessions.remove,
    kinds.Deletion: deletions.remove,
    kinds.SmtpServer: smtp_servers.remove,
    kinds.RegisteredSamlServiceProvider: plain.remove,
    kinds.SamlServiceProviderRegistration: plain.remove,
    kinds.Phone: phones.remove,
    kinds.Factor: factors.remove,
    kinds.Passkey: passkeys.remove,
}

#: Adds to the items of a collection before they are answered.
Addition: TypeAlias = Callable[[UnitOfWork, Listing, Iterable[Wire]], None]

#: Functions that add to the items of a collection, by the kind of its owner and of what is in it.
LISTED: Mapping[tuple[type[Kind], type[Kind]], Addition] = {
    (kinds.Application, kinds.ApiKey): api_keys.tell_naming,
}

#: Functions that are called before a resource of a kind is read: they make what does not exist yet.
BEFORE: Mapping[type[Kind], Callable[[Context, Resource], None]] = {
    kinds.SamlPolicy: saml.before_reading,
    kinds.SamlIdentityProvider: saml.before_reading,
    kinds.SamlServiceProviderMetadata: saml.require_directory,
}

#: The functions that return resources which are not JSON, as media type and content.
DOCUMENTS: Mapping[type[Kind], Callable[[Context, Resource], tuple[str, bytes]]] = {
    kinds.X509Certificate: saml.certificate,
    kinds.SamlIdentityProviderMetadata: saml.identity_provider_metadata,
    kinds.SamlServiceProviderMetadata: saml.service_provider_metadata,
}
