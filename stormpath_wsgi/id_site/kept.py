"""What a browser keeps while its visitor is on our pages: the question that is to be answered, in a signed cookie.

Each question has a path of its own, and its cookie is sent there only. So several tabs do not get into each other's
way, and nothing is kept here for visitors who never come back.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import SecretStr

from stormpath_wsgi.cookie import AHEAD, Cookie
from stormpath_wsgi.id_site.asked import NO_GOOD, NotAsked, Question
from stormpath_wsgi.signing import PurposeSigner

#: Seconds that a visitor has, from the request to the answer.
LIFETIME = 3600

#: Characters of the longest cookie. Browsers keep 4096 bytes of a cookie, its name and attributes among them
#: (RFC 6265bis, section 5.6).
LONGEST = 3800

#: Characters of the longest ``Cookie`` header that is looked at.
_LONGEST_HEADER = 16_384

_NAME = "stormpath_question"


class Kept:
    """The questions that browsers keep. Threads may share it.

    *secret_keys*: the first signs, all verify. *secure*: whether the cookies are Secure over plain http too, because a
    proxy in front speaks https. *clock*: seconds since the epoch.
    """

    def __init__(self, secret_keys: Sequence[SecretStr], *, secure: bool, clock: Callable[[], float]) -> None:
        # If the form of the text changes, the purpose must change as well.
        self._signer = PurposeSigner(secret_keys, "stormpath_wsgi id site question 1")
        self._secure, self._clock = secure, clock

    def header(self, question: Question, path: str, *, https: bool) -> tuple[str, str]:
        """The header of an answer that has a browser keep *question* at *path*.

        Raises :class:`NotAsked` for one that is too long for a cookie.
        """
        said = {name: getattr(question, name) for name in Question.__slots__}
        text = base64.urlsafe_b64encode(json.dumps(said, separators=(",", ":")).encode()).decode().rstrip("=")
        value = self._signer.sign(text).decode()
        if len(value) > LONGEST:
            raise NotAsked(NO_GOOD, f"its state and cb_uri are too long: {len(value)} characters of {LONGEST}")
        return self._cookie(path, https=https).header(value, LIFETIME)

    def removal(self, path: str, *, https: bool) -> list[tuple[str, str]]:
        """The headers of an answer that have a browser forget the question that it keeps at *path*."""
        return self._cookie(path, https=https).removal

    def question(self, environ: Mapping[str, Any], path: str, application_id: str, name: str) -> Question | None:
        """The question of that *name* that the browser keeps; None: it keeps none, or for too long."""
        for question in self._questions(environ, path):
            if question.application_id == application_id and question.name == name:
                age = self._clock() - question.begun / 1000
                return question if -AHEAD <= age < LIFETIME else None
        return None

    def _questions(self, environ: Mapping[str, Any], path: str) -> Iterator[Question]:
        header = str(environ.get("HTTP_COOKIE", ""))
        if len(header) > _LONGEST_HEADER:
            return
        for value in self._cookie(path, https=environ["wsgi.url_scheme"] == "https").texts(header):
            text, _, signature = value.rpartition(".")
            # The length is checked first, so that a long text is not hashed.
            if len(value) <= LONGEST and value.isascii() and self._signer.verify_signature(text, signature):
                yield Question(**json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))

    def _cookie(self, path: str, *, https: bool) -> Cookie:
        return Cookie(_NAME, secure=https or self._secure, path=path)
