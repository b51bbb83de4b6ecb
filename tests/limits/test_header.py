"""Who tries, as one machine tells another."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stormpath_wsgi.limits import NOBODY, Visitor, header

KEY = "0123456789abcdef" * 2
WHOLE = Visitor("203.0.113.7", "3JcvR7DpsrJm-_", frozenset({"46tityAxU24l", "2MKePSh5oj49"}), (KEY, 1_790_000_000_000))

_ids = st.text("0123456789ABCabc", min_size=1, max_size=64)
_visitors = st.builds(
    Visitor,
    st.none() | st.ip_addresses(v=4).map(str),
    st.none() | _ids,
    st.frozensets(_ids, max_size=header.MOST_ACCOUNTS),
    st.none() | st.tuples(st.just(KEY), st.integers(0, 10**15 - 1)),
)


def test_the_whole_of_a_visitor_is_one_line() -> None:
    assert header.written(WHOLE) == (
        f"address=203.0.113.7; browser=3JcvR7DpsrJm-_; accounts=2MKePSh5oj49,46tityAxU24l; place={KEY}:1790000000000"
    )


@settings(max_examples=50)
@given(_visitors)
def test_what_is_written_is_read_again(visitor: Visitor) -> None:
    value = header.written(visitor)
    if value is None:
        assert visitor == NOBODY
    else:
        assert header.read(value) == visitor


def test_the_longest_that_a_site_of_ours_knows_can_be_read() -> None:
    accounts = frozenset(f"{number:064}" for number in range(header.MOST_ACCOUNTS + 7))
    value = header.written(Visitor("2001:db8:1111:2222:3333:4444:5555:6666", "b" * 64, accounts, (KEY, 10**15 - 1)))
    assert value is not None and len(header.read(value).accounts) == header.MOST_ACCOUNTS


@pytest.mark.parametrize("address", ["2001:db8:1:2:aaaa::1", "::ffff:203.0.113.7", "fe80::1%eth0"])
def test_an_address_counts_the_same_on_the_other_machine(address: str) -> None:
    value = header.written(Visitor(address))
    assert value is not None and header.read(value).network == Visitor(address).network


@pytest.mark.parametrize(
    "visitor", [NOBODY, Visitor("unix:"), Visitor(""), Visitor(browser="a b"), Visitor(browser="")]
)
def test_of_whom_nothing_is_known_nothing_is_told(visitor: Visitor) -> None:
    assert header.written(visitor) is None


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "203.0.113.7",
        "address=",
        "address=203.0.113.7;",
        "address=203.0.113.7; ",
        "address=203.0.113.7;browser=a",
        "address=203.0.113.7; address=203.0.113.8",
        "browser=a; address=203.0.113.7",
        "address=203.0.113.777",
        "address=example.org",
        "browser=a b",
        "browser=" + "a" * 65,
        "accounts=",
        "accounts=a,",
        "accounts=" + ",".join(["a"] * (header.MOST_ACCOUNTS + 1)),
        "place=" + KEY,
        f"place={KEY}:-1",
        f"place={KEY}:" + "9" * 16,
        f"place={KEY.upper()}:1",
        f"place={KEY}:\u0661",
        "browser=a\n",
        "browser=a; name=b",
        "browser=a" * 1000,
    ],
)
def test_what_is_not_quite_right_is_refused_with_what_to_write(value: str) -> None:
    with pytest.raises(ValueError, match=header.NAME):
        header.read(value)
