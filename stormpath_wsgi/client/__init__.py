"""The Python API: a client, and the resources of a directory as objects."""

from stormpath_wsgi.client.account import AccessToken, Account, RefreshToken
from stormpath_wsgi.client.application import AccountStoreMapping, Application, LoginAttempt, OAuthPolicy
from stormpath_wsgi.client.client import Client
from stormpath_wsgi.client.collection import Collection
from stormpath_wsgi.client.custom_data import CustomData
from stormpath_wsgi.client.directory import Directory, PasswordPolicy, PasswordStrength
from stormpath_wsgi.client.expansion import Expansion
from stormpath_wsgi.client.group import Group, GroupMembership
from stormpath_wsgi.client.resource import Resource
from stormpath_wsgi.client.store import DataStore
from stormpath_wsgi.client.tenant import Tenant

__all__ = [
    "AccessToken",
    "Account",
    "AccountStoreMapping",
    "Application",
    "Client",
    "Collection",
    "CustomData",
    "DataStore",
    "Directory",
    "Expansion",
    "Group",
    "GroupMembership",
    "LoginAttempt",
    "OAuthPolicy",
    "PasswordPolicy",
    "PasswordStrength",
    "RefreshToken",
    "Resource",
    "Tenant",
]
