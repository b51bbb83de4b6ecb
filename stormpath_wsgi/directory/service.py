"""The embedded identity service: five verbs on paths, in the wire shape of the REST API v1."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

from stormpath_wsgi import kinds
from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context
from stormpath_wsgi.directory.crypto.passwords import Passwords
from stormpath_wsgi.directory.crypto.secrets import Secrets
from stormpath_wsgi.directory.delivery import Delivery
from stormpath_wsgi.directory.mail import Mail
from stormpath_wsgi.directory.rows import expansion, records
from stormpath_wsgi.directory.rows.expansion import Wanted
from stormpath_wsgi.directory.rows.query import page, parse_window
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rulebook import BEFORE, CHANGE, CREATE, DOCUMENTS, REMOVE
from stormpath_wsgi.directory.rules import custom_data
from stormpath_wsgi.directory.rules.accounts import password_reset, verification
from stormpath_wsgi.directory.rules.tenants.bootstrap import bootstrap, issue_api_key, issue_first_api_key
from stormpath_wsgi.directory.rules.tokens import nonces, oauth, tokens
from stormpath_wsgi.directory.rules.tokens.api_keys import ActiveKey, ActiveKeys
from stormpath_wsgi.directory.sms import Send
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.directory.wire.paths import (
    DataKey,
    Listing,
    ResetToken,
    Resource,
    Target,
    TokenCheck,
    TokenEndpoint,
    VerificationToken,
    parse,
)
from stormpath_wsgi.directory.wire.shapes import SHAPES
from stormpath_wsgi.errors import Error, fault
from stormpath_wsgi.events import Events
from stormpath_wsgi.settings import MailSettings


class DirectoryService:
    """The service over one *database*, for one tenant; without *tenant_id* for the only one there is.

    A *path* is what stands behind the base URL in an href: ``accounts/<id>/groups``. Every verb raises
    :class:`~stormpath_wsgi.errors.Error` with the documented status and code, among them the 404 for whatever
    is not the tenant's, and :class:`~stormpath_wsgi.errors.Unavailable` when the database cannot serve. What
    raises leaves nothing behind.

    *base_url*: what hrefs start with, without a slash at the end. *clock*: seconds since the epoch.
    *cache_ttl*: seconds that the service remembers anything at the most. *events*: who listens.
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
    ) -> None:
        self.base_url = base_url
        #: Who listens to what happens in the directory, whoever asks for it.
        self.events = events or Events()
        #: Whether the database is this program's own, and so set up by whoever opens it first.
        self.embedded = database.embedded
        #: A number that is equal to an earlier one only while what was read then still holds. Costs no I/O.
        self.generation: Callable[[], int] = database.generation
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
        )
        self._delivery = Delivery(self._context)
        self._context.deliver = self._delivery.wake
        self._credentials = ActiveKeys(self._context)

    def active_key(self, api_key_id: str) -> ActiveKey | None:
        """The API key of an administrator that has this id, if it and its account are ENABLED. Costs no I/O mostly."""
        return self._credentials.find(api_key_id)

    def signing_key(self) -> ActiveKey:
        """The API key that tokens are signed with: the caller's, in process one of the tenant's administrators."""
        return oauth.signing_key(self._context)

    def issue_api_key(self, name: str | None = None) -> tuple[str, str]:
        """Id and secret of a new API key of the tenant's owner; the first makes the administrators' directory."""
        return issue_api_key(self._context, name)

    def issue_first_api_key(self) -> tuple[str, str] | None:
        """The same, but None when the administrators have an API key already."""
        return issue_first_api_key(self._context)

    def called_with(self, api_key_id: str) -> Self:
        """The same service, acting for whoever authenticated with that API key."""
        acting = copy.copy(self)
        acting._context = self._context.called_with(api_key_id)
        return acting

    def bootstrap(self, application_name: str = "My Application") -> None:
        """Makes a tenant, an application and its directory in an empty database; leaves any other alone."""
        bootstrap(self._context, application_name)

    def serve(self) -> None:
        """Says that this process serves requests from now on, and will not fork.

        Mail that others have left is sent, and nobody waits long for a SQLite file that is locked.
        """
        self._context.database.serve()
        self._delivery.serve()

    def get(self, path: str, expand: str | None = None) -> Wire:
        """One resource; or at ``applications/<id>/authTokens/<token id>`` that token, if it is good there."""
        match self._parse(path):
            case Resource(kind) as target if kind in SHAPES:
                wanted = expansion.parse(expand, kind)
                if kind in BEFORE:
                    BEFORE[kind](self._context, target)
                with self._context.read() as work:
                    found = records.load(work, target)
                    expansion.apply(work, [found], wanted)
                return found
            case TokenCheck() as target:
                return tokens.validate(self._context, target, expansion.parse(expand, kinds.RefreshToken))
            case ResetToken() as target:
                return password_reset.get(self._context, target, expand)
        raise fault(Code.METHOD_NOT_OFFERED)

    def list(self, path: str, query: Mapping[str, Any] | None = None, expand: str | None = None) -> Wire:
        """One page of a collection. *query*: ``q``, attribute matches, ``orderBy``, ``offset``, ``limit``."""
        target, query = self._parse(path), query or {}
        if not isinstance(target, Listing) or target.owner is None or target.of not in SHAPES:
            raise fault(Code.METHOD_NOT_OFFERED)
        wanted = expansion.parse(expand, target.of, resources=parse_window(limit=query.get("limit"))["limit"])
        with self._context.read() as work:
            found = page(work, target, query)
            expansion.apply(work, found["items"], wanted)
        return found

    def create(self, path: str, properties: Mapping[str, Any], params: Mapping[str, Any] | None = None) -> Wire:
        """The whole new resource; of a login attempt, what came of it. *params*: ``expand`` and what the kind knows."""
        target, params = self._parse(path), params or {}
        if isinstance(target, TokenEndpoint):
            return oauth.exchange(self._context, target, properties)
        if not isinstance(target, Listing) or not target.creates:
            raise fault(Code.METHOD_NOT_OFFERED)
        self._delivery.look()
        wanted = expansion.parse(params.get("expand"), target.of)
        made = CREATE[target.of](self._context, target, properties, params)
        # A login attempt answers with what it has seen, and nothing newer.
        return self._expanded(made, wanted) if target.of in SHAPES else made

    def update(self, path: str, properties: Mapping[str, Any], expand: str | None = None) -> Wire:
        """The whole resource, after what *properties* names was changed. A token that was mailed is spent by it."""
        match self._parse(path):
            case Resource(kind) as target if kind in CHANGE:
                wanted = expansion.parse(expand, kind)
                changed = CHANGE[kind](self._context, target, properties)
            case ResetToken() as target:
                wanted = expansion.parse(expand, kinds.PasswordResetToken)
                changed = password_reset.reset(self._context, target, properties)
            case VerificationToken() as target:
                wanted, changed = [], verification.verify(self._context, target)
            case _:
                raise fault(Code.METHOD_NOT_OFFERED)
        return self._expanded(changed, wanted)

    def delete(self, path: str) -> None:
        """Removes the resource and what lives and dies with it. Custom data is only emptied, as a whole or of a key.

        What is not the tenant's is as good as removed, unless it lets somebody in (:attr:`.Kind.gone_is_deleted`).
        """
        match self._parse(path):
            case Resource(kind) as target if kind in REMOVE:
                self._remove(target)
            case DataKey() as target:
                custom_data.remove_key(self._context, target)
            case _:
                raise fault(Code.METHOD_NOT_OFFERED)

    def _remove(self, target: Resource) -> None:
        try:
            REMOVE[target.kind](self._context, target)
        except Error as error:  # which has undone the transaction, so that nobody is told of a change
            if error.code != Code.NOT_FOUND or not target.kind.gone_is_deleted:
                raise

    def document(self, path: str) -> tuple[str, bytes]:
        """Media type and content of a resource that is no JSON, or not only that."""
        target = self._parse(path)
        if not isinstance(target, Resource) or target.kind not in DOCUMENTS:
            raise fault(Code.METHOD_NOT_OFFERED)
        return DOCUMENTS[target.kind](self._context, target)

    def verbs(self, path: str) -> frozenset[str]:
        """Which of the five verbs *path* knows, by the names of their methods. Looks nothing up but the tenant."""
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
            case VerificationToken():
                known = {"update": True}
        return frozenset(verb for verb, is_known in known.items() if is_known)

    def remember_nonce(self, key_id: str, nonce: str, expires_at: int) -> bool:
        """Whether a request that the API key signed is the first with *nonce*. *expires_at*: milliseconds."""
        return nonces.remember(self._context, key_id, nonce, expires_at)

    def close(self) -> None:
        """Closes every connection to the database, after the mail that is due was given some seconds."""
        self._delivery.close()
        self._context.database.close()

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
