"""Visitors of a site whose owner has set nothing."""

from __future__ import annotations

import pytest
from support.browsing import Visit


@pytest.fixture
def visit() -> Visit:
    """Somebody with a browser."""
    return Visit()


@pytest.fixture
def spa() -> Visit:
    """A single-page app."""
    return Visit("application/json")
