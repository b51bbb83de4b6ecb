"""Django with its admin: who is signed in with us is a user of Django, with the rights of groups of the same name."""

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "mysite.settings"

from django.core.wsgi import get_wsgi_application

from stormpath_wsgi import StormpathMiddleware

application = StormpathMiddleware(
    get_wsgi_application(),
    protect={"/admin": ["staff"]},
    environ={"groups": "REMOTE_GROUPS"},
    web={"register": {"enabled": False}, "logout": {"alsoAt": ["/admin/logout/"]}},
)
