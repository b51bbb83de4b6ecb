"""The fields of our forms, and what Flask-Stormpath called them."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from stormpath_wsgi.adapting import CONFIRMATION, CORE, CUSTOM_DATA, is_blank

#: By the names of Flask-Stormpath, those of ours that are others.
OURS: Mapping[str, str] = {"given_name": "givenName", "middle_name": "middleName", "password_again": CONFIRMATION}
OLD: Mapping[str, str] = {ours: old for old, ours in OURS.items()}


def with_our_names(posted: Mapping[str, Any]) -> dict[str, Any]:
    """What was *posted*, by our names. Where a field comes by both, ours counts."""
    old = {OURS[name]: value for name, value in posted.items() if name in OURS}
    return {**old, **{name: value for name, value in posted.items() if name not in OURS}}


def of_account(posted: Mapping[str, Any], taken: Container[str]) -> dict[str, Any]:
    """What is about an account in a form that was *posted*, by our names: the old forms may hold anything else.

    *taken*: the fields that are. Of the others those of an account stay that are filled in, so that they are refused.
    """
    return {
        name: value
        for name, value in posted.items()
        if name in taken or name == CUSTOM_DATA or (name in CORE and not is_blank(value))
    }
