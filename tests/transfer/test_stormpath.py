"""Exports of Stormpath: its own, in both of its layouts, and the folder of the tool ``stormpath-export``."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from support.full_directory import SECRETS
from support.world import BASE, World, names, path, refused

from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.transfer import destination, lines
from stormpath_wsgi.transfer.people import People, Person
from stormpath_wsgi.transfer.problems import Report, TransferError
from stormpath_wsgi.transfer.stormpath import Folder
from stormpath_wsgi.transfer.targets import Live, rehearsal
from stormpath_wsgi.transfer.writing import Importer

OLD = "https://api.stormpath.com/v1"

#: One of the public vectors: the hash of 123456.
STORMPATH2 = "$stormpath2$MD5$1$OWI3OTQwYjEwODEwOTdkNTcwZDY5NjQ2ZDNlNmZjNzM=$ULWTW74NXPyLYj3VfYHWrg=="
BCRYPT = "$2a$08$VbNS17zvQNYtMyfRiYXxWuec2F2y3SuLB/e7hU8RWdcCxxluUB3m."


def put(folder: Path, kind: str, id: str, **content: Any) -> None:
    file = folder / kind / f"{id.rpartition('/')[2]}.json"
    if "/" in id:
        file = folder / kind / f"{id}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"id": id.rpartition("/")[2], "href": f"{OLD}/{kind}/{id}", **content}))


def to(kind: str, id: str) -> dict[str, str]:
    return {"id": id, "href": f"{OLD}/{kind}/{id}"}


def imported(database: Database, folder: Path, *, skips: bool = False) -> Report:
    target = Live(database, SECRETS)
    importer = Importer(target, destination.tenant(target), skips=skips)
    return importer.write_batches(Folder(folder).batches())


def opened(database: Database) -> World:
    """The world of an import, whose ids are those of the export."""
    return World(database, "", ("applications/app1", "directories/dir1"))


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """As Stormpath's own: ``home/<tenant>``, accounts in folders of their directories."""
    folder = tmp_path / "home" / "tenant1"
    put(
        folder, "directories", "dir1", name="Customers", status="ENABLED", createdAt="2015-08-25T19:57:05.976Z",
        provider={"providerId": "stormpath"}, passwordPolicy=to("passwordPolicies", "policy1"),
    )  # fmt: skip
    put(folder, "passwordPolicies", "policy1", strength={"minLength": 12, "preventReuse": 3, "unknown": 1})
    put(folder, "directories", "dir2", name="Google", status="ENABLED")
    provider = {"providerId": "google", "clientId": "c", "clientSecret": "s", "redirectUri": "https://x.example"}
    put(folder, "providers", "dir2", **provider)
    put(folder, "directories", "dir3", name="Office", provider={"providerId": "ad"})
    put(folder, "groups", "dir1/staff1", name="staff", status="ENABLED", directory=to("directories", "dir1"))
    put(
        folder, "accounts", "dir1/ada1", username="ada", email="ada@example.org", givenName="Ada", surname=None,
        status="ENABLED", emailVerificationStatus="VERIFIED", password=STORMPATH2, createdAt="2014-01-02T03:04:05Z",
        customData={"langs": ["en"], "href": "x", "createdAt": "y"}, directory=to("directories", "dir1"),
        aNewMember=1,
    )  # fmt: skip
    put(
        folder, "accounts", "dir1/bob1", username="bob", email="bob@example.org", status="UNVERIFIED",
        password="$stormpath1$c2FsdA==$aGFzaA==", directory=to("directories", "dir1"),
    )  # fmt: skip
    put(folder, "accounts", "dir2/eve1", externalId="12345", username="eve", directory=to("directories", "dir2"))
    put(folder, "accounts", "kim1", email="kim@example.org", directory=to("directories", "gone1"))
    put(folder, "accounts", "dir3/joe1", email="joe@example.org", directory=to("directories", "dir3"))
    put(folder, "groupMemberships", "member1", account={"id": "ada1"}, group={"id": "staff1"})
    put(folder, "groupMemberships", "member2", account={"id": "nobody"}, group={"id": "staff1"})
    put(folder, "apiKeys", "KEY1", secret="key's secret", status="DISABLED", account={"id": "ada1"})
    put(folder, "accountLinks", "link1", leftAccount={"id": "eve1"}, rightAccount={"id": "ada1"})
    put(folder, "organizations", "org1", name="Acme", nameKey="acme", status="ENABLED")
    put(
        folder, "organizationAccountStoreMappings", "omap1", organization={"id": "org1"},
        accountStore=to("directories", "dir1"),
    )  # fmt: skip
    put(folder, "applications", "app1", name="Shop", status="ENABLED", oAuthPolicy={"id": "oauth1"})
    put(folder, "oAuthPolicies", "oauth1", accessTokenTtl="PT30M", refreshTokenTtl="P30D")
    for number, store in enumerate(["organizations/org1", "directories/dir1", "orgs/org1", "directories/gone9"]):
        put(
            folder, "accountStoreMappings", f"map{number}", application={"id": "app1"},
            accountStore=to(*store.split("/")), listIndex=3 - number, isDefaultAccountStore=store == "directories/dir1",
        )  # fmt: skip
    return tmp_path / "home"


class TestStormpathsOwn:
    def test_accounts_keep_their_hrefs_their_passwords_and_their_groups(self, empty: Database, export: Path) -> None:
        imported(empty, export)
        world = opened(empty)
        assert world.login("ada", "123456") == "accounts/ada1"
        ada = world.service.get("accounts/ada1")
        assert (ada["givenName"], ada["surname"], ada["createdAt"]) == ("Ada", None, "2014-01-02T03:04:05.000Z")
        assert world.service.get("accounts/ada1/customData").keys() == {"href", "createdAt", "modifiedAt", "langs"}
        assert names(world.items("accounts/ada1/groups")) == ["staff"]
        (key,) = world.items("accounts/ada1/apiKeys")
        assert (key["href"], key["secret"], key["status"]) == (f"{BASE}/apiKeys/KEY1", "key's secret", "DISABLED")

    def test_what_is_told_beside_accounts_is_there_too(self, empty: Database, export: Path) -> None:
        imported(empty, export)
        world = opened(empty)
        assert world.service.get("directories/dir1/provider")["providerId"] == "stormpath"
        assert world.service.get("directories/dir1")["createdAt"] == "2015-08-25T19:57:05.976Z"
        strength = world.service.get("passwordPolicies/dir1/strength")
        assert (strength["minLength"], strength["preventReuse"], strength["maxLength"]) == (12, 3, 100)
        assert world.service.get("directories/dir2/provider")["clientSecret"] == "s"
        assert world.service.get("oAuthPolicies/app1")["accessTokenTtl"] == "PT30M"
        mapped = world.items("applications/app1/accountStoreMappings")
        assert [(path(each["accountStore"]), each["isDefaultAccountStore"]) for each in mapped] == [
            ("organizations/org1", False), ("directories/dir1", True),
        ]  # fmt: skip
        assert world.service.get("organizations/org1")["nameKey"] == "acme"
        assert [path(each) for each in world.items("accounts/ada1/linkedAccounts")] == ["accounts/eve1"]

    def test_what_cannot_be_taken_over_is_told_and_stops_nothing(self, empty: Database, export: Path) -> None:
        report = imported(empty, export)
        told = "\n".join(report.problems)
        for sentence in (
            "directories/dir3.json: its accounts are in AD",
            "accounts/dir3/joe1.json: its directory is left out.",
            "accounts/dir1/bob1.json: its password cannot be checked here",
            "groupMemberships/member2.json: it refers to something that is not there.",
            "accountStoreMappings/map3.json: its account store is not there.",
        ):
            assert sentence in told
        world = opened(empty)
        with refused(7100):
            world.login("bob", "123456")
        assert world.service.get("accounts/bob1")["status"] == "UNVERIFIED"
        eve = world.service.get("accounts/eve1", "providerData")
        assert eve["email"] == "eve1@missing.invalid"
        assert (eve["providerData"]["providerId"], eve["providerData"]["userInfo"]) == ("google", {"id": "12345"})
        data = schema.provider_data.c
        with world.database.read() as connection:
            known = connection.execute(select(data.id).where(data.directory_id == "dir2", data.subject == "12345"))
            assert known.scalars().all() == ["eve1"]  # whoever signs in through Google has the account again
        gone = world.service.get("accounts/kim1", "directory")["directory"]
        assert (gone["name"], gone["status"]) == ("Directory gone1", "DISABLED")

    def test_again_it_makes_nothing(self, empty: Database, export: Path) -> None:
        imported(empty, export)
        assert imported(empty, export).made == {}

    def test_a_name_that_is_taken_gets_a_number_and_the_administrators_keep_theirs(
        self, empty: Database, export: Path
    ) -> None:
        world = World(empty, "")
        put(export / "tenant1", "applications", "app9", name="My Application")
        put(export / "tenant1", "directories", "dir9", name="Stormpath Administrators")
        imported(empty, export)
        assert world.service.get("applications/app9")["name"] == "My Application (2)"
        assert world.service.get("directories/dir9")["name"] == "Stormpath Administrators (2)"
        world.service.issue_api_key()

    def test_postgresql_takes_the_same_and_a_dry_run_there_leaves_nothing(
        self, empty: Database, export: Path, postgresql_url: str
    ) -> None:
        with closing(Database(postgresql_url)) as database:
            with rehearsal(database) as target:
                tried = Importer(target, destination.tenant(target)).write_batches(Folder(export).batches())
            with database.read() as connection:
                assert connection.execute(schema.tenants.select()).all() == []
            assert imported(database, export).made == tried.made == imported(empty, export).made
            assert opened(database).login("ada", "123456") == "accounts/ada1"
            people = [Person("line 1", email="new@example.org", groups=("staff",)), Person("line 2", username="ada")]
            for target in (Live(database, SECRETS), Live(database, SECRETS)):
                importer = Importer(target, destination.tenant(target))
                importer.write_batches(People(target, destination.tenant(target), "dir1").batches(people))
            assert importer.report.there == {"accounts": 2}
            assert opened(database).service.list("directories/dir1/accounts")["size"] == 3

    def test_nobody_gets_a_mail(self, empty: Database, export: Path) -> None:
        imported(empty, export)
        with empty.read() as connection:
            assert connection.execute(schema.outbox.select()).all() == []


class TestThePublicTool:
    """Layout and members are those of stormpath-export 0.1.2."""

    def test_what_stands_inside_of_each_other_is_found(self, empty: Database, tmp_path: Path) -> None:
        folder = tmp_path / "stormpath-exports" / "tenant1"
        put(
            folder, "directories", "dir1", name="Customers", groups=[],
            provider={"providerId": "stormpath", "agent": None},
            passwordPolicy={**to("passwordPolicies", "dir1"), "strength": {"minLength": 9}, "resetTokenTtl": 24},
        )  # fmt: skip
        put(folder, "groups", "staff1", name="staff", directory=to("directories", "dir1"), accounts=[])
        put(
            folder, "accounts", "ada1", username="ada", email="ada@example.org", fullName="Ada", status="ENABLED",
            customData={"createdAt": "2015-01-01T00:00:00+00:00", "k": 1}, directory=to("directories", "dir1"),
            groups=[{**to("groups", "staff1"), "name": "staff"}],
            apiKeys=[{"href": f"{OLD}/apiKeys/KEY1", "id": "KEY1", "secret": "s"}],
        )  # fmt: skip
        mapping = {
            "id": "map1", "list_index": 0, "is_default_account_store": True, "is_default_group_store": True,
            "account_store": {"type": "Directory", **to("directories", "dir1")},
        }  # fmt: skip
        put(folder, "applications", "app1", name="Shop", account_store_mappings=[mapping])
        report = imported(empty, tmp_path / "stormpath-exports")
        assert report.left_out == {}
        world = opened(empty)
        assert names(world.items("accounts/ada1/groups")) == ["staff"]
        assert world.items("accounts/ada1/apiKeys")[0]["secret"] == "s"
        assert world.service.get("accounts/ada1/customData")["k"] == 1
        assert path(world.service.get("applications/app1")["defaultAccountStoreMapping"]) == "accountStoreMappings/map1"
        assert world.service.get("passwordPolicies/dir1/strength")["minLength"] == 9
        assert imported(empty, tmp_path / "stormpath-exports").made == {}
        created = world.service.create(
            "applications/app1/accounts", {"email": "new@example.org", "password": "Horse-Battery-9"}
        )
        assert path(created["directory"]) == "directories/dir1"


class TestHostileFolders:
    def test_bad_files_are_named_and_the_others_are_taken(self, empty: Database, export: Path) -> None:
        tenant = export / "tenant1"
        account = {"email": "x@example.org", "directory": to("directories", "dir1")}
        for name, content in {
            "cut": b'{"id": "cut',
            "deep": b'{"id":"deep","customData":' + b"[" * 100_000,
            "list": b"[]",
            "types": json.dumps({"id": "types", **account, "username": ["ada"]}).encode(),
            "status": json.dumps({"id": "status", **account, "status": "KING"}).encode(),
            "no_id": json.dumps({**account, "id": "../../../etc/passwd"}).encode(),
            "twice": json.dumps({**account, "id": "twice", "username": "ADA"}).encode(),
        }.items():
            (tenant / "accounts" / f"{name}.json").write_bytes(content)
        with pytest.raises(TransferError, match=r"accounts/\w+\.json: "):
            imported(empty, export)
        report = imported(empty, export, skips=True)
        assert report.left_out["accounts"] == 8  # with the one of the mirrored directory
        assert len(opened(empty).items("directories/dir1/accounts", username="ada")) == 1  # of two, the first

    def test_links_are_not_followed_and_no_path_stands_in_a_file(
        self, empty: Database, export: Path, tmp_path: Path
    ) -> None:
        outside = tmp_path / "outside"
        put(outside, "accounts", "mallory1", email="m@example.org", directory=to("directories", "dir1"))
        put(outside, "providers", "x", providerId="google", clientId="c", clientSecret="s")
        tenant = export / "tenant1"
        (tenant / "accounts" / "elsewhere").symlink_to(outside / "accounts")
        (tenant / "accounts" / "mallory1.json").symlink_to(outside / "accounts" / "mallory1.json")
        put(tenant, "directories", "dir4", name="D", passwordPolicy={"id": "../../../outside/providers/x"})
        (tenant / "oAuthPolicies" / "oauth1.json").unlink()
        (tenant / "oAuthPolicies" / "oauth1.json").symlink_to(outside / "providers" / "x.json")
        report = imported(empty, export)
        assert report.made["accounts"] == 4
        with refused(404):
            opened(empty).service.get("accounts/mallory1")

    def test_a_file_of_10_gb_is_not_read_whole(self, empty: Database, export: Path) -> None:
        with (export / "tenant1" / "accounts" / "huge.json").open("wb") as file:
            file.truncate(10 * 2**30)  # a hole on the disk
        with pytest.raises(TransferError, match=f"accounts/huge.json: it is longer than {lines.LONGEST // 2**20} MiB"):
            imported(empty, export)

    def test_a_folder_that_is_no_export_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(TransferError, match="has none of the folders"):
            Folder(tmp_path)
        for tenant in ("a", "b"):
            put(tmp_path / tenant, "accounts", "x")
        with pytest.raises(TransferError, match="several tenants"):
            Folder(tmp_path)
