"""Several at once: nobody wins twice, nothing is lost, and nothing half-done is seen."""

from __future__ import annotations

import base64
import json
import re
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import event, select, text
from support.post import Post
from support.post import text as mail_text
from support.warm import Start
from support.world import PASSWORD, World, link, path

from stormpath_wsgi.directory.rules.mails import mailed_tokens
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.errors import Error
from stormpath_wsgi.tickets import holding, new

#: Does what it is told in JSON, a line each, and answers with the codes of the errors, 0 where there was none.
PROGRAM = """
    import json, sys
    from pwdlib.hashers.argon2 import Argon2Hasher
    from stormpath_wsgi.directory import DirectoryService
    from stormpath_wsgi.directory.storage.engine import Database
    from stormpath_wsgi.directory.crypto.passwords import Passwords
    from stormpath_wsgi.directory.crypto.secrets import Secrets
    from stormpath_wsgi.errors import Error

    cheap = Passwords(Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1), waiting=1000)
    more = {"passwords": cheap, "secrets": Secrets(["5a" * 32])}
    service = DirectoryService(Database(sys.argv[1]), "https://id.example.org/v1", **more)
    service.get("tenants/current")
    print("ready", flush=True)
    for line in sys.stdin:
        codes = []
        for verb, *arguments in json.loads(line):
            try:
                getattr(service, verb)(*arguments)
                codes.append(0)
            except Error as error:
                codes.append(error.code)
        print(json.dumps(codes), flush=True)
"""


def together(world: World, program: Start, *orders: list[Any]) -> list[list[int]]:
    """Gives each of *orders* to a process of its own, all at the same time."""
    processes = [program(PROGRAM, world.url) for _ in orders]
    for process in processes:
        assert process.stdout and process.stdout.readline() == "ready\n"
    for process, order in zip(processes, orders, strict=True):
        assert process.stdin
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
    return [json.loads(process.stdout.readline()) for process in processes if process.stdout]


def test_of_processes_that_want_one_login_name_one_gets_it(world: World, program: Start) -> None:
    at = f"{world.directory}/accounts"
    first = [["create", at, {"email": f"{n}@example.org", "password": PASSWORD}] for n in range(20)]
    # The same names, crosswise: what is an address for one is a username for the other.
    second = [
        ["create", at, {"email": f"x{n}@example.org", "username": f"{n}@EXAMPLE.org", "password": PASSWORD}]
        for n in range(20)
    ]
    codes = together(world, program, first, second)
    assert [sorted(pair) for pair in zip(*codes, strict=True)] == [[0, 2001]] * 20
    assert world.service.list(at)["size"] == 20


def test_names_that_cross_over_do_not_lock_each_other_out(world: World, program: Start) -> None:
    at = f"{world.directory}/accounts"
    orders = []
    for turn in (1, -1):
        pairs = [(f"a{n}@x.org", f"b{n}@x.org")[::turn] for n in range(20)]
        orders.append([["create", at, {"email": e, "username": u, "password": PASSWORD}] for e, u in pairs])
    codes = together(world, program, *orders)
    assert [sorted(pair) for pair in zip(*codes, strict=True)] == [[0, 2001]] * 20


def test_of_processes_that_want_one_name_one_gets_it(world: World, program: Start) -> None:
    order = [["create", "applications", {"name": f"Shop {n}"}, {"createDirectory": "true"}] for n in range(5)]
    order += [["create", f"{world.directory}/groups", {"name": f"group {n}"}] for n in range(5)]
    order += [["create", "directories", {"name": f"People {n}"}] for n in range(5)]
    codes = together(world, program, order, order, order)
    assert [sorted(some) for some in zip(*codes, strict=True)] == [[0, 2001, 2001]] * 15


def test_mappings_stay_numbered(world: World, program: Start) -> None:
    stores = [world.new_directory() for _ in range(12)]
    orders = [
        [
            [
                "create",
                "accountStoreMappings",
                {"application": link(world.application), "accountStore": link(store), "listIndex": 0}
                | {"isDefaultAccountStore": True},
            ]
            for store in stores[half::2]
        ]
        for half in (0, 1)
    ]
    assert together(world, program, *orders) == [[0] * 6, [0] * 6]
    mappings = world.items(f"{world.application}/accountStoreMappings")
    assert [mapping["listIndex"] for mapping in mappings] == list(range(13))
    assert sum(mapping["isDefaultAccountStore"] for mapping in mappings) == 1


def test_keys_of_custom_data_are_not_forgotten(world: World, program: Start) -> None:
    account = world.account()
    orders = [[["update", f"{account}/customData", {f"key{half}_{n}": n}] for n in range(15)] for half in (0, 1)]
    together(world, program, *orders)
    assert len(world.service.get(f"{account}/customData")) == 3 + 30


def test_memberships_are_made_once(world: World, program: Start) -> None:
    account, groups = world.account(), [world.group() for _ in range(8)]
    order = [["create", "groupMemberships", {"account": link(account), "group": link(group)}] for group in groups]
    codes = together(world, program, order, order)
    assert [sorted(pair) for pair in zip(*codes, strict=True)] == [[0, 2001]] * 8


def test_what_is_made_in_a_directory_that_goes_leaves_nothing(world: World, program: Start) -> None:
    """Whoever comes too late is told so; no account is left without its directory."""
    directory = world.new_directory()
    order = [
        ["create", f"{directory}/accounts", {"email": f"{n}@example.org", "password": PASSWORD}] for n in range(30)
    ]
    codes, _ = together(world, program, order, [["delete", directory]])
    assert set(codes) <= {0, 404, 2020}
    assert world.service.list(f"{world.tenant}/accounts")["size"] == 0


def test_sessions_of_an_account_that_goes_are_refused_or_go_with_it(world: World, program: Start) -> None:
    account = world.account()
    order = [["create", f"{account}/refreshTokens", {"application": link(world.application)}]] * 30
    codes, _ = together(world, program, order, [["delete", account]])
    assert set(codes) <= {0, 404, 2016, 2020}


@pytest.mark.parametrize("change", [{"password": "Another-Horse-2"}, {"status": "DISABLED"}])
def test_no_session_outlives_what_ends_it(world: World, program: Start, change: dict[str, str]) -> None:
    """A session that begins at the same time either ends with the others, or began after them."""
    account = world.account()
    begin = ["create", f"{account}/refreshTokens", {"application": link(world.application)}]
    before = [begin] * 20
    codes, _ = together(world, program, before, [["update", account, change]])
    if change.get("status"):
        assert world.items(f"{account}/refreshTokens") == []
        assert set(codes[codes.index(10010) :] if 10010 in codes else []) <= {10010}
    else:
        assert codes == [0] * 20
        assert len(world.items(f"{account}/refreshTokens")) <= 20


def test_processes_that_sign_in_without_pause_lose_nothing(world: World, program: Start) -> None:
    """On a SQLite file too: nobody is told that the database is locked."""
    account = world.account("ada@example.org")
    value = base64.b64encode(f"ada@example.org:{PASSWORD}".encode()).decode()
    sign_in = [
        ["create", f"{world.application}/loginAttempts", {"type": "basic", "value": value}],
        ["create", f"{account}/refreshTokens", {"application": link(world.application)}],
    ]
    assert together(world, program, sign_in * 50, sign_in * 50) == [[0] * 100] * 2
    assert world.service.list(f"{account}/refreshTokens")["size"] == 100


def test_threads_share_a_service(world: World) -> None:
    account = world.account("ada@example.org")

    def sign_in(_: int) -> bool:
        return world.is_good(world.session(world.login("ada@example.org")))

    def rename(number: int) -> bool:
        return bool(world.update(account, surname=str(number))["surname"] == str(number))

    with ThreadPoolExecutor(6) as threads:
        done = [*threads.map(sign_in, range(20)), *threads.map(rename, range(10))]
    assert all(done)
    assert world.service.list(f"{account}/refreshTokens")["size"] == 20


def test_a_password_that_was_compared_with_an_old_one_is_not_stored(world: World) -> None:
    """Where passwords may not be repeated, a second change at the same time has not seen the first one."""
    strength = f"passwordPolicies/{world.directory.split('/')[1]}/strength"
    world.update(strength, preventReuse=5)
    account = world.account()

    def change(number: int) -> int:
        try:
            world.update(account, password=f"Another-Horse-{number}")
        except Error as error:
            return error.code
        return 0

    with ThreadPoolExecutor(4) as threads:
        codes = list(threads.map(change, [7] * 4))
    assert codes.count(0) == 1
    assert set(codes) <= {0, 409, 2002}
    assert path(world.service.get(account)) == account


def test_of_processes_that_use_one_mailed_token_one_sets_the_password(world: World, program: Start) -> None:
    world.account("ada@example.org")
    world.now = time.time()  # as for the processes
    wish = {"email": "ada@example.org"}
    tokens = [path(world.service.create(f"{world.application}/passwordResetTokens", wish)) for _ in range(4)]
    orders = [[["update", token, {"password": f"{PASSWORD}{n}"}] for token in tokens] for n in range(2)]
    codes = together(world, program, *orders)
    assert sorted(code for process in codes for code in process) == [0] + [404] * 7


def test_no_mailed_token_outlives_a_change_of_the_address_at_the_same_time(world: World) -> None:
    """Whoever reads the old mailbox must not get in by a mail that was being made."""
    account = world.account("ada@example.org")
    ids = account.split("/")[1], world.application.split("/")[1]
    blocked = text("SELECT 1 FROM pg_locks WHERE NOT granted")
    with ThreadPoolExecutor(1) as threads:
        with world.service._context.write(moves_generation=False) as work:
            mailed_tokens.make_reset(work, "token", *ids, work.now + 60_000)
            changed = threads.submit(world.update, account, email="eve@example.org")
            if work.connection.dialect.name == "postgresql":  # on SQLite the other waits before its first statement
                while not (changed.done() or work.connection.execute(blocked).first()):
                    pass
        changed.result()
    with world.database.read() as connection:
        assert connection.execute(select(schema.mailed_tokens)).all() == []


def test_nor_does_one_that_is_mailed_once_more(world: World) -> None:
    world.update(world.directory.replace("directories", "accountCreationPolicies"), verificationEmailStatus="ENABLED")
    account, blocked = world.account("ada@example.org"), text("SELECT 1 FROM pg_locks WHERE NOT granted")
    changes: list[Future[Any]] = []
    world.now += 8 * 24 * 3600  # the first token has expired: another one is made
    world.service._context.deliver = lambda: None  # the mail itself does not matter

    def change_meanwhile(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("INSERT INTO outbox") and not changes:
            changes.append(threads.submit(world.update, account, email="eve@example.org"))
            if connection.dialect.name == "postgresql":
                with world.database.read() as reader:
                    while not (changes[0].done() or reader.execute(blocked).first()):
                        pass

    with world.database.write(moves_generation=False) as writing:
        engine = writing.connection.engine
    event.listen(engine, "before_cursor_execute", change_meanwhile)
    try:
        with ThreadPoolExecutor(1) as threads:
            world.service.create(f"{world.application}/verificationEmails", {"login": "ada@example.org"})
            changes[0].result()
    finally:
        event.remove(engine, "before_cursor_execute", change_meanwhile)
    with world.database.read() as connection:
        assert connection.execute(select(schema.mailed_tokens)).all() == []


def test_of_processes_that_answer_one_mailed_code_one_is_right_and_no_answer_is_free(
    world: World, program: Start
) -> None:
    post = Post(world)
    world.account("ada@example.org")
    world.now, wish = time.time(), {"email": "ada@example.org"}  # as for the processes
    orders: list[list[Any]] = [[], []]
    for right in (True, False):
        ticket = new()
        with holding(ticket):
            world.service.create(f"{world.application}/passwordResetTokens", wish)
        digits = re.search(r"^ {4}(\d{4}) (\d{4})$", mail_text(post.only()), re.M)
        assert digits
        code = "".join(digits.groups()) if right else "none"
        answer = ["create", f"{world.application}/mailedCodes", {"purpose": "reset", "ticket": ticket, "code": code}]
        for order in orders:
            order += [answer] * (1 if right else 5)
    codes = [code for process in together(world, program, *orders) for code in process]
    assert sorted(codes) == [0, *[7120] * 5, *[7121] * 6]
