"""A person out of what a provider says, read with distrust: any member may be missing, or anything.

Source: the standard claims of OpenID Connect Core 1.0, 5.1, which many others have as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stormpath_wsgi.directory.providers.facts import Person

#: The longest id, address or name.
LONGEST = 255


class NoSubject(Exception):
    """It is not said who somebody is."""


def person_of(
    info: Mapping[str, Any],
    *,
    subject: Any,
    tokens: Mapping[str, Any],
    email: Any = None,
    verified: bool | None = None,
    **names: str | None,
) -> Person:
    """The person of whom a provider says *info*. *subject*: her id there. *tokens*: the answer of a token endpoint.

    *email* and *verified*: where they are not those of *info*. *names*: given_name and surname, where they are not
    those of *info*. Raises :class:`NoSubject`.
    """
    address = text_of(email) if email is not None else text_of(info.get("email"))
    proved = is_true(info.get("email_verified")) if verified is None else verified
    given_name, surname = names_of(info)
    return Person(
        subject=subject_of(subject),
        email=address,
        email_is_verified=address is not None and proved,
        given_name=names.get("given_name", given_name),
        surname=names.get("surname", surname),
        user_info=info,
        access_token=text_of(tokens.get("access_token"), 16_384),
        refresh_token=text_of(tokens.get("refresh_token"), 16_384),
    )


def subject_of(value: Any) -> str:
    """The id *value* as a text. Raises :class:`NoSubject` for what is none: it is all that tells people apart."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST:
        raise NoSubject
    return value


def text_of(value: Any, longest: int = LONGEST) -> str | None:
    """*value*, if it is a text that is not empty and not longer than *longest*; otherwise None."""
    if not isinstance(value, str) or not value.strip() or len(value) > longest:
        return None
    return value.strip()


def is_true(value: Any) -> bool:
    """Whether *value* says yes. Apple writes it as text."""
    return value is True or value == "true"


def names_of(info: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Given name and surname: as *info* has them, or else the two halves of the whole name."""
    given_name, surname = text_of(info.get("given_name")), text_of(info.get("family_name"))
    if given_name is None and surname is None:
        return split(text_of(info.get("name")))
    return given_name, surname


def split(name: str | None) -> tuple[str | None, str | None]:
    """The last word of a name is taken for the surname."""
    first, _, last = (name or "").rpartition(" ")
    return (first or last or None), (last if first else None)
