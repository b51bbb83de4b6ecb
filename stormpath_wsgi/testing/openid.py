"""A small OpenID provider on this machine, for tests and development: real keys, real tokens, and faults on demand.

It proves nothing about anybody: whoever opens its page chooses who to be. So it answers on a loopback address only.

Source: OpenID Connect Core 1.0 and Discovery 1.0, RFC 6749, RFC 7636 (PKCE), RFC 7662, RFC 9207.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

from joserfc import jws
from joserfc.jwk import ECKey
from markupsafe import Markup, escape
from werkzeug.exceptions import HTTPException
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

#: Faults of the tokens that the provider issues.
TokenFault = Literal[
    "another audience",
    "another issuer",
    "another nonce",
    "expired",
    "from the future",
    "no subject",
    "unknown key",
    "unsigned",
    "signed with the public key",
]
#: Faults of its answers, at every address that programs ask.
AnswerFault = Literal["another issuer", "another person", "big", "down", "HTML", "no JSON", "redirect", "slow"]

#: How long its tokens are good, in seconds.
LIFETIME = 300
#: The bytes of an answer that is too big.
BIG = 10 * 1024 * 1024


def _people() -> dict[str, dict[str, Any]]:
    return {
        "ada": {
            "name": "Ada Lovelace",
            "given_name": "Ada",
            "family_name": "Lovelace",
            "email": "ada@example.org",
            "email_verified": True,
        },
        "grace": {
            "name": "Grace Hopper",
            "given_name": "Grace",
            "family_name": "Hopper",
            "email": "grace@example.org",
            "email_verified": True,
        },
        "mallory": {
            "name": "Mallory",
            "given_name": "Mallory",
            "email": "ada@example.org",
            "email_verified": False,
        },
    }


@dataclass(slots=True)
class _Grant:
    """What a code or an access token is good for."""

    user: str
    client_id: str
    redirect_uri: str
    nonce: str | None
    challenge: str | None
    scope: str


class OpenIDProvider:
    """An OpenID provider at ``issuer``, as long as the block lasts: ``with OpenIDProvider() as provider``.

    *people*: those who may sign in, by the names on the buttons, each with the claims that are told of her; ``sub`` is
    the name where it is not among them. None: ada and grace, whose addresses are verified, and mallory, who says
    that she has ada's. *client_id* and *client_secret*: of the one program that it knows. *port*: 0 for any. *clock*:
    returns seconds since the epoch; None: the clock of Python.

    A site asks it only if the setting ``providers.privateAddresses`` is on, as in :attr:`settings`.
    """

    def __init__(
        self,
        people: dict[str, dict[str, Any]] | None = None,
        *,
        client_id: str = "test-client",
        client_secret: str = "test-secret",  # noqa: S107 - of nothing that exists
        port: int = 0,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.people = _people() if people is None else people
        self.client_id, self.client_secret, self.port = client_id, client_secret, port
        self.clock = clock or time.time
        #: What was asked, as ``"POST /token"``, in order.
        self.asked: list[str] = []
        #: More claims for every ID token, such as ``acr``.
        self.claims: dict[str, Any] = {}
        #: Whether ID tokens hold nothing of a person but who it is, so that the rest has to be asked for.
        self.bare = False
        self._key = _new_key()
        self._published = [self._key]
        self._codes: dict[str, _Grant] = {}
        self._tokens: dict[str, _Grant] = {}
        self._token_faults: set[TokenFault] = set()
        self._answer_faults: dict[str, AnswerFault] = {}
        self._released = threading.Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Answer from now on, in a thread."""
        self._server = make_server("127.0.0.1", self.port, self._serve, threaded=True, request_handler=_Silent)
        self.port = self._server.server_port
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, name="openid-provider", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Answer no more. Who waits for a slow answer gets it."""
        self._released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def issuer(self) -> str:
        """What the provider calls itself, and where it is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def provider(self) -> dict[str, Any]:
        """The Provider resource of a directory whose accounts come from here."""
        return {
            "providerId": "test",
            "issuer": self.issuer,
            "clientId": self.client_id,
            "clientSecret": self.client_secret,
        }

    @property
    def settings(self) -> dict[str, Any]:
        """Keywords for ``StormpathMiddleware``: a site through which people sign in here, at ``/login/test``."""
        client = {"clientId": self.client_id, "clientSecret": self.client_secret, "issuer": self.issuer}
        return {"web": {"social": {"test": client}}, "providers": {"privateAddresses": True}}

    # What a browser does.

    def answer(self, location: str, user: str | None = "ada") -> str:
        """Where a browser is sent back to that was sent to *location*, and whose person has chosen *user*; None: she
        has cancelled. Nothing is sent over the network.

        Raises ValueError for a *location* that the provider would show an error for.
        """
        address = urlsplit(location)
        if f"{address.scheme}://{address.netloc}{address.path}" != f"{self.issuer}/authorize":
            raise ValueError(f"{location} is not of the provider {self.issuer}")
        return self._sent_back(dict(parse_qsl(address.query)), user)

    def code(
        self,
        user: str = "ada",
        *,
        redirect_uri: str = "http://localhost/callback",
        nonce: str | None = None,
        code_challenge: str | None = None,
        scope: str = "openid profile email",
    ) -> str:
        """A code for *user*, as a browser would bring it."""
        return self._issue(self._codes, _Grant(user, self.client_id, redirect_uri, nonce, code_challenge, scope))

    def access_token(self, user: str = "ada", *, client_id: str | None = None) -> str:
        """An access token for *user*, issued to the program *client_id*; None: to the one that is known."""
        scope = "openid profile email"
        return self._issue(self._tokens, _Grant(user, client_id or self.client_id, "", None, None, scope))

    # What goes wrong.

    def rotate_keys(self, *, keeps: bool = False) -> None:
        """Sign with a new key from now on. *keeps*: whether the one before is still published."""
        self._key = _new_key()
        self._published = [self._key, *(self._published if keeps else [])]

    @contextmanager
    def token_fault(self, fault: TokenFault) -> Iterator[None]:
        """Issue ID tokens with that *fault* while the block lasts."""
        self._token_faults.add(fault)
        try:
            yield
        finally:
            self._token_faults.discard(fault)

    @contextmanager
    def answer_fault(self, fault: AnswerFault, *paths: str) -> Iterator[None]:
        """Answer so at *paths* while the block lasts, such as ``/token``; without them wherever programs ask."""
        at = paths or ("/.well-known/openid-configuration", "/jwks", "/token", "/userinfo", "/introspect")
        before, self._answer_faults = self._answer_faults, {**self._answer_faults, **dict.fromkeys(at, fault)}
        self._released.clear()
        try:
            yield
        finally:
            self._answer_faults = before
            self._released.set()

    # What it answers.

    def _serve(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        self.asked.append(f"{request.method} {request.path}")
        try:
            answer = self._broken(request) or self._answered(request)
        except HTTPException as error:
            return error(environ, start_response)
        return answer(environ, start_response)

    def _answered(self, request: Request) -> Response:
        match request.method, request.path:
            case "GET", "/.well-known/openid-configuration":
                return _json(self._metadata())
            case "GET", "/jwks":
                return _json({"keys": [key.as_dict(private=False) for key in self._published]})
            case "GET", "/authorize":
                return self._page(request.args.to_dict())
            case "POST", "/authorize":
                return self._chosen(request.form.to_dict())
            case "POST", "/token":
                return self._token(request)
            case "GET" | "POST", "/userinfo":
                return self._user_info(request)
            case "POST", "/introspect":
                return self._introspected(request)
        return Response("There is nothing here.\n", 404)

    def _broken(self, request: Request) -> Response | None:
        fault = self._answer_faults.get(request.path)
        match fault:
            case "big":
                return Response(b'{"a": "' + b"a" * BIG + b'"}', content_type="application/json")
            case "down":
                return Response("Down for maintenance.\n", 503)
            case "HTML":
                return Response("<!doctype html><title>Welcome</title>", content_type="text/html")
            case "no JSON":
                return Response('{"access_token": ', content_type="application/json")
            case "redirect":
                return Response(status=302, headers={"Location": f"{self.issuer}/elsewhere"})
            case "slow":
                self._released.wait(60)
        return None

    def _metadata(self) -> dict[str, Any]:
        elsewhere = self._answer_faults.get("/.well-known/openid-configuration") == "another issuer"
        return {
            "issuer": "https://issuer.example" if elsewhere else self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "introspection_endpoint": f"{self.issuer}/introspect",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": ["openid", "profile", "email"],
            "authorization_response_iss_parameter_supported": True,
        }

    def _page(self, asked: Mapping[str, str]) -> Response:
        """One button for each person, and one to cancel."""
        try:
            self._check(asked)
        except ValueError as error:
            return Response(f"{error}\n", 400)
        hidden = Markup("").join(
            Markup('<input type="hidden" name="{}" value="{}">').format(*item) for item in asked.items()
        )
        buttons = Markup("").join(
            Markup('<p><button name="user" value="{}">{}</button></p>').format(user, claims.get("name", user))
            for user, claims in self.people.items()
        )
        return _html(_PAGE.format(hidden=hidden, buttons=buttons, client=escape(self.client_id)))

    def _chosen(self, form: dict[str, str]) -> Response:
        user = form.pop("user", None)
        if user is not None and user not in self.people:
            return Response("Nobody is called so.\n", 400)
        try:
            return Response(status=303, headers={"Location": self._sent_back(form, user)})
        except ValueError as error:
            return Response(f"{error}\n", 400)

    def _check(self, asked: Mapping[str, str]) -> None:
        if asked.get("client_id") != self.client_id:
            raise ValueError("The client_id is not known.")
        if urlsplit(asked.get("redirect_uri", "")).scheme not in ("http", "https"):
            raise ValueError("The redirect_uri is missing.")
        if asked.get("response_type") != "code" or "openid" not in asked.get("scope", "").split():
            raise ValueError("Only response_type=code with the scope openid is known.")
        if "code_challenge" in asked and asked.get("code_challenge_method") != "S256":
            raise ValueError("Only the code_challenge_method S256 is known.")

    def _sent_back(self, asked: Mapping[str, str], user: str | None) -> str:
        self._check(asked)
        told = {"state": asked["state"]} if "state" in asked else {}
        told["iss"] = self.issuer
        if user is None:
            told |= {"error": "access_denied", "error_description": "The person has cancelled."}
        else:
            told["code"] = self.code(
                user,
                redirect_uri=asked["redirect_uri"],
                nonce=asked.get("nonce"),
                code_challenge=asked.get("code_challenge"),
                scope=asked["scope"],
            )
        joint = "&" if urlsplit(asked["redirect_uri"]).query else "?"
        return f"{asked['redirect_uri']}{joint}{urlencode(told)}"

    def _token(self, request: Request) -> Response:
        if not self._knows_client(request):
            return _json({"error": "invalid_client"}, 401)
        grant = self._codes.pop(request.form.get("code", ""), None)  # once
        verifier = request.form.get("code_verifier", "")
        if (
            request.form.get("grant_type") != "authorization_code"
            or grant is None
            or grant.redirect_uri != request.form.get("redirect_uri")
            or (grant.challenge is not None and not hmac.compare_digest(_challenge(verifier), grant.challenge))
        ):
            return _json({"error": "invalid_grant", "error_description": "The code is not good."}, 400)
        access_token = self._issue(self._tokens, grant)
        return _json(
            {
                "access_token": access_token,
                "token_type": "Bearer",
                "expires_in": LIFETIME,
                "refresh_token": secrets.token_urlsafe(),
                "scope": grant.scope,
                "id_token": self._id_token(grant, access_token),
            }
        )

    def _knows_client(self, request: Request) -> bool:
        told = request.authorization
        if told is not None and told.type == "basic":
            pair = (told.username, told.password)
        else:
            pair = (request.form.get("client_id"), request.form.get("client_secret"))
        return pair == (self.client_id, self.client_secret)

    def _claims(self, grant: _Grant) -> dict[str, Any]:
        """Of the person, those that belong to the scope (OpenID Connect Core 1.0, 5.4)."""
        scope = grant.scope.split()
        claims: dict[str, Any] = {"sub": grant.user, **self.people[grant.user]}
        email = {"email", "email_verified"} if "email" in scope else set()
        profile = claims.keys() - {"email", "email_verified"} if "profile" in scope else {"sub"}
        return {name: value for name, value in claims.items() if name in email | profile}

    def _id_token(self, grant: _Grant, access_token: str) -> str:
        now, faults = int(self.clock()), self._token_faults
        begun = now - 2 * LIFETIME if "expired" in faults else now + LIFETIME if "from the future" in faults else now
        claims = {
            **self._claims(replace(grant, scope="openid") if self.bare else grant),
            "iss": "https://issuer.example" if "another issuer" in faults else self.issuer,
            "aud": "another-client" if "another audience" in faults else grant.client_id,
            "iat": begun,
            "exp": begun + LIFETIME,
            "at_hash": _half_hash(access_token),
            **self.claims,
        }
        if grant.nonce is not None:
            claims["nonce"] = "another" if "another nonce" in faults else grant.nonce
        if "no subject" in faults:
            del claims["sub"]
        return self._signed(claims)

    def _signed(self, claims: Mapping[str, Any]) -> str:
        faults, payload = self._token_faults, json.dumps(claims).encode()
        header: dict[str, Any] = {"alg": "ES256", "kid": self._key.kid, "typ": "JWT"}
        if "unsigned" in faults:
            return f"{_joined({**header, 'alg': 'none'}, payload)}."
        if "signed with the public key" in faults:  # no library makes such a token
            text = _joined({**header, "alg": "HS256"}, payload)
            return f"{text}.{_base64(hmac.digest(self._key.as_pem(private=False), text.encode(), 'sha256'))}"
        key = _new_key() if "unknown key" in faults else self._key
        return jws.serialize_compact({**header, "kid": key.kid}, payload, key, registry=_REGISTRY)

    def _user_info(self, request: Request) -> Response:
        token = request.authorization.token if request.authorization is not None else request.args.get("access_token")
        grant = self._tokens.get(token or "")
        if grant is None:
            return _json({"error": "invalid_token"}, 401)
        told = self._claims(grant)
        return _json({**told, "sub": "another"} if self._answer_faults.get(request.path) == "another person" else told)

    def _introspected(self, request: Request) -> Response:
        if not self._knows_client(request):
            return _json({"error": "invalid_client"}, 401)
        grant = self._tokens.get(request.form.get("token", ""))
        if grant is None:
            return _json({"active": False})
        return _json({"active": True, "client_id": grant.client_id, "sub": self._claims(grant)["sub"]})

    @staticmethod
    def _issue(where: dict[str, _Grant], grant: _Grant) -> str:
        text = secrets.token_urlsafe()
        where[text] = grant
        return text


class _Silent(WSGIRequestHandler):
    """Handles a request, and writes nothing into the log: the addresses have codes."""

    def log(self, type: str, message: str, *args: object) -> None:
        """Nothing."""


def _new_key() -> ECKey:
    return ECKey.generate_key("P-256", parameters={"kid": secrets.token_hex(8), "use": "sig", "alg": "ES256"})


def _json(document: Mapping[str, Any], status: int = 200) -> Response:
    return Response(
        json.dumps(document), status, content_type="application/json", headers={"Cache-Control": "no-store"}
    )


def _html(text: str) -> Response:
    return Response(text, content_type="text/html; charset=utf-8", headers={"Cache-Control": "no-store"})


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _joined(header: Mapping[str, Any], payload: bytes) -> str:
    """What is signed of a token (RFC 7515, 5.1)."""
    return f"{_base64(json.dumps(header).encode())}.{_base64(payload)}"


def _challenge(verifier: str) -> str:
    return _base64(hashlib.sha256(verifier.encode()).digest())


def _half_hash(access_token: str) -> str:
    return _base64(hashlib.sha256(access_token.encode()).digest()[:16])


_REGISTRY = jws.JWSRegistry(algorithms=["ES256"])

_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Test provider</title>
<style>body {{ font: 1.1rem/1.5 system-ui, sans-serif; max-width: 30rem; margin: 3rem auto; padding: 0 1rem }}
button {{ font: inherit; padding: .5rem 1rem; min-width: 14rem; text-align: left }}</style>
<main>
<h1>Test provider</h1>
<p>{client} asks who you are. This provider is for tests and development: be whoever you like.</p>
<form method="post" action="/authorize">{hidden}{buttons}<p><button>Cancel</button></p></form>
</main>
</html>
"""
