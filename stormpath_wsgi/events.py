"""Events: what is about to happen to an account, and what has happened, told to whoever listens.

An event of the kind :class:`BeforeEvent` is asked about before anything is written: a listener may change what it
says, or refuse with a sentence for people (:class:`Declined`). An event of the kind :class:`AfterEvent` is told when
the change is committed: a listener that fails is logged, and the request goes on.

No event shows a password or another secret when it is printed.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import inspect
import json
import logging
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, TypeAlias, TypeVar

from stormpath_wsgi.bound import Bound
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Error, Unavailable

log = logging.getLogger(__name__)

#: Characters of a name of a browser, of a login name and so on, that an event or its line in the log keeps.
LONGEST = 500

#: The reason of a :class:`SignInFailed` when a listener of :class:`SignInStarts` refused.
REFUSED = Code.REFUSED_BY_LISTENER.name

#: The reason of a :class:`SignInFailed` with a right password by HTTP Basic, where the account has to prove more.
MORE_IS_ASKED = "MORE_IS_ASKED"


#: What :attr:`Event.credential` may say: of a sign-in what was offered, of other events what the actor is known by.
PASSWORD = "password"  # noqa: S105 - the word, and no password
API_KEY, TOKEN, SESSION, COMMAND = "api key", "token", "session", "command"
#: The application vouches for the account; somebody has just made it; an ID Site or a second factor has proved it.
APPLICATION, REGISTRATION, ASSERTION, FACTOR = "application", "registration", "assertion", "factor"
#: A passkey, or a security key that has asked for a PIN.
PASSKEY = "passkey"
#: Another site, such as Google, which the directory has asked.
PROVIDER = "provider"
#: What was mailed.
RESET_TOKEN, VERIFICATION_TOKEN, INVITATION_TOKEN = "reset token", "verification token", "invitation token"
#: The same, of a sign-in: the link in a mail proves that the account's mail is read by whoever has opened it.
MAIL = "mail"


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a request comes from: what every event says of whoever caused it.

    *actor*: the href of the account that acts; None: nobody is signed in, or no request is being served. *address*: the
    network address of the client, as the server tells it, or a proxy that the setting ``proxies`` names. *agent*: what
    the client calls itself (``User-Agent``). *credential*: what the actor is known by, such as ``session``.
    *language*: in which the client is answered, a tag of BCP 47; None: not known. *site*: where a
    browser on this machine has reached a development server; None in any other case. *environ*: the WSGI environ of the
    request; None where there is no request of a site. *page*: whether one of our own pages is answering it.
    """

    actor: str | None = None
    address: str | None = None
    agent: str | None = None
    credential: str | None = None
    language: str | None = None
    site: str | None = None
    environ: dict[str, Any] | None = field(default=None, repr=False, compare=False)
    page: bool = False

    @classmethod
    def of(cls, environ: dict[str, Any], **facts: Any) -> Origin:
        """The origin of the request that *environ* is of. *facts* are laid over what it says: without an ``address``
        among them, that is the one of the server's peer.
        """
        said = {"address": _text_of(environ, "REMOTE_ADDR"), "agent": _text_of(environ, "HTTP_USER_AGENT")}
        return cls(environ=environ, **{**said, **facts})

    @property
    def stormpath_agent(self) -> str | None:
        """What a program in front of the site calls itself, in ``X-Stormpath-Agent``; it may be anything."""
        return None if self.environ is None else _text_of(self.environ, "HTTP_X_STORMPATH_AGENT")


def _text_of(environ: Mapping[str, Any], name: str) -> str | None:
    """A variable as text, which WSGI tells as bytes that are one character each (PEP 3333)."""
    value = str(environ.get(name, ""))[:LONGEST]
    return value.encode("latin-1", "replace").decode("utf-8", "replace") or None


class Serving(Protocol):
    """A request that is being served."""

    def origin(self) -> Origin:
        """Where it comes from."""


#: The request that is being served in this context. Bound by the middleware while the application's code runs.
serving: ContextVar[Serving] = ContextVar("stormpath_wsgi.serving")


@dataclass(frozen=True)
class _Said:
    """What :func:`at` says: *facts* are laid over *origin*; None: over that of the request that is being served."""

    origin: Origin | Callable[[], Origin] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


_NOWHERE, _UNSAID = Origin(), _Said()

_said: ContextVar[_Said] = ContextVar("stormpath_wsgi.origin", default=_UNSAID)


def here() -> Origin:
    """Where what is being done comes from: the request that is being served, and what :func:`at` says of it."""
    said, request = _said.get(), serving.get(None)
    origin = said.origin or (_NOWHERE if request is None else request.origin)
    if not isinstance(origin, Origin):
        origin = origin()
    return dataclasses.replace(origin, **said.facts)


def at(origin: Origin | Callable[[], Origin] | None = None, /, **facts: Any) -> Bound[_Said]:
    """Says, until the block is left, where what is done in it comes from: *facts* are laid over *origin*, which may be
    a function that is called whenever somebody asks.

    Without one they are laid over :func:`here`, as that is when something happens: who signs in meanwhile is the actor
    from then on. The names are those of :class:`Origin`.
    """
    outer = _said.get()
    return Bound(_said, _Said(outer.origin, {**outer.facts, **facts}) if origin is None else _Said(origin, facts))


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True, kw_only=True)
class Event:
    """What all events say.

    *time*: when, in UTC. *account*: the href of the account it is about; None where that is not known. The rest is
    that of :class:`Origin`, and is taken from :func:`here` unless it is given. *credential* of a sign-in is what was
    offered: ``password``, ``api key`` and so on; of another event what the actor is known by.
    """

    time: dt.datetime = field(default_factory=_now)
    account: str | None = None
    actor: str | None = field(default_factory=lambda: here().actor)
    address: str | None = field(default_factory=lambda: here().address)
    agent: str | None = field(default_factory=lambda: here().agent)
    credential: str | None = field(default_factory=lambda: here().credential)


class BeforeEvent(Event):
    """Something is about to happen. A listener may answer a changed event, or raise :class:`Declined`."""


class AfterEvent(Event):
    """Something has happened, and is committed."""

    #: Whether the audit has this very event already, written in the transaction of the change.
    is_kept: ClassVar[bool] = False


@dataclass(frozen=True, kw_only=True)
class SignInStarts(BeforeEvent):
    """Somebody wants to sign in, and nothing is checked yet.

    *login*: the user name or address that was typed in, or the id of an API key. *password*: what was typed in; None
    where no password is offered.
    """

    login: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class RegistrationStarts(BeforeEvent):
    """An account is about to be made.

    *data*: what it will be, by the names of :class:`~stormpath_wsgi.client.Account`: ``email``, ``given_name``,
    ``password``, ``custom_data`` and so on. It cannot be changed in place.
    """

    data: Mapping[str, Any] = field(repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", types.MappingProxyType(dict(self.data)))


@dataclass(frozen=True, kw_only=True)
class PasswordChangeStarts(BeforeEvent):
    """*account* is about to get the new *password*, which was not compared with any rule yet."""

    password: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class SignedIn(AfterEvent):
    """*account* has signed in. *factor*: how a second factor was proved after what was offered first, such as ``app``;
    None: none was.
    """

    factor: str | None = None


@dataclass(frozen=True, kw_only=True)
class ProvedAgain(AfterEvent):
    """*account*, which was signed in, has proved once more that it is still the same person, before a risky change."""


@dataclass(frozen=True, kw_only=True)
class SignInFailed(AfterEvent):
    """Somebody could not sign in.

    *reason* is for the log and for listeners only, never for the person: the name of a
    :class:`~stormpath_wsgi.codes.Code`, such as ``WRONG_PASSWORD`` or ``REFUSED_BY_LISTENER``; or ``MORE_IS_ASKED``:
    a password alone is not enough for this account. *login*: the name that was given. *account*: whose name that is,
    where the directory is in this program and knows it.
    """

    reason: str
    login: str | None = None


@dataclass(frozen=True, kw_only=True)
class SignedOut(AfterEvent):
    """*account* has signed out of this browser. None: nobody was signed in, and somebody signed out all the same."""


@dataclass(frozen=True, kw_only=True)
class Registered(AfterEvent):
    """*account* was made."""


@dataclass(frozen=True, kw_only=True)
class Invited(AfterEvent):
    """An address was mailed that it is invited to make an account.

    *email*: which, not printed. *invitation*: the href.
    """

    email: str = field(repr=False)
    invitation: str


@dataclass(frozen=True, kw_only=True)
class InvitationAccepted(AfterEvent):
    """*account* was made by somebody who was invited. :class:`Registered` is told before."""


@dataclass(frozen=True, kw_only=True)
class PasswordChanged(AfterEvent):
    """*account* has another password. All its sessions have ended."""


@dataclass(frozen=True, kw_only=True)
class AccountUpdated(AfterEvent):
    """*account* has another name or user name. *changed*: which attributes, as JSON calls them: ``givenName``."""

    changed: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class DeletionAsked(AfterEvent):
    """The owner of *account* wants it to be deleted, which happens when it is *due*. Until then it is DISABLED."""

    due: dt.datetime


@dataclass(frozen=True, kw_only=True)
class DeletionStopped(AfterEvent):
    """*account*, which was to be deleted, is kept: its owner has signed in, or somebody has set it to ENABLED."""


@dataclass(frozen=True, kw_only=True)
class AccountDeleted(AfterEvent):
    """*account* was deleted, with all that it held."""


@dataclass(frozen=True, kw_only=True)
class EmailChanged(AfterEvent):
    """*account* has another e-mail address: *new* in the place of *old*. Neither is printed."""

    old: str = field(repr=False)
    new: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class AccountSecured(AfterEvent):
    """Whoever reads the mail of *account* says that a notice told of somebody else: all its sessions have ended."""


@dataclass(frozen=True, kw_only=True)
class StatusChanged(AfterEvent):
    """*account* has another status: *new* in the place of *old*. All its sessions have ended unless it is ENABLED."""

    old: str
    new: str


@dataclass(frozen=True, kw_only=True)
class GroupJoined(AfterEvent):
    """*account* is in *group*, an href."""

    group: str


@dataclass(frozen=True, kw_only=True)
class GroupLeft(AfterEvent):
    """*account* is not in *group*, an href, any more."""

    group: str


@dataclass(frozen=True, kw_only=True)
class ApiKeyMade(AfterEvent):
    """*account* has a new API key. *key*: its id, which is no secret."""

    key: str


@dataclass(frozen=True, kw_only=True)
class ApiKeyDisabled(AfterEvent):
    """An API key of *account* is no longer good. *key*: its id. *removed*: whether it was deleted, and not only
    disabled.
    """

    key: str
    removed: bool = False


@dataclass(frozen=True, kw_only=True)
class ApiKeyEnabled(AfterEvent):
    """An API key of *account* that was disabled is good again. *key*: its id."""

    key: str


@dataclass(frozen=True, kw_only=True)
class FactorAdded(AfterEvent):
    """*account* has another second factor from now on, or one that was disabled counts again. *factor*: its href.
    *type*: as a factor has it.
    """

    factor: str
    type: str


@dataclass(frozen=True, kw_only=True)
class FactorRemoved(AfterEvent):
    """A second factor of *account*, which counted, is gone, or is disabled. *factor*: its href. *type*: as a factor has
    it.
    """

    factor: str
    type: str


@dataclass(frozen=True, kw_only=True)
class RecoveryCodesMade(AfterEvent):
    """*account* has new recovery codes; those of before are worth nothing."""


@dataclass(frozen=True, kw_only=True)
class RecoveryCodeUsed(AfterEvent):
    """A recovery code of *account* was used, as its second factor. *left*: how many it still has."""

    left: int


@dataclass(frozen=True, kw_only=True)
class PasskeyAdded(AfterEvent):
    """*account* has a new passkey or security key. *passkey*: its id, which is no secret."""

    passkey: str


@dataclass(frozen=True, kw_only=True)
class PasskeyRemoved(AfterEvent):
    """A passkey or security key of *account* is no longer good. *passkey*: its id."""

    passkey: str


@dataclass(frozen=True, kw_only=True)
class AccountLinked(AfterEvent):
    """*account* and *other*, an href, belong to one person from now on. Where one of them is of a provider, such as
    Google, that is *other*.
    """

    other: str


@dataclass(frozen=True, kw_only=True)
class AccountUnlinked(AfterEvent):
    """*account* and *other*, an href, were linked, and are not any more; see :class:`AccountLinked`."""

    other: str


@dataclass(frozen=True, kw_only=True)
class SessionEnded(AfterEvent):
    """Sessions of *account* were ended from elsewhere: by the *actor*, which is the account itself where its owner has
    signed another place out; or by a program.
    """


@dataclass(frozen=True, kw_only=True)
class RefreshTokenReused(AfterEvent):
    """Somebody has used a refresh token of *account* that another one had replaced: one of the two may be a thief. The
    session that it belongs to has ended, with all its tokens.
    """


@dataclass(frozen=True, kw_only=True)
class ConfigurationChanged(AfterEvent):
    """An administrator, or a program that acts for one, has made, changed or removed something that accounts depend on.

    *what*: such as ``Application``, ``Directory``, ``Group``, ``PasswordPolicy``. *resource*: the href. *action*:
    ``made``, ``changed`` or ``removed``. *changed*: which attributes were written, as JSON calls them.
    """

    what: str
    resource: str
    action: str
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class WaitBegan(AfterEvent):
    """Something was tried so often that the next try has to wait for so many *seconds*.

    *limit*: which limit says so, as the settings name it, such as ``accountAndAddress``. *account*: whose account it
    is, where there is one. *login*: the name that was given.
    """

    limit: str
    seconds: int
    login: str | None = None


@dataclass(frozen=True, kw_only=True)
class LimitsUnavailable(AfterEvent):
    """Tries cannot be counted for all processes together: each process counts by itself until they can."""


class Declined(Exception):
    """What a listener of a :class:`BeforeEvent` raises: it shall not happen.

    *message*: why, in a sentence for the person who asked. *answer*: a WSGI application, such as a response of WebOb or
    Werkzeug, that our pages send in the place of their own; who asks in another way gets the *message*.
    """

    def __init__(self, message: str, *, answer: Any = None) -> None:
        super().__init__(message)
        self.message, self.answer = message, answer


E = TypeVar("E", bound=Event)
B = TypeVar("B", bound=BeforeEvent)
A = TypeVar("A", bound=AfterEvent)

Listener: TypeAlias = Callable[[Any], object]
#: A listener with the kind of events that it is for.
Heard: TypeAlias = tuple[type[Event], Listener]

_NOTHING: Mapping[type[Event], list[Event]] = types.MappingProxyType({})

#: The kinds of events that a calling function tells itself, each list with those that were kept for it.
_reserved: ContextVar[Mapping[type[Event], list[Event]]] = ContextVar("stormpath_wsgi.reserved", default=_NOTHING)


@contextmanager
def reserved(*kinds: type[Event]) -> Iterator[list[Event]]:
    """Until the block is left, events of *kinds* are for the caller to tell, who sees more of what happens.

    So each comes once, although a flow calls a verb that would tell it too. A :class:`BeforeEvent` is not asked about
    in the block. An :class:`AfterEvent` is kept in the list that this answers, where the caller may look at what the
    verb knew.
    """
    kept: list[Event] = []
    token = _reserved.set({**_reserved.get(), **dict.fromkeys(kinds, kept)})
    try:
        yield kept
    finally:
        _reserved.reset(token)


def told_of(kept: Iterable[Event], kind: type[A]) -> A | None:
    """The first event of *kind* that a directory in this process has told in a block of :func:`reserved`; None: there
    is none. A flow tells that one, so that the audit has it once.
    """
    return next((event for event in kept if isinstance(event, kind)), None)


class Events:
    """Who listens to the events of one directory. Shared by threads. Listeners can be added at any time.

    Each :class:`AfterEvent` is a line in the log ``stormpath_wsgi.events``, whoever else listens. *listeners*: the
    first ones, see :meth:`listen`.
    """

    def __init__(self, listeners: Iterable[Heard] = ()) -> None:
        self._heard: tuple[Heard, ...] = ()
        self.listen(AfterEvent, write_line)
        for kind, listener in listeners:
            self.listen(kind, listener)

    def listen(self, kind: type[E], listener: Callable[[E], object]) -> None:
        """Calls *listener* with each event of *kind* from now on, after those who listened before.

        *kind* may be a class of several: :class:`AfterEvent`, :class:`Event`. What a listener of a
        :class:`BeforeEvent` may do says :meth:`before`. Raises TypeError for what is no event or cannot be called.
        """
        if not _is_kind(kind):
            raise TypeError(f"{kind!r} is no kind of event: name a class of stormpath_wsgi.events, such as SignedIn.")
        if not callable(listener):
            raise TypeError(f"{listener!r} cannot listen: give a function that takes the event.")
        self._heard = (*self._heard, (kind, listener))

    def before(self, event: B) -> B:
        """*event* as the listeners have it, asked in order. A listener answers None: it stays as it is; or another one
        of the same class, made by :func:`dataclasses.replace`.

        Raises :class:`Declined` when a listener does, and whatever else one raises; TypeError for another answer. Call
        it outside of transactions: a listener may take its time.
        """
        if type(event) in _reserved.get():
            return event
        with _nothing_reserved():
            for listener in self._of(event):
                answer = _asked(listener, event)
                if answer is None:
                    continue
                if type(answer) is not type(event):
                    raise TypeError(
                        f"{_name(listener)} answered {type(answer).__name__} to {type(event).__name__}: answer None, "
                        "or the event as dataclasses.replace makes it."
                    )
                event = answer
        return event

    def emit(self, event: AfterEvent) -> None:
        """Tells *event* to the listeners in order. What one raises is logged, and the others are told all the same."""
        kept = _reserved.get().get(type(event))
        if kept is not None:
            kept.append(event)
            return
        with _nothing_reserved():
            for listener in self._of(event):
                try:
                    listener(event)
                except Exception:  # whatever it is, what has happened stays, and the others are told
                    log.exception("The listener %s failed on %r.", _name(listener), event)

    def _of(self, event: Event) -> Iterator[Listener]:
        return (listener for kind, listener in self._heard if isinstance(event, kind))


def write_line(event: AfterEvent) -> None:
    """Writes *event* into the log ``stormpath_wsgi.events``: one line of JSON, in ASCII, with what is known of it.

    What is not printed with the event is not logged either. A sign-out of nobody is no line.
    """
    if log.isEnabledFor(logging.INFO) and not (isinstance(event, SignedOut) and event.account is None):
        shown = {each.name: getattr(event, each.name) for each in dataclasses.fields(event) if each.repr}
        told = {name: _plain(value) for name, value in shown.items() if value is not None}
        log.info("%s", json.dumps({"event": type(event).__name__, **told}))


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.isoformat(timespec="milliseconds")
    return value[:LONGEST] if isinstance(value, str) else value


def heard(listener: Listener) -> list[Heard]:
    """The kinds of events that *listener* is for, each with the listener: what its first parameter is annotated with.

    That is a class of this module, or several of them as ``A | B``. Raises ValueError.
    """
    kinds = _annotated(listener)
    if not all(map(_is_kind, kinds)):
        raise ValueError(_UNDECLARED)
    return [(kind, listener) for kind in kinds]


_UNDECLARED = (
    "give the parameter of each listener the kind of its events as an annotation, with a class of "
    "stormpath_wsgi.events: def greet(event: SignedIn)"
)


def _is_kind(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Event)


def _annotated(listener: Listener) -> tuple[Any, ...]:
    """What the first parameter of *listener* is annotated with."""
    try:
        parameters = list(inspect.signature(listener, eval_str=True).parameters.values())
    except (TypeError, ValueError, NameError) as error:
        raise ValueError(f"{_UNDECLARED} ({error})") from error
    if not parameters:
        raise ValueError(_UNDECLARED)
    annotation = parameters[0].annotation
    is_union = isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union
    return typing.get_args(annotation) if is_union else (annotation,)


@contextmanager
def _nothing_reserved() -> Iterator[None]:
    """What a listener does is told by the verbs that it uses: no calling function knows of it."""
    token = _reserved.set(_NOTHING)
    try:
        yield
    finally:
        _reserved.reset(token)


def _asked(listener: Listener, event: BeforeEvent) -> Any:
    """What *listener* answers. An error of a directory that it has asked is no verdict on what the visitor sent."""
    try:
        return listener(event)
    except Unavailable:
        raise
    except Error as error:
        raise RuntimeError(f"{_name(listener)} failed on {type(event).__name__}: {error}") from error


def _name(listener: Any) -> str:
    return getattr(listener, "__qualname__", type(listener).__qualname__)
