"""All that an account holds, as one JSON document for its owner.

It is written piece by piece, so that an account in many groups needs no more memory than one in few. Secrets are left
out: passwords, secrets of API keys and of second factors, tokens.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from stormpath_wsgi import kinds
from stormpath_wsgi.client import Account, Client
from stormpath_wsgi.errors import Error

#: The highest number of items of one list.
MOST = 10_000

#: The lists, by the name in the document: the collection, and what is told of each item.
_LISTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "groups": ("groups", ("name", "description", "status")),
    "applications": ("applications", ("name",)),
    "sessions": ("sessions", ("createdAt", "lastUsedAt", "agent", "address")),
    "apiKeys": ("connectedKeys", ("id", "name", "status", "createdAt", "lastUsedAt")),
    "linkedAccounts": ("linkedAccounts", ("href", "username", "email")),
    "phones": ("phones", ("number", "name", "description", "status", "verificationStatus", "createdAt")),
    "factors": ("factors", ("type", "status", "verificationStatus", "createdAt")),
    "passkeys": ("passkeys", ("name", "createdAt", "lastUsedAt")),
}
#: The attributes of the account: all that the directory answers, and no links.
_ATTRIBUTES = tuple(attribute.wire for attribute in kinds.Account.declared(kinds.Attribute) if not attribute.secret)
#: What a provider knows of the account; the tokens with which we ask it stay here.
_SECRETS = frozenset({"accessToken", "refreshToken", "href"})


class AccountData:
    """Lives with the process; threads may share it."""

    def __init__(self, client: Client) -> None:
        self._store = client.data_store

    def document(self, account: Account) -> Iterator[bytes]:
        """The pieces of the document of *account*, in UTF-8. The first is there when this returns.

        Raises :class:`~stormpath_wsgi.Error` when the directory fails, also while the pieces are read.
        """
        whole = self._store.get(account.href, "customData,providerData,directory")
        return self._pieces(account.href, whole)

    def _pieces(self, href: str, whole: Mapping[str, Any]) -> Iterator[bytes]:
        told = {"href": href, **{name: whole[name] for name in _ATTRIBUTES if name in whole}}
        provider = whole.get("providerData") or {}
        first = {
            "account": told,
            "customData": {name: value for name, value in whole.get("customData", {}).items() if name != "href"},
            "provider": {name: value for name, value in provider.items() if name not in _SECRETS},
            "directory": {"name": (whole.get("directory") or {}).get("name")},
        }
        yield _text(first).removesuffix("\n}").encode()
        for name, (collection, attributes) in _LISTS.items():
            yield f",\n  {json.dumps(name)}: [".encode()
            between = "\n"
            for item in self._items(f"{href}/{collection}"):
                shown = {attribute: item[attribute] for attribute in attributes if attribute in item}
                yield f"{between}    {json.dumps(shown, ensure_ascii=False)}".encode()
                between = ",\n"
            yield b"]" if between == "\n" else b"\n  ]"
        yield b"\n}\n"

    def _items(self, href: str) -> Iterator[Mapping[str, Any]]:
        for offset in range(0, MOST, 100):
            try:
                page = self._store.list(href, {"offset": str(offset), "limit": "100"})
            except Error as error:
                if error.status == HTTPStatus.NOT_FOUND:  # a directory of an older version
                    return
                raise
            yield from page["items"]
            if offset + 100 >= page["size"]:
                return


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2)
