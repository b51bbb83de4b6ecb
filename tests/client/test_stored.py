"""What is stored with a directory, an application and the tenant, as objects: providers, agents, SAML and web pages."""

from __future__ import annotations

import secrets
from typing import assert_type

import pytest
from support.certificates import INDENTED_PEM

from stormpath_wsgi.client import (
    Agent,
    Application,
    ApplicationWebConfig,
    AttributeStatementMappingRules,
    Client,
    Directory,
    IdSite,
    Provider,
    SamlIdentityProvider,
)

CONFIG = {
    "directory_host": "ldap.example.org",
    "directory_port": "636",
    "ssl_required": True,
    "agent_user_dn": "cn=agent",
    "agent_user_dn_password": "secret",
    "base_dn": "dc=example,dc=org",
    "poll_interval": 60,
    "account_config": {
        "object_class": "person",
        "email_rdn": "email",
        "given_name_rdn": "givenName",
        "surname_rdn": "sn",
        "username_rdn": "uid",
    },
    "group_config": {"object_class": "group", "name_rdn": "cn", "description_rdn": "description"},
}


def new_name() -> str:
    return f"Mirror {secrets.token_hex(8)}"


@pytest.fixture
def social(client: Client) -> Directory:
    provider = {"provider_id": Provider.FACEBOOK, "client_id": "id", "client_secret": "secret"}
    return client.directories.create({"name": new_name(), "provider": provider})


@pytest.fixture
def saml(client: Client) -> Directory:
    provider = {
        "provider_id": Provider.SAML,
        "sso_login_url": "https://idp.example.org/login",
        "sso_logout_url": "https://idp.example.org/logout",
        "encoded_x509_signing_cert": INDENTED_PEM,
        "request_signature_algorithm": Provider.SIGNING_ALGORITHM_RSA_SHA_1,
    }
    return client.directories.create({"name": new_name(), "provider": provider})


@pytest.fixture
def mirror(client: Client) -> Directory:
    provider = {"provider_id": Provider.LDAP, "agent": {"status": "offline", "config": CONFIG}}
    return client.directories.create({"name": new_name(), "provider": provider})


def test_a_provider_is_saved_with_its_directory(social: Directory, directory: Directory) -> None:
    assert_type(social.provider, Provider)
    assert (social.provider.provider_id, social.provider.scope) == ("facebook", ["public_profile", "email"])
    social.provider.client_secret = "new"
    social.provider.scope.append("birthday")
    social.save()
    social.refresh()
    assert (social.provider.client_secret, social.provider.scope[-1]) == ("new", "birthday")
    assert directory.provider.provider_id == Provider.STORMPATH


def test_rules_are_a_list_of_dictionaries(saml: Directory) -> None:
    assert saml.provider.encoded_x509_signing_cert == INDENTED_PEM
    rules = saml.provider.attribute_statement_mapping_rules
    assert_type(rules, AttributeStatementMappingRules | None)
    assert rules
    rule = {"name": "mail", "name_format": "urn:x", "account_attributes": ["email", "customData.other_mail"]}
    rules.items = [rule]
    rules.items.append({"name": "name2", "account_attributes": ["customData.name2"]})
    rules.save()
    rules.refresh()
    other = {"name": "name2", "name_format": None, "account_attributes": ["customData.name2"]}
    assert rules.items == [rule, other]
    rules.items[0]["account_attributes"].pop()
    rules.save()
    assert rules.items[0] == {**rule, "account_attributes": ["email"]}


def test_rules_may_come_with_a_new_provider(client: Client) -> None:
    rule = {"name": "mail", "name_format": None, "account_attributes": ["email", "customData.other_mail"]}
    provider = {
        "provider_id": Provider.SAML,
        "sso_login_url": "https://idp.example.org/login",
        "sso_logout_url": "https://idp.example.org/logout",
        "encoded_x509_signing_cert": INDENTED_PEM,
        "attribute_statement_mapping_rules": {"items": [rule]},
    }
    made = client.directories.create({"name": new_name(), "provider": provider})
    rules = made.provider.attribute_statement_mapping_rules
    assert rules and rules.items == [rule]


def test_the_metadata_of_an_identity_provider_are_a_resource_too(application: Application) -> None:
    identity_provider = application.saml_policy.identity_provider
    assert identity_provider.metadata.entity_id == identity_provider.metadata.href
    assert identity_provider.metadata.identity_provider == identity_provider


def test_the_configuration_of_an_agent_is_a_dictionary(client: Client, mirror: Directory) -> None:
    agent = mirror.provider.agent
    assert agent
    assert_type(agent, Agent)
    assert agent.status == Agent.STATUS_OFFLINE
    assert (agent.config["directory_port"], agent.config["account_config"]["email_rdn"]) == (636, "email")
    assert "agent_user_dn_password" not in agent.config
    agent.config["account_config"]["email_rdn"] = "mail"
    agent.config["ssl_required"] = False
    agent.save()
    again = client.agents.get(agent.href)
    assert (again.config["account_config"]["email_rdn"], again.config["ssl_required"]) == ("mail", False)
    assert again.config["group_config"] == CONFIG["group_config"]
    again.config = {"poll_interval": 5}
    again.config["base_dn"] = "dc=new"
    again.save()
    assert (again.config["poll_interval"], again.config["base_dn"], again.config["ssl_required"]) == (
        5,
        "dc=new",
        False,
    )
    assert agent in list(client.tenant.agents)
    with pytest.raises(ValueError, match="no Agent can be created here"):
        client.agents.create({})


def test_the_saml_roles_of_an_application(application: Application) -> None:
    identity = application.saml_policy.identity_provider
    assert_type(identity, SamlIdentityProvider)
    assert identity.is_enabled()
    assert len(identity.sha_fingerprint) == 40
    identity.status = identity.STATUS_DISABLED
    identity.save()
    provider = identity.registered_saml_service_providers.create(
        {"assertion_consumer_service_url": "https://sp.example.org/acs", "entity_id": "urn:sp"}
    )
    registration = identity.saml_service_provider_registrations.create({"service_provider": provider})
    assert registration.service_provider == provider
    assert list(identity.registered_saml_service_providers) == [provider]
    service = application.saml_policy.service_provider
    assert service.sso_initiation_endpoint.href.endswith("/saml/sso/idpRedirect")
    assert service.default_relay_states.create().default_relay_state.count(".") == 2
    assert service.default_relay_states.create({"state": "x"}).default_relay_state.count(".") == 2


def test_the_hosted_pages_of_an_application(application: Application) -> None:
    config = application.web_config
    assert_type(config, ApplicationWebConfig)
    config.dns_label = label = secrets.token_hex(8)
    config.login["enabled"] = False
    for name in config.me["expand"]:
        config.me["expand"][name] = True
    assert "group_memberships" in config.me["expand"]
    config.save()
    config.refresh()
    assert config.domain_name.startswith(label)
    assert (config.login["enabled"], config.register["enabled"], config.verify_email) == (
        False,
        True,
        {"enabled": False},
    )
    assert all(config.me["expand"].values())


def test_a_tenant_has_one_id_site(client: Client) -> None:
    (site,) = client.id_sites
    assert_type(site, IdSite)
    site.tls_private_key, site.authorized_redirect_uris = "key", ["https://hi.example.org"]
    site.save()
    site.refresh()
    assert (site.tls_private_key, site.authorized_redirect_uris) == ("key", ["https://hi.example.org"])
    assert site.tenant == client.tenant


def test_an_account_of_ours_has_provider_data_too(application: Application) -> None:
    account = application.accounts.create({"email": "ada@example.org", "password": "Correct-Horse-1"})
    assert account.provider_data.provider_id == Provider.STORMPATH
