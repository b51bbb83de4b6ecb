"""Identity: the answer to the question who sends a request, for every kind of credential.

There are three answers. :class:`Nothing`: no credential was offered that is ours to judge. :class:`Proved`: a
credential proves an account. :class:`Refused`: a credential is ours to judge, and it is wrong. After a refused
credential, no other one is tried.

The session cookie (:mod:`stormpath_wsgi.session`), the access token (:mod:`.bearer`) and the API key or the password of
an account (:mod:`.basic`) are the three credentials. :mod:`.credentials` asks them in the order of the settings.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Protocol, TypeAlias
from wsgiref.types import WSGIEnvironment

from stormpath_wsgi import events
from stormpath_wsgi.slots import ANY
from stormpath_wsgi.users import RememberedAccount


class CredentialKind(Enum):
    """What a request can offer. The values are those of the setting ``credentials``."""

    #: The session cookie.
    SESSION = "session"
    #: An access token of the application, after ``Authorization: Bearer``.
    BEARER = "bearer"
    #: The API key of an account, or its password, after ``Authorization: Basic``.
    BASIC = "basic"

    @property
    def in_header(self) -> bool:
        """Whether the credential is in the ``Authorization`` header."""
        return self is not CredentialKind.SESSION

    @property
    def sent_by_browsers(self) -> bool:
        """Whether browsers send the credential by themselves, even in requests that a page of another site causes."""
        return self is not CredentialKind.BEARER


class Proof(Enum):
    """What was used to prove an account."""

    #: The password of the account.
    PASSWORD = events.PASSWORD
    #: An access token.
    TOKEN = events.TOKEN
    #: The secret of an API key.
    API_KEY = events.API_KEY
    #: A second factor, in the session beside the password.
    SECOND_FACTOR = events.FACTOR


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nothing was offered that is ours to judge."""

    #: None: there is no account.
    account: ClassVar[None] = None
    #: None: there is no credential.
    kind: ClassVar[None] = None


@dataclass(frozen=True, slots=True, eq=False)
class Proved:
    """A credential proves which account sends the request."""

    #: The account, as it is remembered.
    account: RememberedAccount
    #: The kind of the credential.
    kind: CredentialKind
    #: When it was proved, in seconds since the epoch (UTC): at the sign-in, when the token was issued, or now for what
    #: is in Basic credentials.
    at: float
    #: What was used. A session stands for the sign-in that began it and counts as a
    #: password, also where the application vouched for the account: how somebody signed in is not kept.
    proofs: frozenset[Proof]
    #: The generation of the directory before it was asked. While it does not change, the account is as it was read.
    generation: int
    #: For which accounts that number is (:mod:`stormpath_wsgi.slots`).
    slot: int = ANY

    @property
    def href(self) -> str:
        """The href of the account. Asks for nothing."""
        return self.account.href

    @property
    def credential(self) -> str:
        """What the request brought, in the words of :mod:`stormpath_wsgi.events`."""
        if self.kind is CredentialKind.SESSION:
            return events.SESSION
        (proof,) = self.proofs  # a header has one
        return proof.value

    def __repr__(self) -> str:
        return f"<Proved {self.href} by {self.kind.value}>"


@dataclass(frozen=True, slots=True)
class Refused:
    """A credential was offered that is ours to judge, and it is wrong."""

    #: The kind of the credential.
    kind: CredentialKind
    #: A sentence for the log, without secrets.
    why: str
    #: After how many seconds it may be brought again, where it came too soon to be looked at; None: it was looked at.
    retry_after: int | None = None
    #: None: there is no account.
    account: ClassVar[None] = None


#: The only object of :class:`Nothing`.
NOTHING = Nothing()

Identity: TypeAlias = Nothing | Proved | Refused


class Credential(Protocol):
    """One kind of credential. Threads share the object."""

    def identify(self, environ: WSGIEnvironment) -> Identity:
        """The answer of this credential for a request. It computes one HMAC or asks the directory once, at the most.

        Raises :class:`~stormpath_wsgi.errors.Unavailable` when the directory cannot be asked: then the answer is
        unknown.
        """


def first_offered(credentials: tuple[Credential, ...], environ: WSGIEnvironment) -> Identity:
    """The answer of the first of *credentials* that was offered; the others are not asked."""
    for credential in credentials:
        answer = credential.identify(environ)
        if answer is not NOTHING:
            return answer
    return NOTHING


def after_scheme(authorization: str, scheme: str) -> str | None:
    """The rest of an ``Authorization`` header after *scheme*, which is given in lower case; None for another scheme.

    Source: RFC 9110, section 11.4.
    """
    named, _, rest = authorization.strip().partition(" ")
    return rest.strip() if named.lower() == scheme else None
