"""The REST API, from its declarations.

The directives ``resource-reference`` and ``error-table``; and ``openapi.json``, which is put beside the pages.
"""

from __future__ import annotations

import inspect
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.rst import escape

from stormpath_wsgi import kinds
from stormpath_wsgi.api import openapi
from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory import DirectoryOptions, open_directory
from stormpath_wsgi.directory.wire import paths
from stormpath_wsgi.kinds import KINDS, Attribute, Collection, Kind, Link, Member, Part

_SENT = {"c": "make", "u": "change", "cu": "make, change"}
_ANY = kinds.Integer()


class ResourceReference(SphinxDirective):
    """A section for each kind: what it is, its operations, its attributes and where its links lead."""

    def run(self) -> list[nodes.Node]:
        operations = _operations(_document())
        lines = [line for title in sorted(KINDS) for line in _section(KINDS[title], operations[title])]
        return self.parse_text_to_nodes(StringList(lines, "kinds"), allow_section_headings=True)


class ErrorTable(SphinxDirective):
    """Every code with its name, its status and its sentences."""

    def run(self) -> list[nodes.Node]:
        lines = [".. list-table::", "   :header-rows: 1", "   :widths: 8 25 7 60", ""]
        for row in [("code", "name", "status", "what it says"), *map(_error, Code)]:
            lines += [f"   {mark} - {cell}" for mark, cell in zip("*   ", row, strict=True)]
        return self.parse_text_to_nodes(StringList(lines, "errors"))


def _error(code: Code) -> tuple[str, str, str, str]:
    visitors, developers = code.user_message, code.developer_message
    told = f" For users: *{escape(visitors)}*" if visitors and visitors != developers else ""
    return str(code), f"``{code.name}``", str(code.status), escape(developers) + told


def _document() -> dict[str, Any]:
    with closing(open_directory("sqlite://", DirectoryOptions(base_url="https://id.example.com/v1"))) as service:
        return openapi.document(service.verbs, service.base_url)


def _operations(document: dict[str, Any]) -> defaultdict[str, list[str]]:
    """The methods and paths of the OpenAPI *document*, by the title of the kind that they are about."""
    found = defaultdict(list)
    for path, item in document["paths"].items():
        kind = _kind(paths.parse(re.sub(r"{\w+}", "0", path).removeprefix("/")))
        methods = " ".join(method.upper() for method in ("get", "post", "delete") if method in item)
        found[kind.title()].append(f"{methods:15} {path}")
    return found


def _kind(target: paths.Target) -> type[Kind]:
    match target:
        case paths.Resource(kind) | paths.Listing(kind):
            return kind
        case paths.DataKey():
            return kinds.CustomData
        case paths.ResetToken():
            return kinds.PasswordResetToken
        case paths.VerificationToken():
            return kinds.EmailVerificationToken
        case paths.InvitationToken():
            return kinds.InvitationToken
        case paths.AddressChange():
            return kinds.EmailChange
        case paths.AddressToken():
            return kinds.EmailChangeToken
        case paths.NoticeToken():
            return kinds.NoticeToken
        case paths.OwnPassword():
            return kinds.PasswordChange
        case paths.SecondFactors():
            return kinds.SecondFactor
    return kinds.AccessToken  # asked for, or asked about


def _section(kind: type[Kind], operations: list[str]) -> Iterator[str]:
    title = kind.title()
    yield from (f".. _resource-{title.lower()}:", "", title, "-" * len(title), "")
    yield from (*inspect.cleandoc(kind.__doc__ or "").splitlines(), "")
    yield from (".. code-block:: text", "", *(f"    {operation}" for operation in operations), "")
    yield from _members(kind.members)


def _members(members: dict[str, Any], indent: str = "") -> Iterator[str]:
    for name, member in members.items():
        yield f"{indent}``{name}``"
        yield f"{indent}    {'; '.join(_words(member))}"
        yield ""
        if inner := _inner(member):
            yield from _members(inner, indent + "    ")


def _inner(member: Member[Any]) -> dict[str, Any]:
    match member:
        case kinds.Structs(item=struct) | (kinds.Struct() as struct):
            return struct.members
    return {}


def _words(member: Member[Any]) -> Iterator[str]:
    match member:
        case Attribute():
            yield from _attribute(member)
        case Link():
            yield "link to " + " or ".join(map(_reference, member.to))
            yield from _sending(member)
            if member.nullable:
                yield "left out while there is none" if member.omitted else "may be null"
        case Part():
            yield f"its {_reference(member.to)}" if member.to else "an address"
            yield from _sending(member)
        case Collection():
            yield f"collection of {_reference(member.of)}"
            if not member.named:
                yield "not named in the document"


def _attribute(attribute: Attribute[Any]) -> Iterator[str]:
    yield _value(attribute)
    yield from _sending(attribute)
    if attribute.default is not None:
        yield f"at first ``{_literal(attribute.default)}``"
    if attribute.omitted:
        yield "left out while there is none"
    elif attribute.nullable:
        yield "may be null"
    if attribute.unique:
        yield f"unique in the {attribute.unique}"
    if attribute.secret:
        yield "never answered"
    elif attribute.encrypted:
        yield "for API callers only" if attribute.derived else "for API callers only, encrypted at rest"
    if uses := [use for use, known in (("search", attribute.search), ("order", attribute.sort)) if known]:
        yield " and ".join(uses)


def _sending(member: Any) -> Iterator[str]:
    if member.writable:
        yield f"*{_SENT[member.writable]}*"
    if getattr(member, "required", False):
        yield "required"


def _literal(default: Any) -> str:
    return default if isinstance(default, str) and default else json.dumps(default)


def _value(attribute: Attribute[Any]) -> str:
    match attribute:
        case kinds.Text(length=(low, high)):
            may_be_sent = attribute.writable or "." in attribute.wire  # a member of an object
            return f"text, {low} to {high} characters" if may_be_sent else "text"
        case kinds.Choice():
            return "one of " + ", ".join(f"``{value}``" for value in attribute.values)
        case kinds.Integer(minimum=low, maximum=high):
            limits = (f" from {low}" if low != _ANY.minimum else "") + (f" to {high}" if high != _ANY.maximum else "")
            return "whole number" + limits
        case kinds.Boolean():
            return "``true`` or ``false``"
        case kinds.Instant():
            return "moment"
        case kinds.Duration(minimum=low, maximum=high):
            zero = ", or zero" if attribute.zero else ""
            return f"duration from {kinds.format_duration(low)} to {kinds.format_duration(high)}{zero}"
        case kinds.Array():
            return f"list of texts, {attribute.total} characters in all"
        case kinds.Struct():
            return "object"
        case kinds.Structs():
            return f"list of at most {attribute.most} objects"
    return "any JSON object"


def _reference(title: str) -> str:
    return f":ref:`{title} <resource-{title.lower()}>`"


def _write_document(app: Sphinx, exception: Exception | None) -> None:
    """Puts the OpenAPI document beside the pages."""
    if exception is None and app.builder.format == "html":
        (Path(app.outdir) / "openapi.json").write_text(json.dumps(_document(), indent=1), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("resource-reference", ResourceReference)
    app.add_directive("error-table", ErrorTable)
    app.connect("build-finished", _write_document)
    return {"parallel_read_safe": True}
