"""Yes and no, as attributes that may be called: until Flask-Login 0.3 they were methods of a user."""

from __future__ import annotations

import warnings

from flask_login import AnonymousUserMixin


class Flag(int):
    """True or False. To call it answers the same, with a warning."""

    def __call__(self) -> bool:
        warnings.warn(
            "is_authenticated, is_active and is_anonymous of a user are attributes: leave the brackets out.",
            DeprecationWarning,
            stacklevel=2,
        )
        return bool(self)

    def __repr__(self) -> str:
        return repr(bool(self))


YES, NO = Flag(True), Flag(False)


class AnonymousUser(AnonymousUserMixin):  # type: ignore[misc]  # Flask-Login has no types
    """Who is not signed in."""

    is_authenticated = is_active = NO
    is_anonymous = YES
