"""The settings of a Django project that are ours.

``STORMPATH`` has the keywords of :class:`~stormpath_wsgi.StormpathMiddleware`. The others say what people of which
groups may do in this project; nobody may anything while they are not set.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

#: The settings that decide a flag of a row: it is True for people of one of these groups, and False for all others.
FLAGS = {"is_staff": "STORMPATH_STAFF_GROUPS", "is_superuser": "STORMPATH_SUPERUSER_GROUPS"}

#: Which group of Django people of a group are in: ``{"editors": "Editors"}``.
GROUPS = "STORMPATH_GROUPS"


def keywords() -> Mapping[str, Any]:
    """The keywords of the middleware. Raises :class:`ImproperlyConfigured`."""
    found = getattr(settings, "STORMPATH", None) or {}
    if not isinstance(found, Mapping):
        raise ImproperlyConfigured('STORMPATH is a dictionary of settings: {"application": {"name": "My Site"}}.')
    return found


def flag_groups(name: str) -> list[str] | None:
    """The groups that the setting *name* lists; None: it is not set, and Django's administrators decide.

    Raises :class:`ImproperlyConfigured`.
    """
    found = getattr(settings, name, None)
    if found is None:
        return None
    if not isinstance(found, list | tuple) or not all(isinstance(group, str) and group for group in found):
        raise ImproperlyConfigured(f'{name} is a list of groups, by name or href: ["staff"].')
    return list(found)


def django_groups() -> Mapping[str, str]:
    """Names of Django's groups, by the name or href of ours. Raises :class:`ImproperlyConfigured`."""
    found = getattr(settings, GROUPS, None) or {}
    if not isinstance(found, Mapping) or not all(
        isinstance(name, str) and name for pair in found.items() for name in pair
    ):
        raise ImproperlyConfigured(f'{GROUPS} names a group of Django for a group of ours: {{"editors": "Editors"}}.')
    return found
