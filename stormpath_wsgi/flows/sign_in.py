"""Signing in: from a login name and a password, or from an account that the application vouches for, to a session.

The order, one method each: listeners of ``SignInStarts`` are asked, the directory is asked, the steps are asked what
else there is to prove, and a session with a new id begins, or the sign-in stays pending. Listeners of ``SignedIn`` or
``SignInFailed`` are told at the end, and before them those of ``SignedOut`` where another account was signed in.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import logging
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar, Protocol, TypeAlias

from stormpath_wsgi.client import Account, Application, Client
from stormpath_wsgi.codes import Code
from stormpath_wsgi.cookie import WAIVED
from stormpath_wsgi.errors import Error, TooManyTries
from stormpath_wsgi.events import (
    APPLICATION,
    FACTOR,
    MAIL,
    PASSWORD,
    REFUSED,
    REGISTRATION,
    Declined,
    Origin,
    SignedIn,
    SignedOut,
    SignInFailed,
    SignInStarts,
    reserved,
)
from stormpath_wsgi.flows.browser import Browsers
from stormpath_wsgi.flows.mailed import AccountStore, mailed_to
from stormpath_wsgi.flows.new_passwords import NewPasswords
from stormpath_wsgi.flows.pending import Pending, PendingSignIns, Progress, password_moment
from stormpath_wsgi.flows.refusals import PendingRefused, SignInRefused
from stormpath_wsgi.kinds import id_of
from stormpath_wsgi.session import CurrentSession

log = logging.getLogger(__name__)


class Step(Protocol):
    """Something that may be asked after the password, on a page of its own. Shared by threads."""

    #: The address of that page, below the mount point of the site. It gets the parameter ``pending``.
    uri: str

    def asks(self, account: Account, origin: Origin) -> str | Waived | None:
        """The name of what *account* has to answer, such as ``code``; None: nothing. :class:`Waived`: it would, and is
        not asked this time.

        It is asked for anew before a session begins, and not any more once what has that name was answered. *origin*:
        where the request comes from. Whatever this raises ends the sign-in, with nothing changed.
        """


@dataclass(frozen=True, slots=True)
class Waived:
    """The question *name* is due, and is not asked at a sign-in with a page, because this browser is trusted.

    To a program, which has no page, a password alone is not enough all the same.
    """

    name: str


@dataclass(frozen=True, slots=True)
class Finished:
    """*account* is signed in, by a new session. *password_is_known*: whether its password, which was proved just now,
    is on the list of stolen ones, and ``passwords.atSignIn`` wants it changed: lead its owner to where that is done.
    """

    account: Account
    password_is_known: bool = False
    asks: ClassVar[None] = None


@dataclass(frozen=True, slots=True)
class Unfinished:
    """*account* has proved something, and is asked for more. Nobody is signed in by that.

    *asks*: the name of the question. *uri*: the address of the page that asks it. *pending*: the text that this page
    brings back, in a form or an address: see :mod:`stormpath_wsgi.flows.pending`. *password_is_known*: as of
    :class:`Finished`; lead its owner there once he is signed in.
    """

    account: Account
    asks: str
    uri: str
    pending: str
    password_is_known: bool = False


@dataclass(frozen=True, slots=True)
class Entered:
    """What came of something that may sign the visitor in at its end, such as a registration: it is done.

    *account*: whose it is. *signed_in*: whether the visitor was signed in by it. *unfinished*: what is asked before
    that, where the visitor was to be signed in and something is; None: nothing.
    """

    account: Account
    signed_in: bool
    unfinished: Unfinished | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What a pending sign-in asks: *name* is that of the question, *account* who has to answer it."""

    account: Account
    name: str


#: What is called when somebody has signed in: with the session, the account, and what was proved first (``password``).
After: TypeAlias = Callable[[CurrentSession, Account, str], object]


class SignIn:
    """Sign-ins to one application. Lives with the process; threads may share it."""

    def __init__(
        self,
        client: Client,
        application: Application,
        pending: PendingSignIns,
        browsers: Browsers,
        new_passwords: NewPasswords,
        *,
        asks_to_remember: bool = False,
    ) -> None:
        """*asks_to_remember*: whether the sign-in page asks if the visitor wants to stay signed in."""
        self._new_passwords = new_passwords
        self._client, self._application, self._pending, self._browsers = client, application, pending, browsers
        #: What is true of those who were not asked, because they did something else than sign in.
        self._unasked = False if asks_to_remember else None
        self._events = client.events
        self._steps: tuple[Step, ...] = ()
        self._after: tuple[After, ...] = ()

    def add_step(self, step: Step) -> None:
        """Have *step* asked at each sign-in from now on, after those that were added before."""
        self._steps = (*self._steps, step)

    def add_after(self, after: After) -> None:
        """Have *after* called when a session has begun by a sign-in, before listeners are told. It must not raise."""
        self._after = (*self._after, after)

    def with_password(
        self,
        session: CurrentSession,
        login: str,
        password: str,
        *,
        account_store: AccountStore | None = None,
        organization_name_key: str | None = None,
        remember: bool | None = None,
    ) -> Finished | Unfinished:
        """Sign in whoever has this *login*, a username or an e-mail address, and this *password*.

        The arguments and what is raised are those of :meth:`prove` and of :meth:`enter`. Raises :class:`SignInRefused`
        with the code ``PASSWORD_KNOWN`` too, where ``passwords.atSignIn`` is ``mail`` and the password is on the list
        of stolen ones: then its owner was mailed a link for another one.
        """
        account = self.prove(
            login,
            password,
            session=session,
            account_store=account_store,
            organization_name_key=organization_name_key,
            keeps=True,
        )
        is_known = self._new_passwords.wants_change(password)
        if is_known:
            self._mail_instead(account, login)
        result = self._enter(session, account, PASSWORD, login, remember)
        return dataclasses.replace(result, password_is_known=is_known)

    def prove(
        self,
        login: str,
        password: str,
        *,
        session: CurrentSession | None = None,
        account_store: AccountStore | None = None,
        organization_name_key: str | None = None,
        keeps: bool = False,
    ) -> Account:
        """Whose *login* and *password* these are. Signs nobody in.

        *session*: of the request. A browser that it shows to be known to the account is not held up by strangers who
        guess its password. *account_store*, *organization_name_key*: search only there, see
        :meth:`~stormpath_wsgi.client.Application.authenticate_account`. *keeps*: a person signs in, who by that keeps
        an account that is to be deleted.

        Raises :class:`SignInRefused`, with the field ``login`` or ``password`` for one that is no text or is blank;
        :class:`~stormpath_wsgi.events.Declined` when a listener refuses; :class:`~stormpath_wsgi.Error` when the
        directory fails.
        """
        _check("login", login, Code.NO_SUCH_ACCOUNT)
        _check("password", password, Code.WRONG_PASSWORD)
        wish = self._ask_listeners(SignInStarts(login=login, password=password, credential=PASSWORD))
        return self._ask_directory(session, wish, account_store, organization_name_key, keeps=keeps)

    def enter(
        self,
        session: CurrentSession,
        account: Account,
        *,
        credential: str = APPLICATION,
        asked: bool = False,
        remember: bool | None = None,
        answers: tuple[str, ...] = (),
        nonce: str | None = None,
    ) -> Finished | Unfinished:
        """Sign *account* in, for whom the caller vouches, as far as nothing else is asked.

        *credential*: what proved it, for events. *asked*: whether :meth:`prove` has asked the listeners already.
        *remember*: whether the visitor wants to stay signed in, for ``session.remember``, or only until the browser is
        closed; None: nobody has asked, so it is as long as ``session.idle`` and ``session.absolute`` say. *answers*:
        the questions that what was proved answers as well: a device that asks for a finger or a PIN is a second factor
        in itself (``factor``). *nonce*: 16 to 128 characters of a URL, which begin one session at most.

        Raises :class:`SignInRefused` when it may not have a session, and :class:`~stormpath_wsgi.events.Declined` when
        a listener refuses; nothing has changed then. Raises :class:`~stormpath_wsgi.Error` when the directory fails.
        """
        if not asked:
            self._ask_listeners(SignInStarts(account=account.href, credential=credential))
        return self._enter(session, account, credential, None, remember, answers, nonce)

    def enter_after(
        self,
        session: CurrentSession,
        account: Account,
        *,
        credential: str,
        wanted: bool,
        remember: bool | None = None,
    ) -> Entered:
        """Sign *account* in after something that is done already, such as its registration, where that is *wanted*, and
        as far as nothing else is asked. *credential*: what proved it, for events and the log. *remember*: as in
        :meth:`enter`, but where the sign-in page asks, and this visitor was not asked, the session ends with the
        browser.

        Where that fails nobody is signed in, and the log tells why: whoever got an error would do it once more.
        """
        try:
            stays = self._unasked if remember is None else remember
            result = self.enter(session, account, credential=credential, remember=stays) if wanted else None
        except Declined:
            log.info("The account %s is not signed in (%s): a listener refuses.", account.href, credential)
            result = None
        except (SignInRefused, Error) as error:
            log.warning("The account %s could not be signed in (%s): %s", account.href, credential, error)
            result = None
        unfinished = result if isinstance(result, Unfinished) else None
        return Entered(account, signed_in=isinstance(result, Finished), unfinished=unfinished)

    def pending(self, session: CurrentSession, text: object) -> Question:
        """What the pending sign-in *text*, which may be anything, asks of whom: for the page that asks it.

        Raises :class:`PendingRefused`; :class:`~stormpath_wsgi.Error` when the directory fails.
        """
        pending = self._pending.read(session, text)
        return Question(self._account(pending.progress), pending.asks)

    def answered(
        self, session: CurrentSession, text: object, name: str, *, by: str | None = None
    ) -> Finished | Unfinished:
        """Go on with the pending sign-in *text*: the caller has seen the right answer to the question *name*. *by*: in
        which way it was answered, where there are several.

        Raises :class:`PendingRefused` for a *text* that is no good, or that asks another question;
        :class:`~stormpath_wsgi.Error` when the directory fails.
        """
        with self._telling():
            pending = self._pending.read(session, text)
            if pending.asks != name:  # the answer to an easy question must not pass for that to a hard one
                raise PendingRefused(Code.TOKEN_NOT_AUTHENTICATED)
        progress = pending.progress
        with self._telling(account=self._href(progress), credential=progress.proved[0]):
            account = self._account(progress)
            answers = (name,) if by is None else (name, f"{name}-{by}")
            return self._go_on(session, account, dataclasses.replace(progress, proved=(*progress.proved, *answers)))

    def ticket(self, session: CurrentSession, text: object) -> str:
        """43 characters that only this browser has while it is asked by the pending sign-in *text*: the same for all
        texts of one sign-in. None: while it has this session. Raises :class:`PendingRefused`.
        """
        if text is None:
            begun = session.session
            known = "" if begun is None else begun.id
        else:
            progress = self._pending.read(session, text).progress
            known = f"{progress.id} {progress.browser}"
        return base64.urlsafe_b64encode(hashlib.sha256(f"ticket {known}".encode()).digest()).decode().rstrip("=")

    def asks_more(self, account: Account, origin: Origin) -> bool:
        """Whether a step asks *account* for more than its password: then no request is signed in by that alone.

        *origin*: where the request comes from.
        """
        try:
            return any(step.asks(account, origin) is not None for step in self._steps)
        except (SignInRefused, Declined):
            return True

    def _mail_instead(self, account: Account, login: str) -> None:
        """Mails a link for a new password and raises :class:`SignInRefused`, where the settings and the directory say
        so. Whoever has a stolen password does not have the mail as well.
        """
        if self._new_passwords.at_sign_in != "mail":
            return
        with self._telling(login=login, account=account.href, credential=PASSWORD):
            if mailed_to(self._application, account, SignInRefused):
                raise SignInRefused(Code.PASSWORD_KNOWN)

    def _ask_listeners(self, event: SignInStarts) -> SignInStarts:
        with self._telling(login=event.login, account=event.account, credential=event.credential):
            return self._events.before(event)

    def _ask_directory(
        self,
        session: CurrentSession | None,
        wish: SignInStarts,
        account_store: AccountStore | None,
        organization_name_key: str | None,
        *,
        keeps: bool,
    ) -> Account:
        try:
            with self._browsers.trying(session), reserved(SignInStarts, SignedIn, SignInFailed) as kept:
                return self._application.authenticate_account(
                    wish.login or "",
                    wish.password or "",
                    account_store=account_store,
                    organization_name_key=organization_name_key,
                    keeps=keeps,
                ).account
        except TooManyTries as error:  # nothing was looked at, and who listens was told when the wait began
            raise SignInRefused.of(error) from error
        except Error as error:
            known = next((event.account for event in kept), None)
            with self._telling(login=wish.login, account=known, credential=wish.credential):
                raise SignInRefused.of(error) from error

    def _enter(
        self,
        session: CurrentSession,
        account: Account,
        credential: str,
        login: str | None,
        remember: bool | None,
        answers: tuple[str, ...] = (),
        nonce: str | None = None,
    ) -> Finished | Unfinished:
        progress = Progress.of(account, credential, remember)
        progress = dataclasses.replace(progress, id=nonce, proved=(*progress.proved, *answers))
        with self._telling(login=login, account=account.href, credential=credential):
            return self._go_on(session, account, progress)

    def _go_on(self, session: CurrentSession, account: Account, progress: Progress) -> Finished | Unfinished:
        """Ask the next question, or begin the session when there is none."""
        waived: set[str] = set()
        for step in self._steps:
            asked = step.asks(account, session.origin())
            name = asked.name if isinstance(asked, Waived) else asked
            if name is None or name in progress.answered:
                continue
            if not isinstance(asked, Waived):
                return Unfinished(account, name, step.uri, self._pending.write(session, Pending(progress, name)))
            waived.add(name)
        self._begin(session, account, progress, waived)
        return Finished(account)

    def _begin(self, session: CurrentSession, account: Account, progress: Progress, waived: Container[str]) -> None:
        before = session.origin()
        # Who has just read a mail of ours, or made the account, needs no mail about that.
        tells = progress.proved[0] not in (MAIL, REGISTRATION)
        new_browser = tells and not self._browsers.knows(session, progress.account_id)
        factor = session.now if FACTOR in progress.answered else WAIVED if FACTOR in waived else None
        try:
            session.sign_in(
                account, nonce=progress.id, remember=progress.remember, factor=factor, new_browser=new_browser
            )
        except Error as error:
            kind = SignInRefused if progress.id is None else PendingRefused
            if error.status == HTTPStatus.NOT_FOUND:  # of the account: it was removed meanwhile
                raise kind(Code.NO_SUCH_ACCOUNT, error=error) from error
            raise kind.of(error) from error
        self._pending.forget(session)
        self._browsers.remember(session, id_of(account.href))
        for after in self._after:
            after(session, account, progress.proved[0])
        for href in session.ended:
            if href != account.href:
                self._events.emit(SignedOut(account=href, actor=before.actor, credential=before.credential))
        by = next((each.partition("-")[2] for each in progress.proved if each.startswith(f"{FACTOR}-")), None)
        self._events.emit(SignedIn(account=account.href, credential=progress.proved[0], factor=by))

    def _account(self, progress: Progress) -> Account:
        """The account as the directory has it now, if it is still the one that was proved."""
        account = Account(self._client, self._href(progress))
        try:
            account.refresh()
        except Error as error:
            if error.status == HTTPStatus.NOT_FOUND:
                raise PendingRefused(Code.NO_SUCH_ACCOUNT, error=error) from error
            raise PendingRefused.of(error) from error
        if not account.is_enabled():
            raise PendingRefused(Code.TOKEN_ACCOUNT_DISABLED)
        if password_moment(account) != progress.password_modified_at:
            raise PendingRefused(Code.WRONG_PASSWORD)
        return account

    def _href(self, progress: Progress) -> str:
        return f"{self._client.base_url}/{Account.path}/{progress.account_id}"

    @contextmanager
    def _telling(self, **facts: Any) -> Iterator[None]:
        """Tells who listens that a sign-in failed, if one does in this block. *facts*: of the event."""
        try:
            yield
        except (SignInRefused, Declined) as refusal:
            reason = refusal.reason if isinstance(refusal, SignInRefused) else REFUSED
            self._events.emit(SignInFailed(reason=reason, **facts))
            raise


def _check(name: str, value: object, code: Code) -> None:
    """Refuses a value that is no text, or blank. That costs no hash, and tells nothing new to the visitor."""
    if not isinstance(value, str) or not value.strip():
        raise SignInRefused(code, field=name)
