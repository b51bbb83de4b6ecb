"""A data store that nothing may be asked of, for what must cost nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from stormpath_wsgi.client import Client


class SilentStore:
    """Fails on every call."""

    base_url = "https://id.example/v1"

    def get(self, href: str, expand: str | None = None) -> NoReturn:
        raise AssertionError(f"asked for {href}")

    recall = get

    def list(self, href: str, query: Mapping[str, str] | None = None, expand: str | None = None) -> NoReturn:
        raise AssertionError(f"asked for {href}")

    def create(self, href: str, properties: Mapping[str, Any], params: Mapping[str, Any] | None = None) -> NoReturn:
        raise AssertionError(f"asked to make something at {href}")

    def update(self, href: str, properties: Mapping[str, Any]) -> NoReturn:
        raise AssertionError(f"asked to change {href}")

    def delete(self, href: str, about: str | None = None) -> None:
        raise AssertionError(f"asked to delete {href}")

    def generation(self, slot: int = 1, /) -> int:
        return 0

    def close(self) -> None:
        pass


def silent_client() -> Client:
    return Client(data_store=SilentStore())


def look(thing: Any, other: Any) -> None:
    """Does with *thing* what debuggers, logs, test tools and dictionaries do with everything they meet."""
    assert isinstance(repr(thing), str)
    assert isinstance(str(thing), str) and str(thing)
    assert f"{thing}" == f"{thing:}" == str(thing)
    assert f"{thing:>200}".strip() == str(thing).strip()
    assert "%s %r" % (thing, thing)  # noqa: UP031  (as logging does it)
    assert thing == thing
    assert (thing == other) is (other == thing)
    assert thing != "text" and thing != None and not thing == 5  # noqa: E711, SIM201
    assert hash(thing) == hash(thing)
    assert thing in {thing} and thing in [thing]
    assert dir(thing)
