"""Passkeys: signing in with one, proving with one who is there, and looking after those of an account.

A flow answers the options that a page hands to ``navigator.credentials``, as JSON knows them, and takes what comes of
it as text. The directory judges that, wherever it is (:mod:`stormpath_wsgi.kinds.passkeys`).

Source: Web Authentication, Level 3.
"""

from __future__ import annotations

import base64
import datetime as dt
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from stormpath_wsgi import kinds
from stormpath_wsgi.client import Account, Application, Client
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Error, TooManyTries
from stormpath_wsgi.events import (
    PASSKEY,
    PasskeyAdded,
    PasskeyRemoved,
    ProvedAgain,
    SignedIn,
    SignInFailed,
    SignInStarts,
    reserved,
    told_of,
)
from stormpath_wsgi.flows.browser import Browsers
from stormpath_wsgi.flows.fresh import Fresh
from stormpath_wsgi.flows.own import checked_name, signed_in
from stormpath_wsgi.flows.passkey_challenges import ADD, LIFETIME, PROVE, SIGN_IN, Challenges
from stormpath_wsgi.flows.refusals import PasskeyRefused
from stormpath_wsgi.flows.sign_in import Finished, SignIn, Unfinished
from stormpath_wsgi.kinds import ID, LONGEST_ANSWER, MOST_PASSKEYS, PASSKEY_ALGORITHMS, id_of, parse_instant
from stormpath_wsgi.limits import Limits
from stormpath_wsgi.session import CurrentSession
from stormpath_wsgi.settings import RelyingParty
from stormpath_wsgi.settings.passkeys import LOCALHOST
from stormpath_wsgi.web.environ import PLACE

#: The id of a credential in the answer of a browser, as our script writes it.
_CREDENTIAL = re.compile(r'"id": ?"([A-Za-z0-9_-]{1,1364})"')

Options = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page asks a browser for. *options*: of ``navigator.credentials``, as JSON has them. *challenge*: the text
    that comes back with the answer.
    """

    options: Options
    challenge: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey as its owner sees it. *used*: when it was used last; None: never. *verifies*: whether it asks for a
    finger, a face or a PIN, so that it is enough by itself.
    """

    id: str
    name: str
    made: dt.datetime
    used: dt.datetime | None
    verifies: bool
    credential_id: str


class Passkeys:
    """Lives with the process; threads may share it. *party*: for whom passkeys are made; None: there are none."""

    def __init__(
        self,
        client: Client,
        application: Application,
        sign_in: SignIn,
        fresh: Fresh,
        challenges: Challenges,
        party: RelyingParty | None,
        browsers: Browsers,
        limits: Limits,
    ) -> None:
        self._client, self._application, self._sign_in, self._fresh = client, application, sign_in, fresh
        self._browsers, self._limits = browsers, limits
        self._challenges, self._party = challenges, party
        self._store, self._events = client.data_store, client.events

    def are_offered(self, session: CurrentSession) -> bool:
        """Whether a browser can use passkeys where the request of *session* was sent to. No I/O."""
        return bool(self._origins(session))

    def to_sign_in(self, session: CurrentSession) -> Asked | None:
        """What a browser is asked for with whose passkey somebody wants to sign in, who has not said who it is.

        None: there are no passkeys here. Asks no directory.
        """
        if self._party is None or not self.are_offered(session):
            return None
        return self._asked(self._challenges.make(session, SIGN_IN), self._party, (), "required")

    def to_prove(self, session: CurrentSession, account: Account, *, alone: bool) -> Asked | None:
        """What a browser is asked for that has to prove a passkey of *account*; None: it has none that will do.

        *alone*: whether the passkey has to be enough by itself. As a second factor a security key without a PIN will
        do. Raises :class:`~stormpath_wsgi.Error` when the directory fails.
        """
        if self._party is None or not self.are_offered(session):
            return None
        items = [each for each in self._items(account) if each["verifiesUser"] or not alone]
        if not items:
            return None
        challenge = self._challenges.make(session, PROVE, id_of(account.href))
        return self._asked(challenge, self._party, items, "required" if alone else "preferred")

    def to_add(self, session: CurrentSession) -> Asked | None:
        """What a browser is asked for that is to make a passkey of who is signed in; None: there are no passkeys here.

        Raises :class:`PasskeyRefused` when nobody is; :class:`.FreshRequired` for a sign-in that is too old;
        :class:`~stormpath_wsgi.Error` when the directory fails.
        """
        if self._party is None or not self.are_offered(session):
            return None
        account = signed_in(session, PasskeyRefused)
        self._fresh.check(session)
        id = id_of(account.href)
        challenge = self._challenges.make(session, ADD, id)
        name = account.full_name.strip() or account.email
        options = {
            "challenge": _base64url(challenge),
            "rp": {"id": self._party.id, "name": self._application.name},
            "user": {"id": _base64url(id), "name": account.email, "displayName": name},
            "pubKeyCredParams": [{"type": "public-key", "alg": number} for number in PASSKEY_ALGORITHMS],
            "excludeCredentials": _descriptors(self._items(account)),
            "authenticatorSelection": {"residentKey": "preferred", "userVerification": "preferred"},
            "attestation": "none",
            "timeout": LIFETIME * 1000,
        }
        return Asked(options, challenge)

    def sign_in(
        self,
        session: CurrentSession,
        challenge: object,
        answer: object,
        *,
        organization_name_key: str | None = None,
        remember: bool | None = None,
    ) -> Finished | Unfinished:
        """Sign in whoever has answered the *challenge* of :meth:`to_sign_in`. Both may be anything.

        *organization_name_key*, *remember*: as in :meth:`.SignIn.with_password`. Raises :class:`PasskeyRefused`, which
        is a :class:`SignInRefused`: tell visitors the same whatever its code, but for ``TOO_MANY_TRIES``. With the code
        ``PASSKEY_UNKNOWN`` the browser may be told to forget the passkey. Raises
        :class:`~stormpath_wsgi.events.Declined` when a listener refuses; :class:`~stormpath_wsgi.Error` when the
        directory fails.
        """
        # One that is not ours is no try. It is told to nobody, so strangers cannot fill the audit with it.
        checked = self._challenges.check(session, challenge, SIGN_IN)
        wish = self._wish(session, checked, answer)
        if organization_name_key is not None:
            wish["accountStore"] = {"nameKey": organization_name_key}
        try:
            with self._browsers.trying(session), self._limits.passkey(id_of(self._application.href)) as made:
                proved = self._ask_directory(wish, keeps=True)
                made.succeeded()
        except TooManyTries as error:  # nothing was looked at, and who listens was told when the wait began
            raise PasskeyRefused.of(error) from error
        account = Account(self._client, properties=proved["account"])
        return self._sign_in.enter(session, account, credential=PASSKEY, remember=remember)

    def prove(
        self, session: CurrentSession, account: Account, challenge: object, answer: object, *, alone: bool
    ) -> None:
        """Return if the *challenge* of :meth:`to_prove` was answered by a passkey of *account*. Both may be anything.

        Signs nobody in. Raises :class:`PasskeyRefused`; :class:`~stormpath_wsgi.Error` when the directory fails.
        """
        with self._failing(account=account.href):
            checked = self._challenges.check(session, challenge, PROVE, id_of(account.href))
        wish = {**self._wish(session, checked, answer), "account": {"href": account.href}, "verification": alone}
        self._ask_directory(wish, account=account.href)

    def renew(self, session: CurrentSession, challenge: object, answer: object) -> Account:
        """Begin a new session of the account that is signed in, in the place of this one, by a passkey.

        As :meth:`.Fresh.renew` does by a password, and raises what :meth:`prove` does.
        """
        account = signed_in(session, PasskeyRefused)
        self.prove(session, account, challenge, answer, alone=True)
        account.refresh()
        try:
            session.sign_in(account, remember=session.remember, factor=session.now)
        except Error as error:
            raise PasskeyRefused.of(error) from error
        self._events.emit(ProvedAgain(account=account.href, credential=PASSKEY))
        return account

    def held(self, account: Account) -> list[Passkey]:
        """The passkeys of *account*, the oldest first; none where there are no passkeys. Raises
        :class:`~stormpath_wsgi.Error` when the directory fails, and answers none where it is on another machine and of
        a version that knows none.
        """
        return [] if self._party is None else [_passkey(item) for item in self._items(account)]

    def known(self, account: Account) -> Options | None:
        """What a browser is told so that it forgets passkeys of *account* that were removed: the options of
        ``PublicKeyCredential.signalAllAcceptedCredentials``. None: there are no passkeys.
        """
        if self._party is None:
            return None
        ids = [item["credentialId"] for item in self._items(account)]
        return {"rpId": self._party.id, "userId": _base64url(id_of(account.href)), "allAcceptedCredentialIds": ids}

    def unknown(self, answer: object) -> Options | None:
        """The same for the passkey of an *answer*, which may be anything, that nobody has: the options of
        ``signalUnknownCredential``. None: it names none.
        """
        found = _CREDENTIAL.search(answer) if isinstance(answer, str) and len(answer) <= LONGEST_ANSWER else None
        if self._party is None or found is None:
            return None
        return {"rpId": self._party.id, "credentialId": found[1]}

    def add(self, session: CurrentSession, challenge: object, answer: object, name: object) -> Passkey:
        """Give who is signed in the passkey that was made for the *challenge* of :meth:`to_add`, called *name*.

        All may be anything. Raises :class:`PasskeyRefused` for an answer that will not do, with the field ``name`` for
        such a name, and with the code ``CONFLICT`` for who has :data:`.MOST_PASSKEYS`; :class:`.FreshRequired` for a
        sign-in that is too old; :class:`~stormpath_wsgi.Error` when the directory fails.
        """
        account = signed_in(session, PasskeyRefused)
        self._fresh.check(session)
        wanted = checked_name(name, kinds.Passkey.name, PasskeyRefused)
        checked = self._challenges.check(session, challenge, ADD, id_of(account.href))
        wish = {**self._wish(session, checked, answer), "name": wanted}
        try:
            with reserved(PasskeyAdded) as kept:
                made = self._store.create(f"{account.href}/passkeys", wish)
        except Error as error:
            raise PasskeyRefused.of(error) from error
        told = told_of(kept, PasskeyAdded)
        self._events.emit(told or PasskeyAdded(account=account.href, passkey=id_of(made["href"])))
        return _passkey(made)

    def rename(self, session: CurrentSession, id: object, name: object) -> None:
        """Call the passkey *id* of who is signed in *name*. Both may be anything. Raises as :meth:`add` does."""
        account = signed_in(session, PasskeyRefused)
        self._fresh.check(session)
        wanted = checked_name(name, kinds.Passkey.name, PasskeyRefused)
        href = self._own(account, id)
        try:
            self._store.update(href, {"name": wanted})
        except Error as error:
            raise PasskeyRefused.of(error, field="name") from error

    def remove(self, session: CurrentSession, id: object) -> None:
        """Take the passkey *id*, which may be anything, away from who is signed in.

        Raises :class:`PasskeyRefused` for one of somebody else or that is gone, and with the code ``LAST_WAY_IN`` where
        its owner could not sign in any more; :class:`.FreshRequired` for a sign-in that is too old;
        :class:`~stormpath_wsgi.Error` when the directory fails.
        """
        account = signed_in(session, PasskeyRefused)
        self._fresh.check(session)
        href = self._own(account, id)
        try:
            with reserved(PasskeyRemoved) as kept:
                self._store.delete(href)
        except Error as error:
            raise PasskeyRefused.of(error) from error
        told = told_of(kept, PasskeyRemoved)
        self._events.emit(told or PasskeyRemoved(account=account.href, passkey=id_of(href)))

    def _asked(self, challenge: str, party: RelyingParty, items: Any, verification: str) -> Asked:
        options = {
            "challenge": _base64url(challenge),
            "rpId": party.id,
            "allowCredentials": _descriptors(items),
            "userVerification": verification,
            "timeout": LIFETIME * 1000,
        }
        return Asked(options, challenge)

    def _wish(self, session: CurrentSession, challenge: str, answer: object) -> dict[str, Any]:
        """What the directory is told of an answer."""
        if self._party is None or not isinstance(answer, str) or not 2 <= len(answer) <= LONGEST_ANSWER:
            raise PasskeyRefused(Code.PASSKEY_REFUSED)
        origins = self._origins(session)
        return {"challenge": challenge, "rpId": self._party.id, "origins": origins, "answer": answer}

    def _ask_directory(self, wish: Mapping[str, Any], *, account: str | None = None, keeps: bool = False) -> Any:
        """What the directory knows of who has answered. Raises :class:`PasskeyRefused`."""
        params = {"expand": "account", **({"keeps": "true"} if keeps else {})}
        with reserved(SignInStarts, SignedIn, SignInFailed) as kept:
            try:
                return self._store.create(f"{self._application.href}/passkeyAttempts", wish, params)
            except Error as error:
                whose = next((event.account for event in kept if event.account), account)
                refused = error
        with self._failing(account=whose):
            raise PasskeyRefused.of(refused) from refused

    def _items(self, account: Account) -> list[Mapping[str, Any]]:
        query = {"orderBy": "createdAt asc", "limit": str(MOST_PASSKEYS)}
        try:
            items: list[Mapping[str, Any]] = self._store.list(f"{account.href}/passkeys", query)["items"]
        except Error as error:
            if error.status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
                return []
            raise
        return items

    def _own(self, account: Account, id: object) -> str:
        """The href of the passkey *id*, if it is one of *account*."""
        if not isinstance(id, str) or not ID.match(id):
            raise PasskeyRefused(Code.NOT_FOUND)
        href = f"{self._client.base_url}/{kinds.Passkey.path}/{id}"
        if not any(item["href"] == href for item in self._items(account)):
            raise PasskeyRefused(Code.NOT_FOUND)
        return href

    def _origins(self, session: CurrentSession) -> list[str]:
        """Where a browser may be that answers now: where the settings say the site is, and the host of the organization
        that the request is for. A host that a request names counts only for development, at localhost.
        """
        party, environ = self._party, session.environ
        if party is None or environ is None:
            return []
        found = [] if party.guessed else list(party.origins)
        scheme, host = environ["wsgi.url_scheme"], environ.get("HTTP_HOST", "").lower()
        if party.id == LOCALHOST and _hostname(host) == LOCALHOST:
            found.append(f"{scheme}://{host}")
        place = environ.get(PLACE)
        if place is not None and place.organization is not None and f".{place.domain}".endswith(f".{party.id}"):
            found.append(f"{place.scheme}://{place.organization.name_key.lower()}.{place.domain}{place.port}")
        return list(dict.fromkeys(found))

    @contextmanager
    def _failing(self, account: str | None = None) -> Iterator[None]:
        """Tells who listens that a sign-in failed, if one does in this block."""
        try:
            yield
        except PasskeyRefused as refused:
            self._events.emit(SignInFailed(reason=refused.reason, account=account, credential=PASSKEY))
            raise


def _descriptors(items: Any) -> list[dict[str, Any]]:
    return [{"type": "public-key", "id": item["credentialId"], "transports": item["transports"]} for item in items]


def _base64url(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _hostname(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _passkey(wire: Mapping[str, Any]) -> Passkey:
    used = wire.get("lastUsedAt")
    return Passkey(
        id=id_of(wire["href"]),
        name=wire["name"],
        made=parse_instant(wire["createdAt"]),
        used=None if used is None else parse_instant(used),
        verifies=wire["verifiesUser"],
        credential_id=wire["credentialId"],
    )
