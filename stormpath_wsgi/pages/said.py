"""What one page has to tell on the next one, in words that no table has: a listener has written them.

They are in a signed cookie, so nobody can have a page of ours say something else, and they are shown once.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

from pydantic import SecretStr

from stormpath_wsgi.flows.cookies import SignedCookie
from stormpath_wsgi.session import CurrentSession

#: Characters of the longest sentence. A longer one is cut off.
LONGEST = 500

#: Seconds for which it waits to be shown.
LASTS = 60


class Said:
    """Lives with the process; threads may share it. The arguments are those of :class:`.SignedCookie`."""

    def __init__(self, secret_keys: Sequence[SecretStr], *, secure: bool) -> None:
        # If the form of the value changes, the purpose must change as well: below it is taken apart by its form.
        longest = 4 * LONGEST * 4 // 3 + 4 + 65
        self._cookie = SignedCookie(
            "stormpath_said", "stormpath_wsgi said 1", secret_keys, longest=longest, secure=secure
        )

    def write(self, session: CurrentSession, sentence: str) -> None:
        """Have the browser of *session* bring *sentence* along to the next page."""
        self._cookie.sign(session, base64.urlsafe_b64encode(sentence[:LONGEST].encode()).decode(), LASTS)

    def take(self, session: CurrentSession) -> str | None:
        """What the browser of *session* brings, which keeps it no longer; None: nothing."""
        value = next(self._cookie.values(session.environ), None)
        if value is None:
            return None
        self._cookie.remove(session)
        return base64.urlsafe_b64decode(value).decode()
