"""Identity: the answer to who sends a request, whichever credential says so.

There are three answers. *Nothing* was offered that is ours to judge. Somebody is *proved*. Or what was offered is
*refused*: it is ours to judge, and it is wrong. A refused credential is never replaced by another one.

The session cookie (:mod:`stormpath_wsgi.session`), the access token (:mod:`.bearer`) and the API key of an account
(:mod:`.basic`) are the three credentials. :mod:`.credentials` asks them in the order of the settings.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Protocol, TypeAlias
from wsgiref.types import WSGIEnvironment

from stormpath_wsgi.user import RememberedAccount


class Kind(Enum):
    """What a request can offer. The values are those of the setting ``credentials``."""

    SESSION = "session"
    BEARER = "bearer"
    BASIC = "basic"

    @property
    def in_header(self) -> bool:
        """Whether it stands in the ``Authorization`` header."""
        return self is not Kind.SESSION

    @property
    def sent_by_browsers(self) -> bool:
        """Whether browsers send it by themselves, also with requests that a page of another site causes."""
        return self is not Kind.BEARER


class Proof(Enum):
    """What somebody has shown to be who they are."""

    PASSWORD = "password"  # noqa: S105 - the name of a proof
    TOKEN = "token"  # noqa: S105 - the name of a proof
    API_KEY = "api key"


_CREDENTIALS = {Kind.SESSION: "session", Kind.BEARER: Proof.TOKEN.value, Kind.BASIC: Proof.API_KEY.value}


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nothing was offered that is ours to judge."""

    account: ClassVar[None] = None
    kind: ClassVar[None] = None


@dataclass(frozen=True, slots=True, eq=False)
class Proved:
    """It is proved who sends the request.

    *account*: who. *kind*: by which credential. *at*: when that was proved, in seconds since the epoch (UTC): the
    moment of the sign-in, the moment when the token was issued, or the moment of this request for an API key.
    *proofs*: how strongly. A session stands for the sign-in that began it, and so for a password.
    """

    account: RememberedAccount
    kind: Kind
    at: float
    proofs: frozenset[Proof]
    #: The directory's generation from before it was asked. What is known of the account holds while it stands still.
    generation: int

    @property
    def href(self) -> str:
        """The href of the account. Asks for nothing."""
        return self.account.href

    @property
    def credential(self) -> str:
        """What the request brought, in the words of :mod:`stormpath_wsgi.events`."""
        return _CREDENTIALS[self.kind]

    def __repr__(self) -> str:
        return f"<Proved {self.href} by {self.kind.value}>"


@dataclass(frozen=True, slots=True)
class Refused:
    """What was offered is ours to judge, and it is wrong. *why*: a sentence for the log, which holds no secret."""

    kind: Kind
    why: str
    account: ClassVar[None] = None


#: The one answer of its sort.
NOTHING = Nothing()

Answer: TypeAlias = Nothing | Proved | Refused


class Credential(Protocol):
    """One way in which a request can say who sends it. Threads share it."""

    def identify(self, environ: WSGIEnvironment) -> Answer:
        """Who sends the request, as far as this credential says so. Takes one HMAC or one question at the most.

        Raises :class:`~stormpath_wsgi.errors.Unavailable`: that the directory is down makes nobody a stranger.
        """


def first_offered(credentials: tuple[Credential, ...], environ: WSGIEnvironment) -> Answer:
    """The answer of the first of *credentials* that was offered; the others are not asked."""
    for credential in credentials:
        answer = credential.identify(environ)
        if answer is not NOTHING:
            return answer
    return NOTHING


def after_scheme(authorization: str, scheme: str) -> str | None:
    """What an ``Authorization`` header says after *scheme*, in lower case here; None if it names another one.

    Source: RFC 9110, section 11.4.
    """
    named, _, rest = authorization.strip().partition(" ")
    return rest.strip() if named.lower() == scheme else None
