"""The embedded identity service: five verbs on paths, in the wire shape of the REST API v1."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

from pydantic import SecretStr

from stormpath_wsgi import kinds
from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.auditing import Auditing, keys_of
from stormpath_wsgi.directory.context import Context
from stormpath_wsgi.directory.crypto.passwords import Passwords
from stormpath_wsgi.directory.crypto.secrets import Secrets
from stormpath_wsgi.directory.delivery import Delivery
from stormpath_wsgi.directory.mail import Mail
from stormpath_wsgi.directory.providers import Providers
from stormpath_wsgi.directory.rows import expansion, records
from stormpath_wsgi.directory.rows.expansion import Wanted
from stormpath_wsgi.directory.rows.query import page, parse_window
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rulebook import BEFORE, CHANGE, CREATE, DOCUMENTS, LISTED, REMOVE, Addition
from stormpath_wsgi.directory.rules import custom_data
from stormpath_wsgi.directory.rules.accounts import (
    code_answers,
    email_change,
    invitations,
    own_password,
    password_reset,
    securing,
    verification,
)
from stormpath_wsgi.directory.rules.accounts.login import attempt_with
from stormpath_wsgi.directory.rules.factors import second_factor
from stormpath_wsgi.directory.rules.tenants.bootstrap import bootstrap, issue_api_key, issue_first_api_key
from stormpath_wsgi.directory.rules.tokens import nonces, oauth, tokens
from stormpath_wsgi.directory.rules.tokens.api_keys import ActiveKey, ActiveKeys
from stormpath_wsgi.directory.rules.tokens.signing import signing_key
from stormpath_wsgi.directory.sms import Send
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.directory.wire.paths import (
    AddressChange,
    AddressToken,
    DataKey,
    InvitationToken,
    Listing,
    MailedCodes,
    NoticeToken,
    OwnPassword,
    ResetToken,
    Resource,
    SecondFactors,
    Target,
    TokenCheck,
    TokenEndpoint,
    VerificationToken,
    parse,
)
from stormpath_wsgi.directory.wire.shapes import SHAPES, to_json
from stormpath_wsgi.errors import Error, fault
from stormpath_wsgi.events import Events, WaitBegan
from stormpath_wsgi.limits.redis import RedisTallies
from stormpath_wsgi.passwords import PasswordCheck
from stormpath_wsgi.settings import AuditSettings, LimitsSettings, MailSettings, PasswordsSettings, ProvidersSettings
from stormpath_wsgi.slots import Generation


class DirectoryService:
    """The service over one *database*, for one tenant; without *tenant_id* for the only tenant of the database.

    A *path* is the part of an href behind the base URL: ``accounts/<id>/groups``. Every verb raises
    :class:`~stormpath_wsgi.errors.Error` with the documented status and code, for example a 404 for resources of other
    tenants, and :class:`~stormpath_wsgi.errors.Unavailable` when the database cannot serve. A verb that raises has
    changed nothing.

    *base_url*: what hrefs start with, without a slash at the end. *passwords*, *secrets*, *sms* and *mail*: None means
    the defaults. *clock*: returns seconds since the epoch. *cache_ttl*: seconds that the service remembers anything at
    the most. *events*: its listeners are told what happens. *limits*: how often something may be tried.
    *new_passwords*: which are refused. *names_audience*: whether the JWTs of tokens have the claim ``aud``. *audit*:
    what is kept of what happens; None: nothing. *encryption_keys*: those of the settings. *providers*: how
    providers are spoken to.
    """

    def __init__(
        self,
        database: Database,
        base_url: str,
        tenant_id: str | None = None,
        *,
        passwords: Passwords | None = None,
        clock: Callable[[], float] = time.time,
        secrets: Secrets | None = None,
        sms: Send | None = None,
        mail: Mail | None = None,
        cache_ttl: float = 60,
        events: Events | None = None,
        limits: LimitsSettings | None = None,
        new_passwords: PasswordsSettings | None = None,
        names_audience: bool = False,
        audit: AuditSettings | None = None,
        encryption_keys: Sequence[str | SecretStr] = (),
        providers: ProvidersSettings | None = None,
    ) -> None:
        self.base_url = base_url
        #: Its listeners are told what happens in the directory, whoever asks for it.
        self.events = events or Events()
        #: Whether only this site uses the database, so that the first program that opens it sets it up.
        self.embedded = database.embedded
        #: Returns a number. As long as it returns the same number, everything that was read since still holds; with a
        #: slot, everything that concerns the accounts of that slot (:mod:`stormpath_wsgi.slots`). Does no I/O.
        self.generation: Generation = database.generation
        limits, new_passwords = limits or LimitsSettings(), new_passwords or PasswordsSettings()
        self._tallies = _tallies(limits)
        self._context = Context(
            database,
            base_url,
            tenant_id,
            passwords or Passwords(),
            clock,
            secrets or Secrets.of(database),
            mail or Mail.of(MailSettings(), base_url, database),
            sms,
            cache_ttl=cache_ttl,
            events=self.events,
            limits=limits.in_force(),
            tallies=self._tallies,
            passphrase=new_passwords.passphrase,
            password_check=_password_check(new_passwords, base_url),
            names_audience=names_audience,
            providers=Providers(providers),
        )
        #: How often something may be tried. Its :attr:`~.Limits.limiter` counts for all who share the database, or the
        #: Redis server that *limits* name.
        self.limits = self._context.limits
        self._delivery = Delivery(self._context)
        self._context.deliver = self._delivery.wake
        self.events.listen(WaitBegan, self._delivery.warn)
        settings = audit or AuditSettings(enabled=False)
        #: What has happened, kept so that it can be proved.
        self.audit = Auditing(self._context, settings, keys_of(settings, database, encryption_keys))
        self._context.record, self._context.recorded = self.audit.record, self.audit.wake
        self._active_keys = ActiveKeys(self._context)

    def active_key(self, api_key_id: str) -> ActiveKey | None:
        """The API key of an administrator with this id; None unless it and its account are ENABLED. Rarely does I/O."""
        return self._active_keys.find(api_key_id)

    def signing_key(self) -> ActiveKey:
        """The API key that signs tokens: the caller's; for a caller in the same process, one of an administrator."""
        return signing_key(self._context)

    def issue_api_key(self, name: str | None = None) -> tuple[str, str]:
        """Makes an API key of the tenant's owner, called *name*, and returns its id and secret.

        The first one also makes the administrators' directory.
        """
        return issue_api_key(self._context, name)

    def issue_first_api_key(self) -> tuple[str, str] | None:
        """Does what :meth:`issue_api_key` does, but only if the administrators have no API key yet; otherwise returns
        None.
        """
        return issue_first_api_key(self._context)

    def called_with(self, api_key_id: str) -> Self:
        """The same service, which acts for the caller that has authenticated with the API key *api_key_id*."""
        acting = copy.copy(self)
        acting._context = self._context.called_with(api_key_id)
        return acting

    def bootstrap(self, application_name: str = "My Application") -> None:
        """Makes a tenant, an application and its directory in an empty database. Does not touch any other database."""
        bootstrap(self._context, application_name)

    def serve(self) -> None:
        """Tells the service that this process serves requests from now on, and will not fork.

        Then it sends mail that earlier processes have not sent, and requests wait less long for a locked SQLite file.
        """
        self._context.database.serve()
        self._delivery.serve()
        self.audit.serve()

    def get(self, path: str, expand: str | None = None) -> Wire:
        """One resource. At ``applications/<id>/authTokens/<token id>`` it is that token, if it is valid there.

        *expand*: the names of links to replace by their resources.
        """
        match self._parse(path):
            case Resource(kind) as target if kind in SHAPES:
                wanted = expansion.parse(expand, kind)
                self._before(target)
                with self._context.read() as work:
                    found = records.load(work, target)
                    expansion.apply(work, [found], wanted)
                return found
            case TokenCheck() as target:
                return tokens.validate(self._context, target, expansion.parse(expand, kinds.RefreshToken))
            case ResetToken() as target:
                return password_reset.get(self._context, target, expand)
            case VerificationToken() as target:
                return verification.get(self._context, target)
            case MailedCodes() as target:
                return code_answers.describe(self._context, target)
            case InvitationToken() as target:
                return invitations.get(self._context, target)
            case AddressChange() as target:
                return email_change.get(self._context, target)
            case AddressToken() as target:
                return email_change.token(self._context, target)
            case NoticeToken() as target:
                return securing.get(self._context, target)
            case SecondFactors() as target:
                return second_factor.get(self._context, target)
        raise fault(Code.METHOD_NOT_OFFERED)

    def get_json(self, path: str, expand: str | None = None) -> str:
        """What :meth:`get` answers, as JSON text. Where nothing is expanded no document is made for it."""
        target = self._parse(path)
        if expand or not isinstance(target, Resource) or target.kind not in SHAPES:
            return to_json(self.get(path, expand))
        self._before(target)
        with self._context.read() as work:
            return records.load_json(work, target)

    def _before(self, target: Resource) -> None:
        """Makes what resources of this kind get only when they are first read (:data:`BEFORE`)."""
        if target.kind in BEFORE:
            BEFORE[target.kind](self._context, target)

    def list(self, path: str, query: Mapping[str, Any] | None = None, expand: str | None = None) -> Wire:
        """One page of a collection.

        *query*: ``q``, attribute matches, ``orderBy``, ``offset``, ``after``, ``limit``, ``exactSize``. ``size`` is the
        number of all matches; with ``sizeIsExact``: false that of all that the collection holds.
        """
        (target, add), query = self._collection(path), query or {}
        wanted = expansion.parse(expand, target.of, resources=parse_window(limit=query.get("limit"))["limit"])
        with self._context.read() as work:
            found = page(work, target, query).wire(work)
            if add is not None:
                add(work, target, found["items"])
            expansion.apply(work, found["items"], wanted)
        if expand and "next" in found:
            found["next"]["href"] += "&" + urlencode({"expand": expand})
        return found

    def list_json(self, path: str, query: Mapping[str, Any] | None = None, expand: str | None = None) -> str:
        """What :meth:`list` answers, as JSON text. See :meth:`get_json`."""
        target, add = self._collection(path)
        if expand or add is not None:
            return to_json(self.list(path, query, expand))
        with self._context.read() as work:
            return page(work, target, query or {}).json(work)

    def _collection(self, path: str) -> tuple[Listing, Addition | None]:
        target = self._parse(path)
        if not isinstance(target, Listing) or target.owner is None or target.of not in SHAPES:
            raise fault(Code.METHOD_NOT_OFFERED)
        return target, LISTED.get((target.owner, target.of))

    def create(self, path: str, properties: Mapping[str, Any], params: Mapping[str, Any] | None = None) -> Wire:
        """Makes a resource from *properties* and returns it whole; for a login attempt, the result.

        *params*: the parameters of the request, ``expand`` and those that the kind knows.
        """
        target, params = self._parse(path), params or {}
        if isinstance(target, TokenEndpoint):
            return oauth.exchange(self._context, target, properties)
        if isinstance(target, MailedCodes):
            return code_answers.answer(self._context, target, properties)
        if not isinstance(target, Listing) or not target.creates:
            raise fault(Code.METHOD_NOT_OFFERED)
        self._delivery.look()
        wanted = expansion.parse(params.get("expand"), target.of)
        made = CREATE[target.of](self._context, target, properties, params)
        # The result of a login attempt was expanded already, in the transaction that has checked the account.
        return self._expanded(made, wanted) if target.of in SHAPES else made

    def log_in(
        self, path: str, login: str, password: str, properties: Mapping[str, Any], params: Mapping[str, Any]
    ) -> Wire:
        """What :meth:`create` answers to a login attempt at *path*, for callers in this process.

        Nothing has to be encoded for them. *properties*: the rest of the attempt, such as its account store.
        """
        target = self._parse(path)
        if not isinstance(target, Listing) or target.of is not kinds.LoginAttempt:
            raise fault(Code.METHOD_NOT_OFFERED)
        self._delivery.look()
        return attempt_with(self._context, target, login, password, properties, params)

    def update(self, path: str, properties: Mapping[str, Any], expand: str | None = None) -> Wire:
        """Changes what *properties* names, and returns the resource whole.

        On the path of a mailed token, it uses the token up.
        """
        match self._parse(path):
            case Resource(kind) as target if kind in CHANGE:
                wanted = expansion.parse(expand, kind)
                changed = CHANGE[kind](self._context, target, properties)
            case ResetToken() as target:
                wanted = expansion.parse(expand, kinds.PasswordResetToken)
                changed = password_reset.reset(self._context, target, properties)
            case VerificationToken() as target:
                wanted, changed = [], verification.verify(self._context, target)
            case InvitationToken() as target:
                wanted, changed = [], invitations.accept(self._context, target, properties)
            case AddressChange() as target:
                self._delivery.look()
                wanted, changed = [], email_change.begin(self._context, target, properties)
            case AddressToken() as target:
                wanted, changed = [], email_change.spend(self._context, target)
            case NoticeToken() as target:
                wanted, changed = [], securing.spend(self._context, target)
            case OwnPassword() as target:
                wanted, changed = [], own_password.change(self._context, target, properties)
            case SecondFactors() as target:
                wanted, changed = [], second_factor.change(self._context, target, properties)
            case _:
                raise fault(Code.METHOD_NOT_OFFERED)
        return self._expanded(changed, wanted)

    def delete(self, path: str) -> None:
        """Removes the resource, and the resources that cannot exist without it. Of custom data it removes all keys, or
        one.

        A resource that the tenant does not have counts as removed, except for kinds that let somebody sign in
        (:attr:`.Kind.gone_is_deleted`): these raise a 404.
        """
        match self._parse(path):
            case Resource(kind) as target if kind in REMOVE:
                self._remove(target)
            case DataKey() as target:
                custom_data.remove_key(self._context, target)
            case AddressChange() as target:
                email_change.cancel(self._context, target)
            case _:
                raise fault(Code.METHOD_NOT_OFFERED)

    def _remove(self, target: Resource) -> None:
        try:
            REMOVE[target.kind](self._context, target)
        except Error as error:  # the transaction was undone
            if error.code != Code.NOT_FOUND or not target.kind.gone_is_deleted:
                raise

    def document(self, path: str) -> tuple[str, bytes]:
        """The media type and the content of a resource that is not JSON, or not JSON only."""
        target = self._parse(path)
        if not isinstance(target, Resource) or target.kind not in DOCUMENTS:
            raise fault(Code.METHOD_NOT_OFFERED)
        return DOCUMENTS[target.kind](self._context, target)

    def verbs(self, path: str) -> frozenset[str]:
        """Which of the five verbs *path* knows, by the names of their methods.

        It does not ask whether the resource exists.
        """
        match self._parse(path):
            case Resource(kind):
                known = {"get": True, "update": kind in CHANGE, "delete": kind in REMOVE}
            case Listing() as target:
                known = {"list": target.owner is not None and target.of in SHAPES, "create": target.creates}
            case DataKey():
                known = {"delete": True}
            case TokenCheck():
                known = {"get": True}
            case TokenEndpoint():
                known = {"create": True}
            case ResetToken():
                known = {"get": True, "update": True}
            case VerificationToken() | InvitationToken() | AddressToken() | NoticeToken() | SecondFactors():
                known = {"get": True, "update": True}
            case MailedCodes():
                known = {"get": True, "create": True}
            case AddressChange():
                known = {"get": True, "update": True, "delete": True}
            case OwnPassword():
                known = {"update": True}
        return frozenset(verb for verb, is_known in known.items() if is_known)

    def wrong_api_key(self, address: str | None) -> None:
        """Counts a wrong API key, which came from *address*; None: from where is not known, and nothing is counted.

        Raises :class:`~stormpath_wsgi.errors.TooManyTries` when too many came from there.
        """
        with self._context.read() as work:
            tenant_id = work.tenant_id
        self.limits.wrong_api_key(tenant_id, address)

    def remember_nonce(self, key_id: str, nonce: str, expires_at: int) -> bool:
        """Whether *nonce* is new among the signed requests of the API key.

        It is remembered until *expires_at*, milliseconds.
        """
        return nonces.remember(self._context, key_id, nonce, expires_at)

    def close(self) -> None:
        """Sends mail that is due, for ten seconds at the most, and closes every connection."""
        self._delivery.close()
        self.audit.close()
        self._context.database.close()
        if self._tallies is not None:
            self._tallies.close()

    def _expanded(self, written: Wire, wanted: Sequence[Wanted]) -> Wire:
        if wanted:
            with self._context.read() as work:
                expansion.apply(work, [written], wanted)
        return written

    def _parse(self, path: str) -> Target:
        own = "tenants/current"
        if path == own or path.startswith(own + "/"):
            with self._context.read() as work:
                path = f"tenants/{work.tenant_id}{path.removeprefix(own)}"
        return parse(path)


def _password_check(settings: PasswordsSettings, base_url: str) -> PasswordCheck | None:
    """What refuses new passwords that are easy to guess; None unless *settings* want the directory to do that."""
    if not settings.in_directory:
        return None
    settings.check()
    words = (f"@{urlsplit(base_url).hostname}", *settings.words)
    return PasswordCheck(settings.known_list, words if settings.own_words else None)


def _tallies(limits: LimitsSettings) -> RedisTallies | None:
    """Where tries are counted; None: in the database. Nothing connects before the first of them."""
    if limits.url is None or not limits.enabled:
        return None
    return RedisTallies(limits.url.get_secret_value())
