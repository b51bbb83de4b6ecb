"""Which dialect is spoken with which kind of provider."""

from __future__ import annotations

from collections.abc import Mapping

from stormpath_wsgi.directory.providers.dialects.apple import Apple
from stormpath_wsgi.directory.providers.dialects.facebook import Facebook
from stormpath_wsgi.directory.providers.dialects.github import GitHub
from stormpath_wsgi.directory.providers.dialects.google import Google
from stormpath_wsgi.directory.providers.dialects.linkedin import LinkedIn
from stormpath_wsgi.directory.providers.dialects.microsoft import Microsoft
from stormpath_wsgi.directory.providers.dialects.oauth2 import OAuth2
from stormpath_wsgi.directory.providers.dialects.openid import OpenID
from stormpath_wsgi.directory.providers.dialects.twitter import Twitter
from stormpath_wsgi.directory.providers.facts import OAUTH2, OIDC, TWITTER

DIALECTS: Mapping[str, type[OAuth2]] = {
    "apple": Apple,
    "facebook": Facebook,
    "github": GitHub,
    "google": Google,
    "linkedin": LinkedIn,
    "microsoft": Microsoft,
    OAUTH2: OAuth2,
    OIDC: OpenID,
    TWITTER: Twitter,
}
