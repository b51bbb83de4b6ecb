"""Visitors of a site whose owner has set nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from support.browsing import OpenSite, Visit
from support.servers import served_api


@pytest.fixture
def visit() -> Visit:
    """Somebody with a browser."""
    return Visit()


@pytest.fixture
def spa() -> Visit:
    """A single-page app."""
    return Visit("application/json")


@pytest.fixture(params=["embedded", "remote"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenSite]:
    """Opens sites over a directory in this program, each with its own, or over one that a server has for all."""
    with ExitStack() as sites:
        there: dict[str, Any] = {}
        if request.param == "remote":
            opening = sites.enter_context(served_api(f"sqlite:///{tmp_path}/accounts.db"))
            key = {"id": opening["id"], "secret": opening["secret"]}
            there = {"directory": opening["url"], "application": {"name": "My Application"}, "client": {"apiKey": key}}

        def visit(accept: str = "*/*", **settings: Any) -> Visit:
            made = Visit(accept, **there, **settings)
            sites.enter_context(closing(made.site.client))
            return made

        yield visit
