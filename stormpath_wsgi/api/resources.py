"""From a method and a path to one of the five verbs, and from the result to a response."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from stormpath_wsgi.api.authentication import ActiveKey
from stormpath_wsgi.api.encryption import PARAMETERS as OF_ENCRYPTION
from stormpath_wsgi.api.encryption import Encryption
from stormpath_wsgi.api.incoming import Incoming, Parameters
from stormpath_wsgi.api.reply import Reply
from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory import DirectoryService
from stormpath_wsgi.directory.wire.paths import Listing, MailedCodes, Resource, TokenCheck, TokenEndpoint, parse
from stormpath_wsgi.directory.wire.shapes import to_json
from stormpath_wsgi.errors import fault
from stormpath_wsgi.kinds import IS_NEW_ACCOUNT, Kind
from stormpath_wsgi.web.negotiation import JSON, ranked

CONTENT_TYPE = "application/json;charset=UTF-8"

#: The methods that stand for each of the five verbs.
_METHODS = {
    "get": ("GET", "HEAD"),
    "list": ("GET", "HEAD"),
    "create": ("POST",),
    "update": ("POST",),
    "delete": ("DELETE",),
}

_OWN_TENANT = "tenants/current"


@dataclass(frozen=True, slots=True)
class Call:
    """An authenticated request for the resource at *path*. *service*: acts for the caller."""

    service: DirectoryService
    caller: ActiveKey = field(repr=False)
    request: Incoming
    path: str


def answer(call: Call) -> Reply:
    """The response to *call*. Raises :class:`~stormpath_wsgi.errors.Error`."""
    method = call.request.method
    if method == "POST":
        method = call.request.parameters.get("_method", method).upper()
    handler = _HANDLERS.get(method)
    if handler is None or (method != call.request.method and method != "DELETE"):
        parse(call.path)  # raises a 404 for a path that can name nothing
        raise fault(Code.METHOD_NOT_OFFERED)
    return handler(call)


def allowed(service: DirectoryService, path: str) -> str:
    """The methods that *path* knows, for the header ``Allow``. Raises a 404 for a path that can name nothing."""
    methods = {method for verb in service.verbs(path) for method in _METHODS[verb]}
    return ", ".join(sorted(methods | {"OPTIONS"}))


def respond(document: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """A response with *document* as JSON."""
    return _reply(to_json(document), status, headers)


def _reply(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(text.encode(), status, headers, content_type=CONTENT_TYPE)


def _get(call: Call) -> Reply:
    parameters = call.request.parameters
    if "" in parameters.values():
        raise fault(Code.PARAMETER_WITHOUT_VALUE)
    if call.path == _OWN_TENANT:
        return _redirect(call)
    match parse(call.path):
        case Listing():
            return _list(call, dict(parameters))
        case TokenCheck():
            return _redirect(call)
        case Resource(kind) if kind.media and not _wants_json(call, kind):
            media, content = call.service.document(call.path)
            return Reply(content, content_type=media)
    expand, asked = parameters.get("expand"), _asked(call)
    if asked is None:
        return _reply(call.service.get_json(call.path, expand))
    return respond(asked.applied(call.service.get(call.path, expand), call.service.base_url))


def _wants_json(call: Call, kind: type[Kind]) -> bool:
    """Whether the client asks for JSON, for a *kind* that is also another document.

    Stormpath's SDKs always ask for JSON.
    """
    if not kind.members or kind.media is None:
        return False
    return ranked(call.request.environ.get("HTTP_ACCEPT", ""), [kind.media, JSON])[:1] == [JSON]


def _list(call: Call, query: Parameters) -> Reply:
    asked = _asked(call)
    for name in OF_ENCRYPTION:
        query.pop(name, None)
    expand = query.pop("expand", None)
    if asked is None:
        return _reply(call.service.list_json(call.path, query, expand))
    return respond(asked.applied(call.service.list(call.path, query, expand), call.service.base_url))


def _redirect(call: Call) -> Reply:
    """A redirect to the resource itself. It has no query, because clients that follow it send the query again."""
    href = call.service.get(call.path)["href"]
    return Reply(status=302, headers={"Location": href}, content_type=CONTENT_TYPE)


def _post(call: Call) -> Reply:
    match parse(call.path):
        case MailedCodes():
            return respond(call.service.create(call.path, call.request.document()))
        case TokenEndpoint():
            return respond(call.service.create(call.path, call.request.fields()))
        case Listing(of):
            encryption = _encryption(call)
            made = call.service.create(call.path, call.request.document(), call.request.parameters)
            return _made(encryption(made), f"{call.service.base_url}/{of.path}/")
    encryption = _encryption(call)
    expand = call.request.parameters.get("expand")
    return respond(encryption(call.service.update(call.path, call.request.document(), expand)))


def _made(made: Any, hrefs: str) -> Reply:
    """The response to a POST: 201 with the href of a new resource; 200 for a result without an href below *hrefs*, and
    for an account that was there before.
    """
    if not made:
        return Reply(status=202, content_type=CONTENT_TYPE)
    is_new = made.pop(IS_NEW_ACCOUNT, True)
    if is_new and str(made.get("href")).startswith(hrefs):
        return respond(made, 201, {"Location": made["href"]})
    return respond(made)


def _delete(call: Call) -> Reply:
    call.service.delete(call.path)
    return _empty()


def _options(call: Call) -> Reply:
    response = _empty()
    response.headers["Allow"] = allowed(call.service, call.path)
    return response


def _empty() -> Reply:
    return Reply(status=204)


def _asked(call: Call) -> Encryption | None:
    """How API keys in the answer are to be encrypted. Raises for wrong parameters, before anything is written."""
    return Encryption.asked_for(call.request.parameters, call.caller.secret)


def _encryption(call: Call) -> Callable[[Any], Any]:
    """A function for answers with API keys in them. See :func:`_asked`."""
    asked = _asked(call)
    return (lambda found: asked.applied(found, call.service.base_url)) if asked else (lambda found: found)


_HANDLERS: Mapping[str, Callable[[Call], Reply]] = {
    "GET": _get,
    "HEAD": _get,
    "POST": _post,
    "DELETE": _delete,
    "OPTIONS": _options,
}
