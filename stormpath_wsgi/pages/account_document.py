"""The account as a single-page app sees it: plain values under one root key, and never a link."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from stormpath_wsgi import kinds
from stormpath_wsgi.client.store import DataStore

_PAGE = 100  # items, the most that a directory gives at once


def answered_document(account: Mapping[str, Any]) -> dict[str, Any]:
    """The same of an account as the directory has answered it, which may be in no directory."""
    return {"account": _values(kinds.Account, account)}


def account_document(store: DataStore, href: str, expand: Iterable[str] = ()) -> dict[str, Any]:
    """``{"account": {…}}``. *expand*: names of links whose resources are to be in it; others do no harm."""
    account = store.get(href)
    document = _values(kinds.Account, account)
    for name in expand:
        link = kinds.Account.members.get(name)
        if link is not None and account.get(name):
            document[name] = _expanded(store, link, account[name]["href"])
    return {"account": document}


def _expanded(store: DataStore, member: kinds.Member[Any], href: str) -> dict[str, Any]:
    match member:
        case kinds.Collection(of=title):
            items = [_values(kinds.KINDS[title], item) for item in _everything(store, href)]
            return {"size": len(items), "items": items}
        case kinds.Link(to=(title, *_)) | kinds.Part(to=str(title)) if title != kinds.CustomData.title():
            return _values(kinds.KINDS[title], store.get(href))
    return store.get(href)


def _everything(store: DataStore, href: str) -> Iterator[dict[str, Any]]:
    offset, size = 0, 1
    while offset < size:
        page = store.list(href, {"offset": str(offset), "limit": str(_PAGE)})
        yield from page["items"]
        offset, size = offset + _PAGE, page["size"]


def _values(kind: type[kinds.Kind], resource: Mapping[str, Any]) -> dict[str, Any]:
    """What is no link. Declared values only: what a directory may send besides is not ours to publish."""
    shown = (value for value in kind.declared(kinds.Attribute) if not (value.secret or value.encrypted))
    names = ["href", *(value.wire for value in shown)]
    return {name: resource[name] for name in names if name in resource}
