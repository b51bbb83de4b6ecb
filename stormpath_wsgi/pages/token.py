"""The token endpoint of the site: where programs, telephones and single-page apps get tokens.

Source: the Stormpath framework specification, "OAuth 2.0"; RFC 6749, section 5.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from webob import Request, Response

from stormpath_wsgi.client.grants import GrantResult
from stormpath_wsgi.codes import INVALID_CLIENT, INVALID_GRANT, INVALID_REQUEST, SLOW_DOWN, UNSUPPORTED_GRANT_TYPE, Code
from stormpath_wsgi.errors import Unavailable
from stormpath_wsgi.events import Declined, at, here
from stormpath_wsgi.flows import TokensRefused
from stormpath_wsgi.pages.answer import Answer, json_answer
from stormpath_wsgi.pages.login import MORE, UNVERIFIED
from stormpath_wsgi.pages.page import Page
from stormpath_wsgi.pages.parameters import media_type, read_body
from stormpath_wsgi.pages.refusal import Refusal, Wait
from stormpath_wsgi.pages.sentences import GENERAL, INVALID_LOGIN, SENTENCES
from stormpath_wsgi.pages.site import Site
from stormpath_wsgi.session import session_of
from stormpath_wsgi.settings import OAuth2Settings
from stormpath_wsgi.texts import marked
from stormpath_wsgi.web.basic import user_and_password
from stormpath_wsgi.web.bodies import FORM
from stormpath_wsgi.web.identity import after_scheme
from stormpath_wsgi.web.language import texts_of
from stormpath_wsgi.web.organizations import organization_of

log = logging.getLogger(__name__)

_FORM_ONLY = marked("Send a form, with the Content-Type application/x-www-form-urlencoded.")
_REQUIRED = marked("The parameter %(name)s is required.")
_UNSUPPORTED = marked("This grant_type is not offered here.")
_BAD_REFRESH_TOKEN = marked("The refresh token is not valid, or not any more.")
_BAD_CLIENT = marked("Invalid Client Credentials")
_BAD_HEADER = marked("Invalid Authorization value")

#: The password is right, and more is asked than a program can answer here (OpenID Connect Core, section 3.1.2.6).
INTERACTION_REQUIRED = "interaction_required"
#: What OAuth calls it that a server cannot answer now (RFC 6749, section 4.1.2.1).
TEMPORARILY_UNAVAILABLE = "temporarily_unavailable"

#: What a 401 has to say (RFC 9110, section 15.5.2).
_CHALLENGE = ("WWW-Authenticate", 'Basic realm="stormpath", charset="UTF-8"')

#: How somebody whose address is not verified is told so, as at the sign-in page.
_NOT_VERIFIED = "%(title)s %(text)s"


class OAuthRefusal(Exception):
    """What a program gets in place of tokens. *error*: the word of OAuth; *refusal*: the sentence and the status."""

    def __init__(self, error: str, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.error, self.refusal = error, refusal


def _refusal(error: str, message: str, status: int = 400, **values: str) -> OAuthRefusal:
    return OAuthRefusal(error, Refusal(message, status=status, **values))


class TokenPage(Page[OAuth2Settings]):
    """Tokens for a password, a refresh token or an API key. A form by ``POST``; the answer is always JSON.

    No cookie of the request has a say in the answer, and so none is set by it that signs anybody in.
    """

    name = "token"
    section = OAuth2Settings
    methods = frozenset({"POST"})
    answers_all = True

    def __init__(self, site: Site, settings: OAuth2Settings) -> None:
        super().__init__(site, settings)
        grants: dict[str, Callable[[Request, Mapping[str, Any]], GrantResult]] = {}
        if settings.password.enabled:
            grants |= {"password": self._password, "refresh_token": self._refresh}
        if settings.client_credentials.enabled:
            grants["client_credentials"] = self._client_credentials
        self._grants = grants

    def __call__(self, request: Request) -> Response | None:
        if request.method in self.methods:
            return super().__call__(request)
        answer = json_answer(None, HTTPStatus.METHOD_NOT_ALLOWED)
        answer.allow = sorted(self.methods)
        return answer

    def answer(self, request: Request, *, html: bool) -> Response:
        try:
            answer = json_answer(self._granted(request).document())
        except OAuthRefusal as refused:
            answer = self._refuse(request, refused)
        except Unavailable as error:
            answer = self._unavailable(request, error)
        except Declined as declined:
            if declined.answer is not None:
                return request.get_response(declined.answer)
            said = declined.message
            message = GENERAL if said in ("", Code.REFUSED_BY_LISTENER.developer_message) else said
            answer = self._refuse(request, _refusal(INVALID_GRANT, message))
        answer.headers["Cache-Control"] = "no-store"  # exactly so (RFC 6749, section 5.1)
        return answer

    def _granted(self, request: Request) -> GrantResult:
        fields = self._fields(request)
        grant = self._grants.get(_required(fields, "grant_type"))
        if grant is None:
            raise _refusal(UNSUPPORTED_GRANT_TYPE, _UNSUPPORTED)
        return grant(request, fields)

    def _fields(self, request: Request) -> Mapping[str, Any]:
        # Only the Content-Type decides, and only a form is read. Nothing here comes from the query, which is in logs.
        if media_type(request) != FORM:
            raise _refusal(INVALID_REQUEST, _FORM_ONLY)
        try:
            return read_body(request, self.site.max_body) or {}
        except Refusal as refusal:
            raise OAuthRefusal(INVALID_REQUEST, refusal) from refusal

    def _password(self, request: Request, fields: Mapping[str, Any]) -> GrantResult:
        login, password = _required(fields, "username"), _required(fields, "password")
        session, here = session_of(request.environ), organization_of(request.environ)
        key = (fields.get("organizationNameKey") or None) if here is None else here.name_key
        try:
            return self.site.flows.tokens.by_password(session, login, password, organization_name_key=key)
        except TokensRefused as refused:
            _check_wait(refused)
            if refused.asks_more:
                raise _refusal(INTERACTION_REQUIRED, MORE) from refused
            if refused.code is Code.ACCOUNT_NOT_VERIFIED:  # said only to who knows the password
                raise _refusal(INVALID_GRANT, _NOT_VERIFIED, **UNVERIFIED._asdict()) from refused
            raise _refusal(INVALID_GRANT, INVALID_LOGIN) from refused

    def _refresh(self, request: Request, fields: Mapping[str, Any]) -> GrantResult:
        token = _required(fields, "refresh_token")
        try:
            return self.site.flows.tokens.by_refresh_token(token)
        except TokensRefused as refused:
            _check_wait(refused)
            raise _refusal(INVALID_GRANT, _BAD_REFRESH_TOKEN) from refused

    def _client_credentials(self, request: Request, fields: Mapping[str, Any]) -> GrantResult:
        encoded = after_scheme(request.headers.get("Authorization", ""), "basic")
        if encoded is None:
            raise _refusal(INVALID_CLIENT, _BAD_CLIENT, HTTPStatus.UNAUTHORIZED)
        pair = user_and_password(encoded)
        if pair is None:
            raise _refusal(INVALID_REQUEST, _BAD_HEADER)
        # Some clients escape both (RFC 6749, section 2.3.1), and others do not. No API key has a percent sign.
        id, secret = map(unquote, pair)
        if not (id and secret):
            raise _refusal(INVALID_CLIENT, _BAD_CLIENT, HTTPStatus.UNAUTHORIZED)
        try:
            with at(page=False):  # the handlers of the settings are for people
                return self.site.flows.tokens.by_api_key(session_of(request.environ), id, secret)
        except TokensRefused as refused:
            _check_wait(refused)
            raise _refusal(INVALID_CLIENT, _BAD_CLIENT, HTTPStatus.UNAUTHORIZED) from refused

    def _refuse(self, request: Request, refused: OAuthRefusal) -> Answer:
        refusal = refused.refusal
        if not isinstance(refusal, Wait):
            log.info("%s refuses %s: %s", self.uri, here().address, refusal.reason)
        told = refusal.told(texts_of(request.environ))
        answer = json_answer({"error": refused.error, "message": told.message}, told.status)
        if told.status == HTTPStatus.UNAUTHORIZED:
            answer.headers.add(*_CHALLENGE)
        answer.retry_after = refusal.retry_after
        return answer

    def _unavailable(self, request: Request, error: Unavailable) -> Answer:
        log.error("The directory is unavailable: %s", error)
        refusal = Refusal(SENTENCES[Code.UNAVAILABLE], status=Code.UNAVAILABLE.status)
        refusal.retry_after = error.retry_after
        return self._refuse(request, OAuthRefusal(TEMPORARILY_UNAVAILABLE, refusal))


def _required(fields: Mapping[str, Any], name: str) -> str:
    """The parameter *name*. One without a value counts as not sent (RFC 6749, section 3.2)."""
    value: str = fields.get(name) or ""
    if not value:
        raise _refusal(INVALID_REQUEST, _REQUIRED, name=name)
    return value


def _check_wait(refused: TokensRefused) -> None:
    """Raises :class:`OAuthRefusal` if the flow refused because of a wait."""
    try:
        Wait.check(refused)
    except Wait as wait:
        raise OAuthRefusal(SLOW_DOWN, wait) from refused
