"""The account stores of an organization."""

from stormpath_wsgi.client import Collection, OrganizationAccountStoreMapping

OrganizationAccountStoreMappingList = Collection

__all__ = ["OrganizationAccountStoreMapping", "OrganizationAccountStoreMappingList"]
