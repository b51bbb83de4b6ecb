"""Names: one line in which everything is seen, in the order in which it is written."""

from __future__ import annotations

import pytest
from sqlalchemy import update
from support.world import PASSWORD, World, refused

from stormpath_wsgi.directory.storage import schema

#: Line breaks, control characters, those that change the direction, and others that nobody sees.
UNSAFE = [
    "\n", "\r", "\t", "\x1b", "\x7f", "\x85", "\u2028", "\u2029", "\u061c", "\u200e", "\u200f", "\u202a", "\u202b",
    "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069", "\u00ad", "\u034f", "\u115f", "\u180e",
    "\u200b", "\u200c", "\u200d", "\u2060", "\u206f", "\u3164", "\ufeff", "\uffa0", "\ufff9", "\U000e0041",
]  # fmt: skip
PEOPLE = ["username", "givenName", "middleName", "surname"]


@pytest.mark.parametrize("attribute", PEOPLE)
def test_no_name_of_a_person_holds_what_is_not_seen(sqlite_world: World, attribute: str) -> None:
    account = sqlite_world.account("ada@example.org")
    for unsafe in UNSAFE:
        with refused(2006, f"Account {attribute} holds a line break, a control character or one that is not seen."):
            sqlite_world.account(**{attribute: f"ad{unsafe}a"})
        with refused(2006, attribute):
            sqlite_world.update(account, **{attribute: f"ad{unsafe}a"})


def test_nor_does_any_other(sqlite_world: World) -> None:
    world, name = sqlite_world, "ad\u202ea"
    organization, group = world.new_organization("acme"), world.group()
    for make in (world.group, world.new_application, world.new_directory):
        with refused(2006, "name holds a line break"):
            make(name)
    with refused(2006, "Organization name holds"):
        world.new_organization("other", name=name)
    with refused(2006, "Directory name holds"):
        world.new_application("shop", {"createDirectory": name})
    for path in (organization, group, world.application, world.directory, world.tenant):
        with refused(2006, "name holds"):
            world.update(path, name=name)


def test_no_address_holds_it(sqlite_world: World) -> None:
    for unsafe in UNSAFE:
        with refused(2006, "email"):
            sqlite_world.account(f"ad{unsafe}a@example.org")


@pytest.mark.parametrize(
    "name",
    [
        "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627",
        "क्\u200dष",
        "\U0001f469\u200d\U0001f4bb",
        "\u2764\ufe0f",
        "O'Hara-\u00d1u\u00f1ez",
        "Anne Marie",
        "李\u3000明",
    ],
)
def test_what_a_spelling_needs_stays(sqlite_world: World, name: str) -> None:
    """Persian and Hindi join and part letters, emoji are put together; of usernames all of that was folded anyway."""
    account = sqlite_world.account(givenName=name)
    assert sqlite_world.service.get(account)["givenName"] == name
    sqlite_world.group(name)


@pytest.mark.parametrize("attribute", ["username", "email", "givenName"])
def test_what_is_there_already_may_be_sent_back(sqlite_world: World, attribute: str) -> None:
    """Clients save whole resources; and nobody can mend a name with what else is wrong in the way."""
    world, old = sqlite_world, "ada\u202e@example\n.org"
    account = world.account("ada@example.org")
    column = {"givenName": "given_name"}.get(attribute, attribute)
    with world.database.write() as transaction:
        mine = schema.accounts.c.id == account.partition("/")[2]
        transaction.connection.execute(update(schema.accounts).where(mine).values({column: old}))
    whole = world.service.get(account)
    assert whole[attribute] == old
    assert world.service.update(account, {**whole, "surname": "Lovelace"})["surname"] == "Lovelace"
    with refused(2006, attribute):
        world.update(account, **{attribute: f"{old} "})
    assert world.update(account, **{attribute: "augusta@example.org"})[attribute] == "augusta@example.org"
    assert world.login("augusta@example.org" if attribute != "givenName" else "ada@example.org", PASSWORD) == account
