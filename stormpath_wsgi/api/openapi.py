"""The OpenAPI 3.1 document of the REST API, made from the declarations of the kinds.

The directory itself is asked which path knows which verb, so the document promises nothing that is not served.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from typing import Any

from stormpath_wsgi import kinds
from stormpath_wsgi.directory.wire.paths import BY_SEGMENT
from stormpath_wsgi.kinds import KINDS, Attribute, Collection, Kind, Link, Member, Part

Json = dict[str, Any]

#: The verbs that a path knows, by the names of the methods of a directory.
Verbs = Callable[[str], frozenset[str]]

_ANY_ID = "0" * 22
_JSON = "application/json"


def document(verbs: Verbs, base_url: str) -> Json:
    """The whole document. *verbs*: returns the verbs that a path knows. *base_url*: where the API is served."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Stormpath REST API v1",
            "version": version("stormpath-wsgi"),
            "description": "Applications, directories, groups and accounts, and how people sign in.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": base_url}],
        "security": [{"basic": []}, {"sauthc1": []}],
        "paths": dict(_paths(verbs)),
        "components": {
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic", "description": "Id and secret of an API key."},
                "sauthc1": {"type": "apiKey", "in": "header", "name": "Authorization", "description": _SAUTHC1},
            },
            "schemas": dict(_schemas()),
            "responses": {"Error": _response("What went wrong.", {"$ref": "#/components/schemas/Error"})},
        },
    }


def _paths(verbs: Verbs) -> Iterator[tuple[str, Json]]:
    yield "/tenants/current", {"get": _redirect("The tenant of the API key.", "currentTenant")}
    for kind in KINDS.values():
        if kind.creatable:
            yield f"/{kind.path}", _item(verbs, kind.path, [], kind, f"make{kind.title()}")
        if not _has_hrefs(kind, verbs):
            continue
        path = f"/{kind.path}/{{id}}"
        yield path, _item(verbs, f"{kind.path}/{_ANY_ID}", ["id"], kind, kind.title())
        for member in kind.members.values():
            yield from _below(verbs, kind, member, path)
    yield from _special()


def _has_hrefs(kind: type[Kind], verbs: Verbs) -> bool:
    """Whether resources of *kind* have paths ``<path>/<id>``, and not only paths below an owner."""
    return BY_SEGMENT.get(kind.path) is kind and "get" in verbs(f"{kind.path}/{_ANY_ID}")


def _below(verbs: Verbs, kind: type[Kind], member: Member[Any], path: str) -> Iterator[tuple[str, Json]]:
    """The paths directly below a resource of *kind*: its collections and its parts."""
    match member:
        case Collection(of=title) | Part(to=str(title), at=None):
            below = f"{kind.path}/{_ANY_ID}/{member.wire}"
            name = kind.title() + member.wire[:1].upper() + member.wire[1:]
            yield f"{path}/{member.wire}", _item(verbs, below, ["id"], KINDS[title], name)
            if member is kind.members.get("customData"):
                key = {"delete": _operation("Removes one key.", f"{name}Key", ["id", "key"], {"204": _NOTHING})}
                yield f"{path}/customData/{{key}}", key


def _item(verbs: Verbs, path: str, names: list[str], kind: type[Kind], name: str) -> Json:
    """The operations that *path* knows."""
    title, item = kind.title(), {}
    one = {"$ref": f"#/components/schemas/{title}"}
    for verb in sorted(verbs(path)):
        match verb:
            case "get":
                media = (kind.media if not kind.members else None) or _JSON
                answer = _response(f"The {title}.", one, media)
                item["get"] = _operation(f"Reads the {title}.", f"get{name}", names, {"200": answer}, _EXPAND)
            case "list":
                page = _response("One page.", {"$ref": f"#/components/schemas/{title}Page"})
                item["get"] = _operation(
                    f"Lists, filters and orders: each {title}.", f"list{name}", names, {"200": page}, _search(kind)
                )
            case "create":
                status = "200" if kind in _ANSWERED else "202" if kind is kinds.VerificationEmail else "201"
                answers = {status: _NOTHING if status == "202" else _response(f"The new {title}.", one)}
                if kind is kinds.Account and path.startswith(f"{kinds.Application.path}/"):
                    known = "The Account of somebody who has signed in through a provider before: see providerData."
                    answers["200"] = _response(known, one)
                item["post"] = _operation(f"Makes a {title}.", f"create{name}", names, answers, _EXPAND, kind, "c")
            case "update":
                whole = _response(f"The whole {title}.", one)
                item["post"] = _operation(
                    f"Changes what is sent of the {title}.", f"update{name}", names, {"200": whole}, (), kind, "u"
                )
            case "delete":
                gone = " It may be gone already." if kind.gone_is_deleted else ""
                item["delete"] = _operation(f"Removes the {title}.{gone}", f"delete{name}", names, {"204": _NOTHING})
    return item


def _special() -> Iterator[tuple[str, Json]]:
    """The paths that are neither a resource nor a collection."""
    account = _response("The account.", {"$ref": "#/components/schemas/PasswordResetToken"})
    yield (
        "/applications/{id}/passwordResetTokens/{token}",
        {
            "get": _operation("Checks a reset token.", "getResetToken", ["id", "token"], {"200": account}, _EXPAND),
            "post": _operation(
                "Sets a new password, once.",
                "useResetToken",
                ["id", "token"],
                {"200": account},
                (),
                kinds.PasswordResetToken,
                "u",
            ),
        },
    )
    href = _response("The account that is verified now.", _REFERENCE)
    token = {"type": "object", "required": ["account"], "properties": {"account": _REFERENCE}}
    told = _response("The account that the token is for.", token)
    yield (
        "/accounts/emailVerificationTokens/{token}",
        {
            "get": _operation("Checks a verification token.", "getVerificationToken", ["token"], {"200": told}),
            "post": _operation("Verifies an e-mail address, once.", "useVerificationToken", ["token"], {"200": href}),
        },
    )
    invited = _response("Who is invited.", {"$ref": "#/components/schemas/InvitationToken"})
    made = _response("The account that is made.", _REFERENCE)
    at = ["id", "token"]
    yield (
        "/applications/{id}/invitationTokens/{token}",
        {
            "get": _operation("Checks the token of an invitation.", "getInvitationToken", at, {"200": invited}),
            "post": _operation(
                "Makes the account, once.", "useInvitationToken", at, {"200": made}, (), kinds.Account, "c"
            ),
        },
    )
    yield from _changes()
    yield (
        "/applications/{id}/authTokens/{token}",
        {"get": _redirect("Where the token is that was found good.", "checkToken", ["id", "token"])},
    )
    told = _response("How long a code is good, in milliseconds.", {"type": "object", "required": ["href", "lifetime"]})
    opened = _response("A token for a new password, or the account whose address is verified.", {"type": "object"})
    yield (
        "/applications/{id}/mailedCodes",
        {
            "get": _operation("Tells of the codes in mails.", "getMailedCodes", ["id"], {"200": told}),
            "post": _operation(
                "Answers a code that was mailed.",
                "answerMailedCode",
                ["id"],
                {"200": opened},
                (),
                kinds.MailedCode,
                "c",
            ),
        },
    )
    answer = _response("The tokens.", {"type": "object", "required": ["access_token", "token_type", "expires_in"]})
    exchange = _operation("Exchanges a grant for tokens (RFC 6749).", "exchange", ["id"], {"200": answer})
    form = {"type": "object", "properties": {"grant_type": {"type": "string"}}, "required": ["grant_type"]}
    exchange["requestBody"] = {"content": {"application/x-www-form-urlencoded": {"schema": form}}}
    yield "/applications/{id}/oauth/token", {"post": exchange}


def _changes() -> Iterator[tuple[str, Json]]:
    """The paths at which the owner of an account changes its address and its password."""
    waiting = {"200": _response("The change that waits.", {"$ref": "#/components/schemas/EmailChange"})}
    told = {"200": _response("What the token does.", {"$ref": "#/components/schemas/EmailChangeToken"})}
    account = {"200": _response("The account that is changed.", _REFERENCE)}
    begins = "Mails a link to a new address, or mails it again."
    yield (
        "/accounts/{id}/emailChange",
        {
            "get": _operation("Reads the address that waits.", "getEmailChange", ["id"], waiting),
            "post": _operation(begins, "beginEmailChange", ["id"], waiting, (), kinds.EmailChange, "u"),
            "delete": _operation("Cancels the change.", "cancelEmailChange", ["id"], {"204": _NOTHING}),
        },
    )
    yield (
        "/accounts/emailChangeTokens/{token}",
        {
            "get": _operation("Checks a token for an address.", "getEmailChangeToken", ["token"], told),
            "post": _operation("Changes the address, once.", "useEmailChangeToken", ["token"], account),
        },
    )
    noticed = {"200": _response("What the token was mailed with.", {"$ref": "#/components/schemas/NoticeToken"})}
    yield (
        "/accounts/noticeTokens/{token}",
        {
            "get": _operation("Checks the token of a notice.", "getNoticeToken", ["token"], noticed),
            "post": _operation("Signs an account out everywhere, once.", "secureAccount", ["token"], account),
        },
    )
    sets = "Sets a password that the owner has chosen, and tells the account by mail."
    yield (
        "/accounts/{id}/passwordChange",
        {"post": _operation(sets, "changePassword", ["id"], account, (), kinds.PasswordChange, "u")},
    )
    factor = {"200": _response("What the account can prove.", {"$ref": "#/components/schemas/SecondFactor"})}
    does = "Compares a code, makes recovery codes, names a factor, or forgets remembered browsers."
    yield (
        "/accounts/{id}/secondFactor",
        {
            "get": _operation("Reads what an account can prove.", "getSecondFactor", ["id"], factor),
            "post": _operation(does, "useSecondFactor", ["id"], factor, (), kinds.SecondFactor, "u"),
        },
    )


def _operation(
    summary: str,
    name: str,
    names: list[str],
    responses: Mapping[str, Json],
    query: Any = (),
    body: type[Kind] | None = None,
    when: str = "",
) -> Json:
    in_path = [{"name": one, "in": "path", "required": True, "schema": {"type": "string"}} for one in names]
    operation: Json = {
        "summary": summary,
        "operationId": name,
        "parameters": [*in_path, *query],
        "responses": {
            **responses,
            "429": _TOO_MANY,
            "4XX": {"$ref": "#/components/responses/Error"},
            "503": _UNAVAILABLE,
        },
    }
    if body is not None:
        operation["requestBody"] = {"content": {_JSON: {"schema": _sent(body, when)}}}
    return operation


def _redirect(summary: str, name: str, names: list[str] | None = None) -> Json:
    found = {"description": "See Location.", "headers": {"Location": {"schema": {"type": "string", "format": "uri"}}}}
    return _operation(summary, name, names or [], {"302": found})


def _response(description: str, schema: Json, media: str = _JSON) -> Json:
    content = {"schema": schema} if media == _JSON else {}
    return {"description": description, "content": {media: content}}


def _search(kind: type[Kind]) -> Iterator[Json]:
    """The parameters of a collection of *kind*."""
    yield from _EXPAND
    for name, meaning in _PAGING.items():
        yield {"name": name, "in": "query", "description": meaning, "schema": {"type": "string"}}
    for attribute in kind.declared(Attribute):
        if attribute.search:
            yield {"name": attribute.wire, "in": "query", "schema": {"type": "string"}}


# Schemas. Those of answers are strict, so that answers can be tested. Those of bodies are loose, since values are
# converted.


def _schemas() -> Iterator[tuple[str, Json]]:
    yield "Error", _ERROR
    for title, kind in KINDS.items():
        if kind.media and not kind.members:
            continue
        yield title, _answered(kind)
        if kind.path not in ("customData", "provider", "providerData"):
            items = {"type": "array", "items": {"$ref": f"#/components/schemas/{title}"}}
            page = {**_PAGE, "items": items}
            yield f"{title}Page", {"type": "object", "properties": page, "required": [*_ALWAYS, "items"]}


def _answered(kind: type[Kind]) -> Json:
    properties: Json = {"href": {"type": "string", "format": "uri"}}
    required = []
    for name, member in kind.members.items():
        if getattr(member, "secret", False) or not getattr(member, "named", True):
            continue
        properties[name] = _member(member)
        if not getattr(member, "omitted", False):
            required.append(name)
    schema: Json = {"type": "object", "description": kind.__doc__, "properties": properties}
    # Some requests make no resource, and answer only with their result.
    return schema if kind in _NO_RESOURCES else {**schema, "required": ["href", *required]}


def _member(member: Member[Any]) -> Json:
    match member:
        case Attribute():
            schema = _value(member)
            if member.nullable or member in (kinds.Account.username,):
                schema = {"anyOf": [schema, {"type": "null"}]}
            return schema
        case Link(nullable=True):
            return {"anyOf": [_REFERENCE, {"type": "null"}]}
    return _REFERENCE


def _value(attribute: Attribute[Any]) -> Json:
    """The JSON Schema of an attribute that is not null."""
    match attribute:
        case kinds.Text():
            return {"type": "string"}
        case kinds.Choice():
            return {"type": "string", "enum": list(attribute.values)}
        case kinds.Integer():
            return {"type": "integer", "minimum": attribute.minimum, "maximum": attribute.maximum}
        case kinds.Boolean():
            return {"type": "boolean"}
        case kinds.Instant():
            return {"type": "string", "format": "date-time"}
        case kinds.Duration():
            return {"type": "string", "format": "duration"}
        case kinds.Array():
            return {"type": "array", "items": {"type": "string"}}
        case kinds.Struct():
            return _struct(attribute)
        case kinds.Structs():
            return {"type": "array", "items": _struct(attribute.item)}
    return {"type": "object"}


def _struct(struct: kinds.Struct) -> Json:
    members = {name: member for name, member in struct.members.items() if not member.secret}
    return {"type": "object", "properties": {name: _member(member) for name, member in members.items()}}


def _sent(kind: type[Kind], when: str) -> Json:
    """The schema of a body that makes (``c``) or changes (``u``) a resource of *kind*."""
    properties: Json = {}
    for name, member in kind.members.items():
        if when in getattr(member, "writable", ""):
            properties[name] = _REFERENCE if isinstance(member, Link) else _writable(member)
        elif name == "customData":
            properties[name] = {"type": "object"}
    schema: Json = {"type": "object", "properties": properties}
    required = [n for n in properties if getattr(kind.members[n], "required", False)] if when == "c" else []
    return {**schema, "required": required} if required else schema


def _writable(member: Member[Any]) -> Json:
    schema = _member(member)
    if isinstance(member, kinds.Text):
        low, high = member.length
        schema = {**schema, "minLength": low, "maxLength": high} if "type" in schema else schema
    return schema


_EXPAND = (
    {
        "name": "expand",
        "in": "query",
        "description": "Links to answer in full: directory,groups(offset:0,limit:10).",
        "schema": {"type": "string"},
    },
)
_PAGING = {
    "offset": "How many matches to leave out; 0 unless given.",
    "limit": "How many to answer, 1 to 100; 25 unless given.",
    "after": "Behind which item to begin, as the href of a next page has it.",
    "exactSize": "true: size is counted, however many match.",
    "orderBy": "An order such as surname,createdAt desc.",
    "q": "Text that must stand in one of the attributes that can be searched.",
}
_NOTHING: Json = {"description": "Done; there is nothing to say."}
_UNAVAILABLE = {**_response("Try again, after Retry-After seconds.", {"$ref": "#/components/schemas/Error"})}
_TOO_MANY = {
    **_response(
        "This was tried too often (7111), or wrong API keys were (429).", {"$ref": "#/components/schemas/Error"}
    ),
    "headers": {
        "Retry-After": {
            "description": "Seconds after which it may be tried again.",
            "required": True,
            "schema": {"type": "integer", "minimum": 1},
        }
    },
}
_REFERENCE: Json = {
    "type": "object",
    "description": "A link; expanded, the whole resource.",
    "properties": {"href": {"type": "string", "format": "uri"}},
    "required": ["href"],
}
_PAGE: Json = {
    "href": {"type": "string", "format": "uri"},
    "offset": {"type": "integer", "minimum": 0},
    "limit": {"type": "integer", "minimum": 1, "maximum": 100},
    "size": {"type": "integer", "minimum": 0, "description": "Of all matches, not of this page; see sizeIsExact."},
    "sizeIsExact": {"type": "boolean", "description": "false: size is the most that there may be."},
    "next": {
        "type": "object",
        "description": "The page after this one; absent where there is none.",
        "properties": {"href": {"type": "string", "format": "uri"}},
        "required": ["href"],
    },
}
_ALWAYS = ("href", "offset", "limit", "size")
_ERROR: Json = {
    "type": "object",
    "properties": {
        "status": {"type": "integer"},
        "code": {"type": "integer"},
        "message": {"type": "string", "description": "For the visitor."},
        "developerMessage": {"type": "string"},
        "moreInfo": {"type": "string"},
        "requestId": {"type": "string", "format": "uuid"},
        "place": {
            "type": "array",
            "description": "Of 7111: what X-Stormpath-Visitor may say from its time on, in milliseconds, to be let in.",
            "items": {"type": ["string", "integer"]},
            "minItems": 2,
            "maxItems": 2,
        },
    },
    "required": ["status", "code", "message", "developerMessage", "moreInfo", "requestId"],
}
_SAUTHC1 = "SAuthc1: an HMAC over the request, by the secret of an API key."

#: The kinds for which POST answers 200 and not 201, because it makes nothing that could be read again at a new href.
_ANSWERED = (
    kinds.LoginAttempt,
    kinds.PasskeyAttempt,
    kinds.AuthorizationRequest,
    kinds.PasswordResetToken,
    kinds.DefaultRelayState,
    kinds.SpentAnswer,
)
_NO_RESOURCES = (
    *_ANSWERED,
    kinds.VerificationEmail,
    kinds.EmailVerificationToken,
    kinds.InvitationToken,
    kinds.MailedCode,
    kinds.PasswordChange,
    kinds.CustomData,
)
