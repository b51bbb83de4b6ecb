"""Relay states of SAML."""

from stormpath_wsgi.client import Collection, DefaultRelayState

DefaultRelayStateList = Collection

__all__ = ["DefaultRelayState", "DefaultRelayStateList"]
