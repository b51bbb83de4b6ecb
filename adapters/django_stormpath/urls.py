"""Names for the addresses of our pages.

After ``path("", include("django_stormpath.urls"))`` in a project, ``{% url "stormpath:login" %}`` is that of our login
page.

The middleware serves these pages before Django is asked. What it leaves to Django, such as ``GET /logout``, is not
found.
"""

from __future__ import annotations

from typing import NoReturn

from django.http import Http404, HttpRequest
from django.urls import path

from django_stormpath.conf import keywords
from stormpath_wsgi import Settings

app_name = "stormpath"


def served_by_middleware(request: HttpRequest) -> NoReturn:
    """Not found: the middleware has left it to us."""
    raise Http404


_web = Settings.read(**keywords()).web

urlpatterns = [
    path(_web.at(page.uri).lstrip("/"), served_by_middleware, name=name) for name, page in _web.served.items()
]
