"""What a directory writes down of what happens in it: with the change, whoever writes at the same time."""

from __future__ import annotations

import datetime as dt
import json
import logging
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update
from support.cheap import HASHER, WAITING, options
from support.waiting import eventually
from support.warm import Start
from support.world import BASE, ENCRYPTION_KEY, PASSWORD, Beginning, World, path

from stormpath_wsgi.audit import Head, Proof, Row, heads_in, prove
from stormpath_wsgi.audit.entry import document
from stormpath_wsgi.directory import DirectoryService, open_directory
from stormpath_wsgi.directory.crypto.passwords import Passwords
from stormpath_wsgi.directory.crypto.secrets import Secrets
from stormpath_wsgi.directory.storage import audit, schema
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.errors import Error
from stormpath_wsgi.events import Event, LimitsUnavailable, Registered, at, reserved, told_of
from stormpath_wsgi.settings import AuditSettings

ADA = "ada@example.org"
DAY = 86_400


class Audited:
    """*world* with an audit, which is empty at first. *settings*: of the audit."""

    def __init__(self, world: World, **settings: Any) -> None:
        self.world = world
        with world.database.write() as transaction:
            for table in (schema.audit_rows, schema.audit_waiting, schema.audit_heads):
                transaction.connection.execute(delete(table))
        world.service = self.service = DirectoryService(
            world.database,
            BASE,
            passwords=Passwords(HASHER, waiting=WAITING),
            clock=lambda: world.now,
            secrets=Secrets([ENCRYPTION_KEY]),
            audit=AuditSettings(enabled=True, signing_keys=[ENCRYPTION_KEY], **settings),
        )

    def rows(self) -> list[Row]:
        self.service.audit.seal()
        return list(self.service.audit.rows())

    def said(self) -> list[dict[str, Any]]:
        """What the rows say, without the time."""
        said = [document(row.entry) for row in self.rows()]
        for each in said:
            del each["at"]
        return said

    def proof(self, kept: list[Head] | None = None) -> Proof:
        trusted = self.service.audit.public_keys()
        with self.service.audit.chain() as (tenant, begins, head, rows):
            return prove(tenant, rows, begins=begins, head=head, kept=kept or [], trusted=trusted)

    def change(self, *statements: Any) -> None:
        """What somebody does who can write the tables."""
        with self.world.database.write() as transaction:
            for statement in statements:
                transaction.connection.execute(statement)


@pytest.fixture
def audited(sqlite_world: World) -> Audited:
    return Audited(sqlite_world)


class TestRows:
    def test_each_event_says_who_did_what_to_whom_from_where(self, world: World) -> None:
        audited = Audited(world)
        admin = world.account("admin@example.org")
        with at(actor=f"{BASE}/{admin}", address="192.0.2.7", agent="curl/8.5", credential="session"):
            account = world.account(ADA)
            world.member(account, group := world.group())
        with pytest.raises(Error):
            world.login(ADA, "Wrong-Horse-7")
        world.login(ADA)
        by_admin = {
            "actor": admin,
            "address": "192.0.2.7",
            "agent": "curl/8.5",
            "credential": "session",
            "result": "done",
        }
        assert audited.said() == [
            {"event": "Registered", "account": admin, "result": "done"},
            {"event": "Registered", "account": account, **by_admin},
            {
                "event": "ConfigurationChanged",
                "details": {"what": "Group", "resource": group, "action": "made", "changed": []},
                **by_admin,
            },
            {"event": "GroupJoined", "account": account, "details": {"group": group}, **by_admin},
            {
                "event": "SignInFailed",
                "account": account,
                "credential": "password",
                "result": "WRONG_PASSWORD",
                "details": {"login": ADA},
            },
            {"event": "SignedIn", "account": account, "credential": "password", "result": "done"},
        ]
        assert (audited.proof().last, audited.proof().fault) == (6, None)

    def test_what_administrators_do_is_in_it(self, audited: Audited, sqlite_world: World) -> None:
        directory = sqlite_world.new_directory("Customers")
        mapping = sqlite_world.map(directory)
        policy = directory.replace("directories", "passwordPolicies")
        sqlite_world.update(f"{policy}/strength", minLength=12)
        sqlite_world.service.delete(mapping)
        sqlite_world.service.delete(directory)
        told = [each["details"] for each in audited.said()]
        assert [(each["action"], each["what"]) for each in told] == [
            ("made", "Directory"),
            ("made", "AccountStoreMapping"),
            ("changed", "PasswordStrength"),
            ("removed", "AccountStoreMapping"),
            ("removed", "Directory"),
        ]
        assert told[2]["changed"] == ["minLength"]
        assert told[4]["resource"] == directory

    def test_no_secret_is_in_it_and_no_name_that_nobody_has(self, audited: Audited, sqlite_world: World) -> None:
        account = sqlite_world.account(ADA)
        for login in ("My-Secret-1", ADA):
            with pytest.raises(Error):
                sqlite_world.login(login, "My-Secret-1")
        sqlite_world.update(account, password="My-Secret-2", email="countess@example.org")
        key = sqlite_world.service.create(f"{account}/apiKeys", {})
        written = json.dumps(audited.said())
        for secret in ("Secret", key["secret"], "countess", PASSWORD):
            assert secret not in written
        assert ADA in written and key["id"] in written

    def test_text_that_a_database_does_not_take_is_kept_all_the_same(self, world: World) -> None:
        audited = Audited(world)
        with at(agent="\0\ud800" + "x" * 1000, address="\0"):
            world.account(ADA)
        [said] = audited.said()
        assert (said["agent"][:2], len(said["agent"]), said["address"]) == ("�?", 300, "�")

    @pytest.mark.parametrize(
        ("kept", "address", "said"),
        [
            ("whole", "192.0.2.77", "192.0.2.77"),
            ("network", "192.0.2.77", "192.0.2.0/24"),
            ("network", "2001:db8:1:2::3", "2001:db8:1::/48"),
            ("network", "::ffff:192.0.2.77", "192.0.2.0/24"),
            ("network", "a name", "unknown"),
        ],
    )
    def test_addresses_are_kept_as_the_setting_says(
        self, sqlite_world: World, kept: str, address: str, said: str
    ) -> None:
        audited = Audited(sqlite_world, addresses=kept)
        with at(address=address):
            sqlite_world.account()
        assert audited.said()[0]["address"] == said

    def test_a_hashed_address_tells_only_whether_it_is_the_same(self, sqlite_world: World) -> None:
        audited = Audited(sqlite_world, addresses="hashed")
        for address in ("192.0.2.7", "192.0.2.8", "192.0.2.7"):
            with at(address=address):
                sqlite_world.account()
        first, second, third = (each["address"] for each in audited.said())
        assert first == third != second
        assert "192" not in first and len(first) == 32

    def test_a_change_that_is_undone_leaves_no_row(self, audited: Audited, sqlite_world: World) -> None:
        sqlite_world.account(ADA)
        with pytest.raises(Error):
            sqlite_world.account(ADA)
        assert [each["event"] for each in audited.said()] == ["Registered"]

    def test_no_change_is_made_that_cannot_be_written_down(self, audited: Audited, sqlite_world: World) -> None:
        with sqlite_world.database.write() as transaction:
            transaction.connection.exec_driver_sql("ALTER TABLE audit_waiting RENAME TO gone")
        try:
            with pytest.raises(Error):
                sqlite_world.account(ADA)
        finally:
            with sqlite_world.database.write() as transaction:
                transaction.connection.exec_driver_sql("ALTER TABLE gone RENAME TO audit_waiting")
        assert sqlite_world.items(f"{sqlite_world.directory}/accounts", email=ADA) == []

    def test_what_a_flow_tells_in_the_place_of_the_directory_is_there_once(
        self, audited: Audited, sqlite_world: World
    ) -> None:
        """It tells the event that the directory has told, and which was kept for it."""
        with reserved(Registered) as kept:
            sqlite_world.account(ADA)
        told: Event | None = told_of(kept, Registered)
        assert isinstance(told, Registered)
        sqlite_world.service.events.emit(told)
        sqlite_world.service.events.emit(Registered(account=f"{BASE}/accounts/other"))
        assert [each["account"] for each in audited.said()] == [
            path({"href": told.account}),
            "accounts/other",
        ]

    def test_what_is_told_while_the_database_is_away_is_there_afterwards(
        self, sqlite_world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        with closing(Database(sqlite_world.url, timeout=0.01)) as database:
            impatient = World(database, sqlite_world.url, (sqlite_world.application, sqlite_world.directory))
            audited = Audited(impatient)
            with sqlite_world.database.write():
                impatient.service._context.events.emit(LimitsUnavailable())
            assert "an event waits in memory for the audit" in caplog.text
            assert "Traceback" not in caplog.text
            audited.service.audit.close()
            assert [said["event"] for said in audited.said()] == ["LimitsUnavailable"]

    def test_a_site_that_wants_none_has_none(self, sqlite_world: World) -> None:
        audited = Audited(sqlite_world)
        off = DirectoryService(
            sqlite_world.database, BASE, passwords=Passwords(HASHER), audit=AuditSettings(enabled=False)
        )
        off.create(f"{sqlite_world.directory}/accounts", {"email": ADA, "password": PASSWORD})
        assert audited.rows() == []

    def test_a_directory_in_memory_keeps_none_unless_it_is_asked_to(self) -> None:
        for wanted, kept in ((None, False), (True, True)):
            with closing(open_directory("sqlite://", options(audit=AuditSettings(enabled=wanted)))) as service:
                assert service.audit.enabled is kept


class TestProof:
    def test_what_others_do_to_the_tables_is_named(self, world: World) -> None:
        audited, rows = Audited(world), schema.audit_rows
        for _ in range(4):
            world.account()
        assert audited.rows() and audited.proof().fault is None
        before = audited.rows()
        mine = rows.c.tenant_id == audited.service.audit.ends()[0]

        def named(*statements: Any) -> tuple[int, str]:
            with world.database.read() as connection:
                found = [row._asdict() for row in connection.execute(select(rows))]
                heads = [row._asdict() for row in connection.execute(select(schema.audit_heads))]
            audited.change(*statements)
            fault = audited.proof().fault
            audited.change(delete(rows), insert(rows).values(found))
            audited.change(delete(schema.audit_heads), insert(schema.audit_heads).values(heads))
            assert fault is not None
            return fault.position, fault.what

        assert named(update(rows).where(mine, rows.c.position == 3).values(event="SignedOut")) == (
            3, "This row was changed.",
        )  # fmt: skip
        assert named(delete(rows).where(rows.c.position == 2)) == (2, "Rows 2 to 2 are missing.")
        assert named(delete(rows).where(rows.c.position > 2))[0] == 3
        assert named(update(schema.audit_heads).values(at=7))[0] == 4
        assert audited.rows() == before and audited.proof().fault is None

    def test_who_takes_all_away_is_found_out_by_the_second_place(self, sqlite_world: World, tmp_path: Path) -> None:
        file = tmp_path / "heads"
        audited = Audited(sqlite_world, file=file)
        sqlite_world.account(ADA)
        audited.service.audit.close()
        kept = list(heads_in(file.read_text().splitlines(), audited.service.audit.ends()[0]))
        assert (len(kept), oct(file.stat().st_mode & 0o777)) == (1, "0o600")
        assert audited.proof(kept).compared == 1
        audited.change(delete(schema.audit_rows), delete(schema.audit_heads))
        fault = audited.proof(kept).fault
        assert fault is not None and fault.position == 1

    def test_the_last_head_reaches_it_on_a_quiet_site_too(self, sqlite_world: World, tmp_path: Path) -> None:
        file = tmp_path / "heads"
        audited = Audited(sqlite_world, file=file, every=dt.timedelta(seconds=3))
        audited.service.serve()

        def told() -> int:
            return len(file.read_text().splitlines()) if file.exists() else 0

        sqlite_world.account(ADA)
        eventually(lambda: told() == 1)
        sqlite_world.account("bob@example.org")  # and after that nothing happens
        eventually(lambda: told() == 2)
        audited.service.audit.close()

    def test_the_log_is_a_second_place(
        self, audited: Audited, sqlite_world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO, "stormpath_wsgi.audit")
        sqlite_world.account(ADA)
        audited.service.audit.close()
        assert audited.proof(list(heads_in(caplog.messages, audited.service.audit.ends()[0]))).compared == 1

    def test_an_address_is_a_second_place(self, sqlite_world: World, caplog: pytest.LogCaptureFixture) -> None:
        got: list[tuple[str, str]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                got.append((self.path, self.rfile.read(int(self.headers["Content-Length"])).decode()))
                self.send_response(204 if len(got) == 1 else 500)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        with HTTPServer(("127.0.0.1", 0), Handler) as server:
            Thread(target=server.serve_forever, daemon=True).start()
            url = f"http://127.0.0.1:{server.server_port}/heads?token=hush"
            audited = Audited(sqlite_world, url=url, log=False)
            for email in (ADA, "grace@example.org"):
                sqlite_world.account(email)
                audited.service.audit.close()
            server.shutdown()
        assert [where for where, _ in got] == ["/heads?token=hush"] * 2
        assert audited.proof(list(heads_in([said for _, said in got], audited.service.audit.ends()[0]))).compared == 2
        assert "127.0.0.1 answered 500" in caplog.text and "hush" not in caplog.text


class TestRetention:
    def test_what_is_too_old_goes_and_a_signed_head_takes_its_place(self, world: World) -> None:
        audited = Audited(world, keep="P10D")
        for _ in range(6):
            world.account()
            world.now += 3 * DAY
        kept = audited.rows()
        world.now -= 3 * DAY  # now the last one is new, and the oldest is 15 days old
        audited.service.audit.tidy()
        proof = audited.proof()
        assert (proof.first, proof.last, proof.fault) == (3, 6, None)
        assert audited.rows() == kept[2:]
        assert audited.service.audit.tidy() == 0

        world.account()
        assert audited.rows()[-1].position == 7 and audited.proof().fault is None
        audited.change(delete(schema.audit_heads).where(schema.audit_heads.c.begins.is_(True)))
        fault = audited.proof().fault
        assert fault is not None and fault.position == 1

    def test_a_chain_of_which_all_is_too_old_goes_on_behind_it(self, audited: Audited, sqlite_world: World) -> None:
        sqlite_world.account()
        audited.rows()
        sqlite_world.now += 400 * DAY
        audited.service.audit.tidy()
        proof = audited.proof()
        assert (audited.rows(), proof.first, proof.last, proof.fault) == ([], 2, 1, None)
        sqlite_world.account()
        assert [row.position for row in audited.rows()] == [2] and audited.proof().fault is None


def test_a_process_that_serves_puts_rows_into_the_chain_by_itself_and_takes_old_ones_away(
    sqlite_world: World,
) -> None:
    """Also those that a process has left which is gone."""
    audited = Audited(sqlite_world, keep="P10D")
    sqlite_world.account()
    audited.rows()
    sqlite_world.now += 11 * DAY
    sqlite_world.account()
    keeper = audited.service.audit
    assert keeper.waiting() == 1
    keeper.serve()
    eventually(lambda: [row.position for row in keeper.rows()] == [2], 60)
    sqlite_world.account()
    eventually(lambda: [row.position for row in keeper.rows()] == [2, 3], 60)
    keeper.close()
    assert audited.proof().fault is None


def test_who_writes_does_not_wait_for_who_puts_rows_into_the_chain(postgresql_beginning: Beginning) -> None:
    """Nor does another process that wants to put rows there: it leaves that to the first."""
    world = postgresql_beginning.world()
    audited = Audited(world)
    world.account()
    assert len(audited.rows()) == 1
    world.account()
    tenant = world.tenant.partition("/")[2]
    with closing(Database(world.url)) as database, database.write(moves_generation=False) as transaction:
        assert audit.seal(transaction.connection, tenant, 0, lambda head: head) == 1
        world.account()
        assert (audited.service.audit.seal(), audited.service.audit.waiting()) == (0, 2)
    assert [row.position for row in audited.rows()] == [1, 2, 3]
    assert audited.proof().fault is None


#: Makes accounts as long as it is told to, a line each, and puts what waits into the chain.
WRITER = """
    import itertools, sys
    from stormpath_wsgi.directory import DirectoryService
    from stormpath_wsgi.directory.crypto.passwords import Passwords
    from stormpath_wsgi.directory.storage.engine import Database
    from stormpath_wsgi.settings import AuditSettings
    from support.cheap import HASHER, WAITING

    url, where, name = sys.argv[1:]
    audit = AuditSettings(enabled=True, signing_keys=["5a" * 32], log=False)
    database = Database(url, timeout=60)
    service = DirectoryService(database, "https://id.example.org/v1", passwords=Passwords(HASHER), audit=audit)
    print("ready", flush=True)
    for number, line in enumerate(sys.stdin):
        body = {"email": f"{name}-{number}@example.org", "password": "Correct-Horse-1"}
        made = service.create(f"{where}/accounts", body)
        if line == "seal\\n":
            service.audit.seal()
        print(made["href"], flush=True)
    service.audit.seal()
    print("done", flush=True)
"""


def test_of_eight_writers_at_once_of_which_one_is_killed_each_row_is_in_the_chain(world: World, program: Start) -> None:
    """All of them put rows into the chain, too."""
    audited = Audited(world)
    writers = [program(WRITER, world.url, world.directory, f"writer{number}") for number in range(8)]
    for each in writers:
        assert each.stdin and each.stdout
        each.stdout.readline()
        each.stdin.write("go\nseal\n")
        each.stdin.flush()
    made = []
    for each in writers[:-1]:
        assert each.stdin and each.stdout
        made += [each.stdout.readline() for _ in range(2)]
        each.stdin.close()
    victim = writers[-1]
    assert victim.stdout
    made.append(victim.stdout.readline())
    victim.kill()
    for each in writers[:-1]:
        assert each.stdout
        assert each.stdout.read() == "done\n"
    victim.wait()
    there = {item["href"] for item in world.items(f"{world.directory}/accounts", limit="100")}
    assert {href.strip() for href in made} <= there
    told = [row.entry.account for row in audited.rows() if row.entry.event == "Registered"]
    assert len(told) == len(set(told)) == len(there)  # of each account that is there, and of no other
    assert {f"{BASE}/{account}" for account in told} == there
    proof = audited.proof()
    assert (proof.first, proof.last, proof.fault) == (1, len(told), None)
    assert audited.service.audit.waiting() == 0
