"""Speaking to providers: the systems where people have an account already, such as Google or an OpenID provider."""

from stormpath_wsgi.directory.providers.facts import (
    OAUTH2,
    OIDC,
    TWITTER,
    Asked,
    Finding,
    Person,
    Proof,
    Registration,
    kind_of,
)
from stormpath_wsgi.directory.providers.providers import Providers

__all__ = [
    "OAUTH2",
    "OIDC",
    "TWITTER",
    "Asked",
    "Finding",
    "Person",
    "Proof",
    "Providers",
    "Registration",
    "kind_of",
]
