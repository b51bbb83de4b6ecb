"""A context variable that has a value for the length of a block."""

from __future__ import annotations

from contextvars import ContextVar

import pytest

from stormpath_wsgi.bound import Bound

_said: ContextVar[str] = ContextVar("stormpath_wsgi.tests.said", default="nothing")


def test_a_value_is_bound_until_the_block_is_left() -> None:
    with Bound(_said, "outer"):
        with Bound(_said, "inner"):
            assert _said.get() == "inner"
        assert _said.get() == "outer"
    assert _said.get() == "nothing"


def test_an_error_unbinds_it_and_goes_on() -> None:
    with pytest.raises(ZeroDivisionError), Bound(_said, "something"):
        raise ZeroDivisionError
    assert _said.get() == "nothing"
