"""The OpenID provider of a development server, so that the way through one can be tried without any set-up."""

from __future__ import annotations

import os
import secrets
import socket
import sys
from collections.abc import Mapping
from urllib.parse import urlsplit

from stormpath_wsgi.extras import SOCIAL
from stormpath_wsgi.testing import OpenIDProvider

#: Its id, which is in addresses.
ID = "test"
_SECRET, _ISSUER = "STORMPATH_WEB_SOCIAL_TEST_CLIENTSECRET", "STORMPATH_WEB_SOCIAL_TEST_ISSUER"


def environ() -> Mapping[str, str]:
    """The variables with which a site offers it; none where the library is missing that speaks with providers."""
    if not SOCIAL.is_installed():
        return {}
    with socket.create_server(("127.0.0.1", 0)) as free:  # a process that is started again has the same port
        port = free.getsockname()[1]
    return {
        "STORMPATH_WEB_SOCIAL_TEST_CLIENTID": "development",
        _SECRET: secrets.token_hex(),
        _ISSUER: f"http://127.0.0.1:{port}",
        "STORMPATH_WEB_SOCIAL_TEST_LABEL": "the test provider",
        "STORMPATH_PROVIDERS_PRIVATEADDRESSES": "true",
    }


def start() -> OpenIDProvider | None:
    """Answer at the port that the variables name, until the process ends; None: they name none, or it is taken."""
    port = urlsplit(os.environ.get(_ISSUER, "")).port
    if port is None:
        return None
    provider = OpenIDProvider(client_id="development", client_secret=os.environ[_SECRET], port=port)
    try:
        provider.start()
    except (OSError, SystemExit):  # which Werkzeug makes of the first
        print(f"The test provider does not answer: port {port} is taken by now.", file=sys.stderr)
        return None
    return provider
