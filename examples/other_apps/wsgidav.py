"""WsgiDAV: a folder that computers mount."""

from wsgidav.wsgidav_app import WsgiDAVApp

from stormpath_wsgi import StormpathMiddleware

files = WsgiDAVApp(
    {
        "provider_mapping": {"/": "/srv/files"},
        # Who asks is in REMOTE_USER. WsgiDAV itself asks nobody: the one user that it has to know has no password.
        "http_authenticator": {"trusted_auth_header": "REMOTE_USER", "accept_basic": False, "accept_digest": False},
        "simple_dc": {"user_mapping": {"*": {"nobody": {}}}},
        "property_manager": True,
    }
)
application = StormpathMiddleware(
    files,
    protect={"/": {"policy": ["staff"], "challenge": "basic"}},
    web={"register": {"enabled": False}},
)
