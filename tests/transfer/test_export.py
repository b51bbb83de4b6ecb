"""Exports: everything is in the file, secrets as was asked for, and from the file the same directory comes back."""

from __future__ import annotations

import io
import json
import os
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert
from support.full_directory import SECRETS, Full, filled
from support.world import BASE, World, link, refused

from stormpath_wsgi.directory.rules.stores import removals
from stormpath_wsgi.directory.storage import migrate, schema
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.transfer import exported
from stormpath_wsgi.transfer.export import export, whole_file
from stormpath_wsgi.transfer.layout import DERIVED, LEFT_OUT, SECTIONS, Section
from stormpath_wsgi.transfer.problems import TransferError
from stormpath_wsgi.transfer.targets import Live, rehearsal
from stormpath_wsgi.transfer.verify import verify
from stormpath_wsgi.transfer.writing import Importer, Mistake

PASSPHRASE = "correct horse battery staple"


def written(database: Database, **options: Any) -> bytes:
    output = io.BytesIO()
    export(database, SECRETS, output, base_url=BASE, **options)
    return output.getvalue()


def records(data: bytes) -> list[dict[str, Any]]:
    """All lines but the first and the last."""
    return [json.loads(line) for line in data.splitlines()[1:-1]]


def imported(database: Database, file: Path, passphrase: str | None = None, *, skips: bool = False) -> Importer:
    found = exported.look_through(file)
    key = found.key(passphrase) if passphrase else None
    importer = Importer(Live(database, SECRETS), None, skips=skips)
    importer.write(found.read(key))
    return importer


def differences(database: Database, file: Path, passphrase: str | None = None) -> tuple[int, list[str]]:
    found = exported.look_through(file)
    key = found.key(passphrase) if passphrase else None
    compared = verify(database, SECRETS, found.read(key), has_secrets=found.has_secrets, left_out=found.left_out)
    return compared.number, compared.lines


@pytest.fixture(scope="module")
def encrypted(full: Full, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The export, its secrets encrypted with PASSPHRASE."""
    file = tmp_path_factory.mktemp("exports") / "encrypted.jsonl"
    file.write_bytes(written(full.database, passphrase=PASSPHRASE, cost=2))
    return file


class TestExport:
    def test_every_table_is_in_it_or_is_left_out_for_a_reason(self) -> None:
        tables = {section.table for section in SECTIONS}
        assert tables | DERIVED | LEFT_OUT == set(schema.metadata.tables.values())
        assert not tables & (DERIVED | LEFT_OUT)

    def test_it_holds_every_kind(self, plain: Path) -> None:
        kinds = {record["kind"] for record in records(plain.read_bytes())}
        made_by_asking = {"certificates", "samlServiceProviderRegistrations"}
        assert {section.name for section in SECTIONS} - kinds == made_by_asking

    def test_an_account_reads_as_people_would_write_it(self, full: Full, plain: Path) -> None:
        (ada,) = (each for each in records(plain.read_bytes()) if each.get("email") == "ada@example.org")
        assert ada == {
            "kind": "accounts", "id": full.ada.split("/")[1], "createdAt": "2023-11-14T22:13:20.000Z",
            "modifiedAt": "2023-11-14T22:13:20.000Z", "username": "ada@example.org", "email": "ada@example.org",
            "givenName": "Ada", "status": "ENABLED", "emailVerificationStatus": "UNVERIFIED",
            "passwordModifiedAt": "2023-11-14T22:13:20.000Z", "directoryId": full.world.directory.split("/")[1],
            "tenantId": full.world.tenant.split("/")[1],
        }  # fmt: skip

    def test_no_secret_is_in_it_unless_asked_for(self, full: Full) -> None:
        data = written(full.database)
        kinds = [record["kind"] for record in records(data)]
        assert not {"apiKeys", "smtpServers", "invitations", "invitationGroups"} & {*kinds}
        assert kinds.count("factors") == 1  # a telephone has no secret
        end = json.loads(data.splitlines()[-1])
        assert end["leftOut"] == {"apiKeys": 2, "factors": 1, "invitations": 1, "invitationGroups": 1, "smtpServers": 1}
        for secret in (full.secret, "client's secret", "agent's password", "mail password", '"secret"'):
            assert secret not in data.decode()
        assert "$argon2id$" in data.decode()

    def test_a_passphrase_encrypts_them(self, full: Full, plain: Path, encrypted: Path) -> None:
        data = encrypted.read_text()
        for secret in (full.secret, "client's secret", "agent's password", "mail password"):
            assert secret not in data and secret in plain.read_text()
        assert PASSPHRASE not in data

    def test_a_short_passphrase_is_refused(self, full: Full) -> None:
        with pytest.raises(TransferError, match="12 characters"):
            written(full.database, passphrase="short")

    def test_it_is_of_one_moment(self, empty: Database) -> None:
        world = World(empty, "")
        account = world.account("ada@example.org")

        def meanwhile(rows: int) -> None:
            world.update(account, givenName="Meanwhile")

        data = written(empty, progress=meanwhile)
        assert b"Meanwhile" not in data
        assert b"Meanwhile" in written(empty)

    def test_a_column_cannot_have_the_name_that_says_what_a_line_is(self) -> None:
        with pytest.raises(ValueError, match="removals has a column 'kind'"):
            Section(schema.removals, {})

    def test_the_file_appears_when_it_is_whole(self, tmp_path: Path) -> None:
        file = tmp_path / "export.jsonl"
        file.write_text("the one of yesterday")
        with pytest.raises(OSError, match="disk"), whole_file(file) as output:
            output.write(b"half")
            raise OSError("disk full")
        assert [each.name for each in tmp_path.iterdir()] == ["export.jsonl"]
        assert file.read_text() == "the one of yesterday"
        with whole_file(file) as output:
            output.write(b"whole")
        assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
        assert file.read_bytes() == b"whole"


class TestThereAndBack:
    def test_the_same_directory_comes_back(self, full: Full, plain: Path, empty: Database) -> None:
        assert imported(empty, plain).report.left_out == {}
        assert records(written(empty, plain=True)) == records(plain.read_bytes())
        assert differences(empty, plain) == (0, [])
        world = World(empty, "", (full.world.application, full.world.directory))
        assert world.login("ada@example.org") == full.ada
        assert world.service.list(f"{world.directory}/accounts")["size"] == 2
        assert world.service.get(f"{full.ada}/customData")["deep"] == {"a": [1, "ä"]}
        (key,) = world.items(f"{full.ada}/apiKeys")
        assert key["secret"] == full.secret

    def test_from_one_engine_to_the_other(self, plain: Path, postgresql_url: str) -> None:
        with closing(Database(postgresql_url)) as database:
            with rehearsal(database) as target:
                found = exported.look_through(plain)
                tried = Importer(target, None).write(found.read(None)).made
            assert written(database).count(b"\n") == 2  # nothing of that is left
            assert imported(database, plain).report.made == tried == found.counts
            here, there = written(database, plain=True), plain.read_bytes()
            assert sorted(here.splitlines()[1:-1]) == sorted(there.splitlines()[1:-1])
            assert differences(database, plain) == (0, [])

    def test_secrets_come_back_with_the_passphrase(self, full: Full, empty: Database, encrypted: Path) -> None:
        found = exported.look_through(encrypted)
        with pytest.raises(TransferError, match="not the one"):
            found.key("another passphrase")
        imported(empty, encrypted, PASSPHRASE)
        world = World(empty, "", (full.world.application, full.world.directory))
        assert world.items(f"{full.ada}/apiKeys")[0]["secret"] == full.secret
        assert differences(empty, encrypted, PASSPHRASE) == (0, [])

    def test_without_secrets_the_rest_comes_back(self, full: Full, empty: Database, tmp_path: Path) -> None:
        file = tmp_path / "bare.jsonl"
        file.write_bytes(written(full.database))
        assert imported(empty, file).report.left_out == {}
        assert differences(empty, file) == (0, [])
        assert differences(full.database, file) == (0, [])

    def test_the_same_file_again_makes_nothing(self, plain: Path, empty: Database) -> None:
        made = imported(empty, plain).report.made
        again = imported(empty, plain).report
        assert (again.made, again.there) == ({}, made)

    def test_nobody_gets_a_mail(self, plain: Path, empty: Database) -> None:
        imported(empty, plain)
        with empty.read() as connection:
            assert connection.execute(schema.outbox.select()).all() == []

    def test_what_was_changed_since_stays(self, full: Full, plain: Path, empty: Database) -> None:
        imported(empty, plain)
        world = World(empty, "", (full.world.application, full.world.directory))
        world.update(full.ada, givenName="Augusta", password="Another-Horse-2")
        imported(empty, plain)
        assert world.service.get(full.ada)["givenName"] == "Augusta"
        assert world.login("ada@example.org", "Another-Horse-2") == full.ada
        number, lines = differences(empty, plain)
        assert number == 3  # the account, its old password, and its new one
        assert any("differs in modifiedAt, givenName, passwordModifiedAt" in line for line in lines)


def naming(file: Path, *paths: str) -> set[str]:
    """The sections with a line in which the id of one of *paths* is."""
    ids = [path.partition("/")[2] for path in paths]
    return {each["kind"] for each in records(file.read_bytes()) if any(id in json.dumps(each) for id in ids)}


class TestBeingRemoved:
    """A directory and a group that are being removed are in no export, so that an import does not bring them back."""

    @pytest.fixture
    def world(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
        """All of a full directory, and much in a directory of its own. Nobody removes rows."""
        parts = {kind: tuple((part, 1) for part, _ in each) for kind, each in removals._PARTS.items()}
        monkeypatch.setattr(removals, "_PARTS", parts)
        with closing(Database(f"sqlite:///{tmp_path}/full.db")) as database:
            migrate.upgrade(database)
            world = filled(World(database, "")).world
            monkeypatch.setattr(world.service._context, "deliver", lambda: None)
            yield world

    def test_nothing_of_them_comes_back(self, world: World, empty: Database, tmp_path: Path) -> None:
        other, group = world.new_directory("Other"), world.group("big")
        inner = world.group("inner", at=other, customData={"a": 1})
        world.map(other)
        accounts = [world.account(f"a{number}@example.org", at=other, customData={"a": 1}) for number in range(3)]
        stays = world.account("stays@example.org")
        for account in accounts:
            world.member(account, inner)
            world.member(world.account(), group)
        world.member(stays, group)
        world.service.create(f"{accounts[0]}/apiKeys", {})
        world.service.create(f"{accounts[0]}/phones", {"number": "+4915112345678"})
        world.service.create("accountLinks", {"leftAccount": link(stays), "rightAccount": link(accounts[0])})
        for gone in (other, group):
            world.service.delete(gone)
        file = tmp_path / "export.jsonl"
        file.write_bytes(written(world.database, plain=True))
        assert naming(file, other, group, inner, *accounts) == {"qualifiers"}  # whose name nobody else gets
        assert "accounts" in naming(file, stays)
        importer = imported(empty, file)
        assert importer.report.problems == []
        assert differences(empty, file)[0] == differences(world.database, file)[0] == 0
        back = World(empty, "", (world.application, world.directory))
        for gone in (other, group, *accounts):
            with refused(404):
                back.service.get(gone)
        with refused(2016):
            back.map(other)
        with refused(7104):
            back.login("a0@example.org")
        assert back.login("stays@example.org") == stays

    def test_nothing_hangs_in_the_air(self, world: World, empty: Database, tmp_path: Path) -> None:
        """Something of every kind is in the directory that is removed."""
        with world.database.write() as transaction:
            row = {"id": world.directory.partition("/")[2], "tenant_id": world.tenant.partition("/")[2]}
            transaction.connection.execute(insert(schema.removals), {**row, "kind": "directories", "created_at": 1})
        file = tmp_path / "export.jsonl"
        file.write_bytes(written(world.database, plain=True))
        assert naming(file, world.directory) == {"homeDirectories", "qualifiers"}  # they do not refer to the row
        assert imported(empty, file).report.problems == []
        assert differences(empty, file)[0] == 0


class TestBadFiles:
    @pytest.fixture
    def copy(self, plain: Path, tmp_path: Path) -> Path:
        file = tmp_path / "copy.jsonl"
        file.write_bytes(plain.read_bytes())
        return file

    def test_one_that_was_cut_off_is_known(self, copy: Path) -> None:
        data = copy.read_bytes()
        copy.write_bytes(data[: len(data) // 2])
        assert exported.look_through(copy).faults == ["The file was cut off: it has no line that ends it."]

    def test_one_that_is_there_twice_is_known(self, copy: Path) -> None:
        data = copy.read_bytes()
        copy.write_bytes(data + data)
        behind = data.count(b"\n") + 1
        assert exported.look_through(copy).faults == [f"line {behind}: the file goes on behind its end."]

    def test_one_that_was_changed_is_known(self, copy: Path) -> None:
        copy.write_bytes(copy.read_bytes().replace(b"ada@example.org", b"eva@example.org", 1))
        assert any("digest" in fault for fault in exported.look_through(copy).faults)

    def test_a_line_that_is_there_twice_makes_nothing_twice(self, copy: Path, empty: Database) -> None:
        lines = copy.read_bytes().splitlines(keepends=True)
        copy.write_bytes(b"".join(line * 2 for line in lines[1:-1]).join([lines[0], lines[-1]]))
        report = imported(empty, copy).report
        assert report.made == report.there

    @pytest.mark.parametrize(
        ("line", "complaint"),
        [
            (b"{", "it is no JSON."),
            (b"\xff{}", "it is not written in UTF-8."),
            (b"[1]", "it is no JSON object."),
            (b'{"kind":"accounts","id":NaN}', "it is no JSON."),
            (b'{"kind":' + b"[" * 100_000, "it is nested too deeply."),
            (b'{"kind":"customData","data":' + b"[" * 200 + b"]" * 200 + b"}", "it is nested too deeply."),
            (b'{"kind":"tallies"}', "there is no kind 'tallies'."),
            (b'{"kind":["accounts"]}', "there is no kind ['accounts']."),
            (b'{"kind":"accounts","id":"a","isAdmin":true}', "accounts have no member 'isAdmin'."),
            (b'{"kind":"accounts","username":"a"}', "id is missing."),
            (b'{"kind":"accounts","id":7}', "id has a value of the wrong type."),
            (b'{"kind":"accounts","id":"../../etc"}', "id is no id."),
            (b'{"kind":"accounts","id":"a","username":"\\u0000"}', "username holds characters that cannot be stored."),
            (b'{"kind":"accounts","id":"a","createdAt":"yesterday"}', "createdAt is no moment"),
            (b'{"kind":"passwords","accountId":"a","position":99999999999,"hash":"x"}', "position has a value"),
        ],
    )
    def test_a_line_that_is_no_record_is_told_apart(self, copy: Path, line: bytes, complaint: str) -> None:
        found = exported.look_through(copy)
        first = copy.read_bytes().splitlines(keepends=True)[0]
        copy.write_bytes(first + line + b"\n")
        (item,) = found.read(None)
        assert isinstance(item, Mistake)
        assert item.where == "line 2" and complaint in item.why

    @pytest.mark.parametrize(
        ("line", "complaint"),
        [
            (b"{", "it is no JSON."),
            (b'{"kind":"accounts","id":"a","username":"a","email":"a"}', "status is missing."),
            (b'{"kind":"passwords","accountId":"nobody","position":0,"hash":"x"}', "refers to something that is not"),
        ],
    )
    def test_a_bad_line_is_named_and_nothing_of_its_batch_is_written(
        self, plain: Path, copy: Path, empty: Database, line: bytes, complaint: str
    ) -> None:
        lines = copy.read_bytes().splitlines(keepends=True)
        bad = len(lines)
        copy.write_bytes(b"".join([*lines[:-1], line, b"\n", lines[-1]]))
        with pytest.raises(TransferError) as caught:
            imported(empty, copy)
        assert str(caught.value).startswith(f"line {bad}: ") and complaint in str(caught.value)
        assert records(written(empty)) == []
        report = imported(empty, copy, skips=True).report
        assert sum(report.left_out.values()) == 1
        assert report.made == exported.look_through(plain).counts

    def test_a_line_without_end_is_not_read_whole(self, copy: Path, empty: Database) -> None:
        with copy.open("r+b") as file:
            file.seek(0, os.SEEK_END)
            file.truncate(file.tell() + 10 * 2**30)  # a hole on the disk: 10 GB of NUL
        with pytest.raises(TransferError, match="longer than 16 MiB"):
            exported.look_through(copy)

    def test_two_accounts_of_one_name_are_not_both_taken(self, full: Full, copy: Path, empty: Database) -> None:
        data = copy.read_bytes()
        copy.write_bytes(data.replace(b'"username":"bob@example.org"', b'"username":"ada@example.org"'))
        with pytest.raises(TransferError, match="has its name"):
            imported(empty, copy)

    def test_a_newer_format_and_another_file_are_refused(self, copy: Path) -> None:
        data = copy.read_bytes()
        for old, new, complaint in (
            (b'"version":1', b'"version":2', "newer stormpath-wsgi"),
            (b'"tables":"0', b'"tables":"9', "newer stormpath-wsgi"),
            (b'"format":"s', b'"format":"t', "no export of stormpath-wsgi"),
            (b'{"format"', b"\x1f\x8b", "packed"),
        ):
            copy.write_bytes(data.replace(old, new, 1))
            with pytest.raises(TransferError, match=complaint):
                exported.look_through(copy)

    def test_a_key_that_would_take_for_ever_is_refused(self, copy: Path, encrypted: Path) -> None:
        data = encrypted.read_bytes()
        for old, new in ((b'"n":2,', b'"n":1073741824,'), (b'"salt":"', b'"salt":"*')):
            copy.write_bytes(data.replace(old, new, 1))
            with pytest.raises(TransferError, match="line 1: the key"):
                exported.look_through(copy).key(PASSPHRASE)

    def test_a_directory_of_somebody_else_is_refused(self, copy: Path, empty: Database) -> None:
        World(empty, "")
        with pytest.raises(TransferError, match="another tenant"):
            exported.check_tenants(Live(empty, SECRETS), exported.look_through(copy))

    def test_a_dry_run_writes_nothing(self, full: Full, copy: Path, empty: Database) -> None:
        found = exported.look_through(copy)
        with rehearsal(empty) as target:
            assert Importer(target, None).write(found.read(None)).made == found.counts
        with rehearsal(None) as target:
            assert Importer(target, None).write(found.read(None)).made == found.counts
        assert records(written(empty)) == []
