"""Collections: paging, searching and ordering, the same on every engine."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.world import ON_ONE_ENGINE, World, link, names, path, refused

from stormpath_wsgi.directory.wire.json_search import spellings
from stormpath_wsgi.directory.wire.ranges import moments, numbers
from stormpath_wsgi.errors import Error


def emails(world: World, **query: Any) -> list[str]:
    return [item["email"].split("@")[0] for item in world.items(f"{world.directory}/accounts", **query)]


def matching(world: World, **query: Any) -> list[str]:
    return sorted(emails(world, limit=100, **query))


# Pages


def test_a_page_tells_where_it_is_and_how_many_there_are(world: World) -> None:
    for number in range(30):
        world.group(f"{number:02}")
    listed = f"{world.directory}/groups"
    page = world.service.list(listed)
    assert {name: page[name] for name in ("href", "offset", "limit", "size")} == {
        "href": link(listed)["href"],
        "offset": 0,
        "limit": 25,
        "size": 30,
    }
    assert names(page["items"]) == [f"{number:02}" for number in range(25)]
    for offset, limit, found in ((25, 25, 5), (29, 1, 1), (30, 25, 0), (1000, 1, 0), (0, 100, 30), (0, 30, 30)):
        page = world.service.list(listed, {"offset": str(offset), "limit": limit})
        assert (page["offset"], page["limit"], page["size"], len(page["items"])) == (offset, limit, 30, found)


def test_pages_do_not_overlap_when_everything_is_equally_old(world: World) -> None:
    accounts = {world.account() for _ in range(7)}
    pages = [world.items(f"{world.directory}/accounts", offset=offset, limit=3) for offset in (0, 3, 6)]
    assert {path(item) for page in pages for item in page} == accounts
    assert sum(map(len, pages)) == 7


def test_the_oldest_come_first(world: World) -> None:
    accounts = []
    for _ in range(3):
        accounts.append(world.account())
        world.now += 1
    for owner in (world.directory, world.application, world.tenant, "tenants/current"):
        assert [path(item) for item in world.items(f"{owner}/accounts")] == accounts


@ON_ONE_ENGINE
@pytest.mark.parametrize("limit", ["0", "101", "-1", "abc", "", "1.5", "10" * 400, True, 1.0])
def test_a_limit_is_from_1_to_100(world: World, limit: object) -> None:
    with refused(2103):
        world.service.list(f"{world.directory}/groups", {"limit": limit})


@ON_ONE_ENGINE
@pytest.mark.parametrize("offset", ["-1", "abc", "9" * 30, "2147483648", [], 1.5])
def test_an_offset_is_a_whole_number(world: World, offset: object) -> None:
    with refused(2103):
        world.service.list(f"{world.directory}/groups", {"offset": offset})


# Attributes


def test_attributes_match_whatever_the_case(world: World) -> None:
    for email, name in (("ada", "Ada"), ("adam", "ADAM"), ("madame", "Ma d'ame"), ("bob", None), ("élan", "Élan")):
        world.account(f"{email}@example.org", givenName=name)
    assert matching(world, givenName="ada") == ["ada"]
    assert matching(world, givenName="ADA*") == ["ada", "adam"]
    assert matching(world, givenName="*dam*") == ["adam"]
    assert matching(world, givenName="*AM") == ["adam"]
    assert matching(world, givenName="élAN") == ["élan"]
    assert matching(world, givenName="ÉL*") == ["élan"]
    assert len(matching(world, givenName="*")) == len(matching(world, givenName="**")) == 4
    assert matching(world, givenName="") == []
    assert matching(world, email="ADA@example.org") == matching(world, username="ada@EXAMPLE.org") == ["ada"]
    assert matching(world, email="ada*") == ["ada", "adam"]
    assert matching(world, email="*@example.org", givenName="A*") == ["ada", "adam"]


ODD = [
    "100%",
    "100_",
    "a\\b",
    "a/b",
    "x*y",
    "'; --",
    '"',
    "[a-z]",
    "(x)",
    "/!@$%^ *()_-+=?><]}[{",
    "\U0010ffff",
    "\ud7ff",
]


@pytest.mark.parametrize("name", ODD)
def test_nothing_in_a_value_is_special_but_a_star_at_an_end(world: World, name: str) -> None:
    for other in ("100x", "aXb", "xzy", "b", "\ue000"):
        world.group(other)
    world.group(name)
    world.group(f"{name}tail")
    world.group(f"head{name}")
    listed = f"{world.directory}/groups"
    assert names(world.items(listed, name=name)) == [name]
    assert set(names(world.items(listed, name=f"{name}*"))) == {name, f"{name}tail"}
    assert set(names(world.items(listed, name=f"*{name}"))) == {name, f"head{name}"}
    assert set(names(world.items(listed, name=f"*{name}*"))) == {name, f"{name}tail", f"head{name}"}
    assert set(names(world.items(listed, q=name))) == {name, f"{name}tail", f"head{name}"}


def test_full_text_finds_any_searchable_text(world: World) -> None:
    world.account("ada@example.org", givenName="Augusta", surname="Lovelace")
    world.account("bob@example.org", middleName="Love")
    world.account("eve@example.org", username="AUGUST-us")
    assert matching(world, q="LOVE") == ["ada", "bob"]
    assert matching(world, q="august") == ["ada", "eve"]
    assert matching(world, q="example.org", surname="*") == ["ada"]
    assert matching(world, q="customData.omg=noway") == []
    assert len(matching(world, q="")) == 3


def test_a_status_is_matched_whole(world: World) -> None:
    world.account("ada@example.org")
    world.account("bob@example.org", status="DISABLED")
    assert matching(world, status="disabled") == ["bob"]
    for wrong in ("DIS*", "*", "foo", ""):
        with refused(2105):
            emails(world, status=wrong)


@ON_ONE_ENGINE
@pytest.mark.parametrize(
    "name",
    ["hobby", "password", "fullName", "href", "directory", "tenant.href", "customData", "customData.", "Email", ""],
)
def test_only_declared_attributes_are_searched(world: World, name: str) -> None:
    with refused(2105):
        emails(world, **{name: "x"})


def test_custom_data_is_searched_wherever_there_is_any(world: World) -> None:
    account = world.account()
    for colour, rank in (("Red", 2), ("reddish", 10), ("blue", 1)):
        data = {"colour": colour, "rank": rank, "of": {"a": colour}}
        world.member(account, world.group(f"group {colour}", customData=data))
        world.new_organization(colour, customData=data)
        for kind in ("applications", "directories"):
            world.service.create(kind, {"name": colour, "customData": data})
    collections = [f"{owner}/groups" for owner in (world.directory, world.application, world.tenant, account)]
    collections += [f"{world.tenant}/{kind}" for kind in ("applications", "directories", "organizations")]
    for collection in collections:
        for query, found in (
            ({"customData.colour": "RED"}, ["Red"]),
            ({"customData.colour": "red*", "orderBy": "customData.rank desc"}, ["reddish", "Red"]),
            ({"customData.of.a": "*e*", "name": "*BLUE", "q": "blue"}, ["blue"]),
            ({"customData.rank": "[2,]", "orderBy": "customData.colour"}, ["Red", "reddish"]),
            ({"customData.none": "*"}, []),
        ):
            items = world.items(collection, **query)
            assert [name.removeprefix("group ") for name in names(items)] == found, (collection, query)
        page = world.service.list(collection, {"customData.colour": "*", "limit": "1"})
        assert (page["size"], len(page["items"])) == (3, 1)


def test_what_has_no_custom_data_is_not_searched_by_it(world: World) -> None:
    with refused(2105):
        world.items(f"{world.account()}/groupMemberships", **{"customData.a": "1"})


@ON_ONE_ENGINE
@pytest.mark.parametrize("value", ["a\0b", "\ud800", "x" * 4001, 5, None, ["x"]])
@pytest.mark.parametrize("name", ["q", "email", "status", "createdAt", "customData.a", "orderBy"])
def test_a_value_is_bounded_text(world: World, name: str, value: object) -> None:
    with refused(2103):
        emails(world, **{name: value})


# Moments


def test_moments_are_matched_by_period_and_by_range(world: World) -> None:
    moment = dt.datetime(2015, 2, 3, 12, 30, 15, 123_000, dt.UTC)
    world.now = moment.timestamp()
    world.account("ada@example.org")
    for hit in (
        "2015",
        "2015-02",
        "2015-02-03",
        "2015-02-03T12",
        "2015-02-03T12:30Z",
        "2015-02-03T12:30:15+00:00",
        "2015-02-03T12:30:15.123",
        "2015-02-03T12:30:15.123000+00:00",
        "[2015]",
        "[2015,2016]",
        "[2015-02-03T12:30:15.123,2015-02-03T12:30:15.123]",
        "(2015-02-03T12:30:15.122,  2015-02-03T12:30:15.124)",
        "[,2016]",
        "[2015,]",
        "(,)",
        "[2015-02-03,2015-02-04)",
    ):
        assert emails(world, createdAt=hit) == ["ada"], hit
    for miss in (
        "2014",
        "2015-02-03T12:30:15.124",
        "[2014,2015]",
        "(2015-02-03T12:30:15.123,)",
        "[,2015-02-03T12:30:15.123)",
        "[2016,]",
        "[,2015-01-01]",
    ):
        assert emails(world, createdAt=miss) == [], miss
    assert emails(world, createdAt="2015", modifiedAt="2015", passwordModifiedAt="2015-02") == ["ada"]


@ON_ONE_ENGINE
@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("[2016,2015]", 2108),
        ("yesterday", 2103),
        ("2015-13", 2103),
        ("2015-02-30", 2103),
        ("[2015", 2103),
        ("", 2103),
        ("9999", 2103),
        ("0000", 2103),
        ("[a,b]", 2103),
        ("[2015,2016,2017]", 2103),
        ("2015-02-03T12:30+01:00", 2103),
    ],
)
def test_what_is_no_moment_is_refused(world: World, value: str, code: int) -> None:
    with refused(code):
        emails(world, createdAt=value)


@given(st.text(alphabet="0123456789-:T.Z[](), +", max_size=40))
@settings(deadline=None)
def test_ranges_are_read_or_refused(text: str) -> None:
    for read in (moments, numbers):
        try:
            found = read(text)
        except Error as error:
            assert error.code == 2108
        else:
            assert found is None or found.low is None or found.high is None or found.low <= found.high


# Custom data


@pytest.fixture
def people(world: World) -> World:
    data: dict[str, dict[str, Any]] = {
        "ada": {"role": "Engineer", "age": 36, "address": {"city": "London", "zip": "NW1"}, "start": "2014-05-01"},
        "bob": {"role": "engine driver", "age": 52.5, "member": True, "start": "2016-01-01T00:00:00.000Z"},
        "eve": {"role": None, "age": "36", "member": False, "address": ["London"]},
        "zoë": {"role": "É", "age": {"years": 3}, "with-dash": "100%"},
    }
    for name, custom in data.items():
        world.account(f"{name}@example.org", customData=custom)
    return world


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        ("role", "ENGINEER", ["ada"]),
        ("role", "engine*", ["ada", "bob"]),
        ("role", "*ngin*", ["ada", "bob"]),
        ("role", "*er", ["ada", "bob"]),
        ("role", "É", ["zoë"]),
        ("role", "*", ["ada", "bob", "zoë"]),
        ("age", "36", ["ada", "eve"]),
        ("age", "52.5", ["bob"]),
        ("age", "[30,40]", ["ada"]),
        ("age", "(36,]", ["bob"]),
        ("age", "[,36]", ["ada"]),
        ("age", "[36,52.5)", ["ada"]),
        ("age", "(,)", ["ada", "bob"]),
        ("age", "*", ["ada", "bob", "eve"]),
        ("age.years", "3", ["zoë"]),
        ("member", "true", ["bob"]),
        ("member", "FALSE", ["eve"]),
        ("address.city", "london", ["ada"]),
        ("address", "*", []),
        ("with-dash", "100%", ["zoë"]),
        ("with-dash", "1_0%", []),
        ("start", "[2014,2015]", ["ada"]),
        ("start", "[2014]", ["ada"]),
        ("start", "2014", []),
        ("start", "[2015,]", ["bob"]),
        ("start", "[2016,2016]", ["bob"]),
        ("start", "[oops]", []),
        ("nothing", "*", []),
        ("nothing.at.all", "x", []),
    ],
)
def test_custom_data_is_searched_by_path(people: World, key: str, value: str, found: list[str]) -> None:
    assert matching(people, **{f"customData.{key}": value}) == found


@pytest.mark.parametrize(
    ("sought", "found"),
    [
        ("[1990-05-01,1991]", ["day", "offset", "second", "zulu"]),
        ("(1990-05-01,1991]", ["second"]),
        ("[1990-02,1990-05-01]", ["day", "offset", "zulu"]),
        ("[1990-02,1990-05-01)", []),
        ("[1990-05]", ["day", "offset", "second", "zulu"]),
        ("1990-05", []),
        ("[1990-01-01,1990-02)", ["year"]),
        ("[1990-05-01T10:00:00.500Z,1990-05-01T10:00:00.500Z]", ["second"]),
        ("[1000,2000]", ["day", "number", "offset", "second", "year", "zulu"]),  # a number would do as well
        ("[1995,]", ["number", "other"]),
    ],
)
def test_moments_in_custom_data_are_found_however_they_are_spelled(world: World, sought: str, found: list[str]) -> None:
    born = {
        "year": "1990",
        "day": "1990-05-01",
        "zulu": "1990-05-01T00:00:00Z",
        "offset": "1990-05-01T00:00:00.000+00:00",
        "second": "1990-05-01T10:00:00.5Z",
        "number": 1995,
        "other": 150_000,
        "word": "yesterday",
        "truth": True,
        "digits": "15",
    }
    for name, moment in born.items():
        world.account(f"{name}@example.org", customData={"born": moment})
    assert sorted(matching(world, **{"customData.born": sought})) == found


NUMBERS = {
    "one": 1, "one-point": 1.0, "one-text": "1", "2to63": 2**63, "2to63-more": 2**63 + 1, "2to63-point": 2.0**63,
    "ten25": 10**25, "ten25-point": 1e25, "ten21": 1e21, "tiny": 1e-7, "zero": 0, "zero-point": 0.0, "minus": -0.0,
    "tenth": 0.1, "huge": 1e300,
}  # fmt: skip

ZEROS, NOTHING = ["minus", "zero", "zero-point"], list[str]()

FOUND: dict[tuple[str, ...], list[str]] = {
    ("1",): ["one", "one-point", "one-text"],
    ("1.0", "1e0", "10e-1", "1.00"): ["one", "one-point"],
    (str(2**63), f"{2**63}.0"): ["2to63", "2to63-point"],
    (repr(2.0**63),): ["2to63-point"],
    (str(2**63 + 1),): ["2to63-more", "2to63-point"],
    (str(10**25), "1e25", "1E+25", "10.0e24"): ["ten25", "ten25-point"],
    ("1e21", "1e+21", str(10**21), "1000e18"): ["ten21"],
    ("1e-7", "1e-07", "0.0000001", "0.1e-6"): ["tiny"],
    ("0", "-0", "0.0", "-0.0", "0e9"): ZEROS,
    ("1e-400",): ["minus", "zero-point"],
    ("0.1", "0.10", "1e-1", "0.1000000000000000055511151231257827"): ["tenth"],
    ("01", "+1", " 1", "1.", ".1", "1e", "0x1", "NaN", "Infinity", "1e999", "1_0"): NOTHING,
    ("1e+*",): ["huge", "ten21", "ten25-point"],
    ("1000000*",): ["ten25"],
    ("[1e20,1e22]",): ["ten21"],
    ("[1e-8,1e-6]",): ["tiny"],
    ("(9e24,]",): ["huge", "ten25", "ten25-point"],
    (f"[{2**62},{2**64}]",): ["2to63", "2to63-more", "2to63-point"],
    ("[,0]",): ZEROS,
}


def test_numbers_in_custom_data_are_found_however_they_are_spelled(world: World) -> None:
    """SQLite has integers of 64 bits and doubles, PostgreSQL has decimals: both find the same."""
    for name, number in NUMBERS.items():
        world.account(f"{name}@example.org", customData={"n": number})
    for spelled, found in FOUND.items():
        for sought in spelled:
            assert (sought, matching(world, **{"customData.n": sought})) == (sought, found)
    smallest_first = ["minus", "zero", "zero-point", "tiny", "tenth", "one", "one-point"]
    assert emails(world, orderBy="customData.n", **{"customData.n": "[,1e3]"}) == smallest_first


whole = st.integers(-(10**30), 10**30) | st.sampled_from([2**53 + 1, 2**63, -(2**63), 2**63 - 1, 10**308])
doubles = st.floats(allow_nan=False, allow_infinity=False)
SPELLED = st.sampled_from(["{}", "{}.0", "{}e0", "{}0e-1"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stored=whole | doubles, other=whole | doubles, same=st.booleans(), spelled=SPELLED)
def test_a_number_is_found_by_its_value_on_both_engines(
    world: World, stored: float, other: float, same: bool, spelled: str
) -> None:
    accounts = [path(item) for item in world.items(f"{world.directory}/accounts")] or [world.account("ada@example.org")]
    world.service.update(f"{accounts[0]}/customData", {"n": stored})
    number = stored if same else other
    sought = spelled.format(number) if isinstance(number, int) and number else repr(number)
    equal = Decimal(sought) == stored if isinstance(stored, int) else float(sought) == stored
    assert matching(world, **{"customData.n": sought}) == ["ada"] * equal


def test_a_number_of_any_length_is_read_quickly() -> None:
    """A text of some thousands of characters is no work: it has at most as many digits."""
    few, many = "0" * 3980, "9" * 3990
    for text in (many, f"0.{few}1", f"1{few}e-3980", f"0.{few}1e3981", f"1e{many}", f"1e-{many}", f"0e{many}"):
        assert len(spellings(text)) <= 3


def test_several_keys_and_attributes_are_all_wanted(people: World) -> None:
    assert matching(people, **{"customData.role": "*", "customData.age": "[0,50]", "email": "a*"}) == ["ada"]
    page = people.service.list(f"{people.tenant}/accounts", {"customData.role": "engine*", "limit": "1"})
    assert (page["size"], len(page["items"])) == (2, 1)
    assert people.service.list(f"{people.application}/accounts", {"customData.role": "É"})["size"] == 1


@ON_ONE_ENGINE
@pytest.mark.parametrize("key", ['a"b', "a b", "", "a..b", ".a", "-a", "a'b", "a$", "é", ".".join("a" * 11), "k" * 256])
def test_paths_hold_plain_keys_only(world: World, key: str) -> None:
    with refused(2105):
        emails(world, **{f"customData.{key}": "x"})


# Order


def test_an_order_may_name_several_attributes(world: World) -> None:
    for email, name, surname in (("a", "x", "1"), ("b", None, "2"), ("c", "X", "3"), ("d", "w", None)):
        world.account(f"{email}@example.org", givenName=name, surname=surname)
        world.now += 1
    assert emails(world, orderBy="email desc") == ["d", "c", "b", "a"]
    assert emails(world, orderBy="createdAt Desc") == ["d", "c", "b", "a"]
    assert emails(world, orderBy="givenName,surname DESC") == ["b", "d", "c", "a"]
    assert emails(world, orderBy=" givenName desc , email ASC ") == ["a", "c", "d", "b"]
    assert emails(world, orderBy="surname desc", limit=2, offset=1) == ["b", "a"]


def test_an_order_may_name_custom_data(people: World) -> None:
    assert emails(people, orderBy="customData.age desc,email")[:2] == ["bob", "ada"]
    assert emails(people, orderBy="customData.role", q="a")[-1] in ("bob", "zoë")


@ON_ONE_ENGINE
@pytest.mark.parametrize(
    ("order", "code"),
    [
        ("", 2104),
        ("email up", 2104),
        ("email desc desc", 2104),
        ("email,", 2104),
        (",".join(["email"] * 11), 2104),
        ("directory", 2106),
        ("fullName", 2106),
        ("password", 2106),
        ("hobby", 2106),
        ("email;drop", 2106),
    ],
)
def test_a_bad_order_is_refused(world: World, order: str, code: int) -> None:
    with refused(code):
        emails(world, orderBy=order)


def test_mappings_come_in_their_order(world: World) -> None:
    for _ in range(3):
        world.map(world.new_directory(), listIndex=0)
    listed = f"{world.application}/accountStoreMappings"
    assert [item["listIndex"] for item in world.items(listed)] == [0, 1, 2, 3]
    assert [item["listIndex"] for item in world.items(listed, orderBy="listIndex desc")] == [3, 2, 1, 0]
    with refused(2105):
        world.items(listed, listIndex="0")


# What an application holds


def test_an_application_holds_what_its_stores_hold_each_once(world: World) -> None:
    group, other = world.group("in"), world.new_directory()
    inside = [world.account() for _ in range(3)]
    for account in inside:
        world.member(account, group)
    elsewhere = world.account(at=other)
    outside_group = world.group("out", at=other)
    application = world.new_application()
    held = f"{application}/accounts"
    assert world.items(held) == world.items(f"{application}/groups") == []
    world.map(group, application)
    assert {path(item) for item in world.items(held)} == set(inside)
    assert [path(item) for item in world.items(f"{application}/groups")] == [group]
    world.map(world.directory, application)
    world.map(other, application)
    assert sorted(path(item) for item in world.items(held)) == sorted([*inside, elsewhere])
    assert [path(item) for item in world.items(f"{application}/groups")] == [group, outside_group]
    one = world.service.get(inside[0])["email"]
    assert world.service.list(held, {"email": one, "limit": "1"})["size"] == 1


def test_a_group_holds_its_members(world: World) -> None:
    group = world.group()
    members = [world.account(f"m{number}@example.org") for number in range(3)]
    for account in members:
        world.member(account, group)
    world.account("m9@example.org")
    assert {path(item) for item in world.items(f"{group}/accounts", email="m*")} == set(members)
    assert [path(item) for item in world.items(f"{group}/accounts", username="m1@example.org")] == [members[1]]


KNOWN = ["q", "email", "givenName", "createdAt", "customData.a", "status", "orderBy", "offset", "limit"]


@given(query=st.dictionaries(st.sampled_from(KNOWN) | st.text(max_size=12), st.text(max_size=30), max_size=4))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_query_is_answered_or_refused(world: World, query: dict[str, str]) -> None:
    try:
        page = world.service.list(f"{world.directory}/accounts", query)
    except Error as error:
        assert 400 <= error.status < 500
    else:
        assert page["items"] == []


COLOURS = ["red", "amber", "green", "blue", "12 apes", "9 lives"]


@pytest.mark.parametrize("query", [{}, {"email": "a*"}, {"q": "example"}])
@pytest.mark.parametrize("descending", [False, True])
def test_accounts_that_a_search_has_found_are_sorted_by_texts_in_their_custom_data(
    world: World, query: dict[str, str], descending: bool
) -> None:
    for number, colour in enumerate(COLOURS):
        world.account(f"a{number}@example.org", customData={"colour": colour})
    order = "customData.colour desc" if descending else "customData.colour"
    found = world.items(f"{world.directory}/accounts", "customData", **query, orderBy=order)
    assert [item["customData"]["colour"] for item in found] == sorted(COLOURS, reverse=descending)


def test_groups_that_a_search_has_found_are_sorted_by_texts_in_their_custom_data(world: World) -> None:
    for number, colour in enumerate(COLOURS):
        world.group(f"a{number}", customData={"colour": colour})
    found = world.items(f"{world.directory}/groups", "customData", name="a*", orderBy="customData.colour")
    assert [item["customData"]["colour"] for item in found] == sorted(COLOURS)
