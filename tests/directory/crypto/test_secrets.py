"""Secrets at rest: who can read them, what happens to those that are moved, and how keys are changed."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import update
from support.warm import Start
from support.world import ENCRYPTION_KEY, World

from stormpath_wsgi.directory import DirectoryService, open_directory, rotation
from stormpath_wsgi.directory.crypto.secrets import Secrets
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.directory.storage.schema import api_keys
from stormpath_wsgi.errors import ConfigurationError

OLD, NEW = "0d" * 32, "7e" * 32
PLACE = "apiKeys/A/secret"


@contextlib.contextmanager
def opened(url: str) -> Iterator[tuple[DirectoryService, Database]]:
    """A bootstrapped service with its own key file, and the same database for whoever changes keys."""
    with closing(open_directory(url)) as service, closing(Database(url)) as database:
        service.bootstrap()
        yield service, database


class TestTexts:
    def test_what_is_encrypted_is_decrypted_in_its_place(self) -> None:
        encrypted = Secrets([OLD]).encrypt("húsh", PLACE)
        assert Secrets([OLD]).decrypt(encrypted, PLACE) == "húsh"
        assert "húsh" not in encrypted

    def test_nobody_can_tell_that_two_are_the_same(self) -> None:
        ring = Secrets([OLD])
        assert ring.encrypt("hush", PLACE) != ring.encrypt("hush", PLACE)

    def test_the_first_key_seals_and_all_open(self) -> None:
        old, both = Secrets([OLD]), Secrets([NEW, OLD])
        assert both.decrypt(old.encrypt("hush", PLACE), PLACE) == "hush"
        assert Secrets([NEW]).decrypt(both.encrypt("hush", PLACE), PLACE) == "hush"

    def test_a_missing_key_is_named_and_nothing_else_is(self) -> None:
        encrypted = Secrets([OLD]).encrypt("hush", PLACE)
        (key_id,) = Secrets([OLD]).key_ids()
        with pytest.raises(ConfigurationError, match=f"{PLACE} .*{key_id}.* encryptionKeys") as caught:
            Secrets([NEW]).decrypt(encrypted, PLACE)
        assert not any(text in str(caught.value) for text in ("hush", OLD, NEW))

    @pytest.mark.parametrize("place", ["apiKeys/B/secret", "apiKeys/A/name", ""])
    def test_elsewhere_it_does_not_open(self, place: str) -> None:
        ring = Secrets([OLD])
        with pytest.raises(ConfigurationError, match="other hands"):
            ring.decrypt(ring.encrypt("hush", PLACE), place)

    @pytest.mark.parametrize("spoil", [lambda text: text[:-6], lambda text: text[:-3] + "xyz", lambda text: text[:12]])
    def test_what_was_changed_does_not_open(self, spoil: Callable[[str], str]) -> None:
        ring = Secrets([OLD])
        with pytest.raises(ConfigurationError, match="other hands"):
            ring.decrypt(spoil(ring.encrypt("hush", PLACE)), PLACE)

    def test_what_an_earlier_version_has_encrypted_is_decrypted(self) -> None:
        """The keys and the texts at rest outlive every version: how they are derived and written is fixed."""
        written = "v1.ca97ceef.QHt1XI5kOL5fWiMusBEx-v3s4DHaVLxvpxUODjruklU="
        assert Secrets(["5a" * 32]).decrypt(written, "apiKeys/1/secret") == "hush"

    @pytest.mark.parametrize("encrypted", ["", "hush", "v1", "v1.", "v2.00000000.AAAA"])
    def test_what_was_never_encrypted_is_not_decrypted(self, encrypted: str) -> None:
        with pytest.raises(ConfigurationError, match="which is not in encryptionKeys"):
            Secrets([OLD]).decrypt(encrypted, PLACE)

    @pytest.mark.parametrize("key", ["", "changeme", "5a" * 31, "zz" * 32])
    def test_a_key_that_is_none_is_refused_without_repeating_it(self, key: str) -> None:
        with pytest.raises(ConfigurationError, match="64 hex digits") as caught:
            Secrets([key])
        assert not key or key not in str(caught.value)

    def test_without_a_key_one_is_told_which_setting_it_is_only_when_it_is_needed(self) -> None:
        without = Secrets()
        with pytest.raises(ConfigurationError, match="STORMPATH_ENCRYPTIONKEYS"):
            without.encrypt("hush", PLACE)

    def test_no_key_is_in_the_representation(self) -> None:
        assert repr(Secrets([OLD])) == "<Secrets encryptionKeys>"


class TestAtRest:
    def test_the_file_of_the_database_does_not_hold_the_secret(self, sqlite_url: str, tmp_path: Path) -> None:
        with opened(sqlite_url) as (service, _):
            id, secret = service.issue_api_key()
            stored = b"".join(file.read_bytes() for file in tmp_path.iterdir())
            assert id.encode() in stored
            assert secret.encode() not in stored

    def test_rows_that_are_swapped_do_not_open(self, world: World) -> None:
        (one, secret), (other, _) = world.service.issue_api_key(), world.service.issue_api_key()
        stolen = api_keys.select().where(api_keys.c.id == one)
        with world.database.write() as transaction:
            text = transaction.connection.execute(stolen).one().secret
            transaction.connection.execute(update(api_keys).where(api_keys.c.id == other).values(secret=text))
        assert secret not in text
        with pytest.raises(ConfigurationError, match=f"apiKeys/{other}/secret"):
            world.service.get(f"apiKeys/{other}")

    def test_a_server_without_keys_serves_all_that_needs_none(self, postgresql_url: str) -> None:
        with opened(postgresql_url) as (service, _):
            service.get("tenants/current")
            with pytest.raises(ConfigurationError, match="STORMPATH_ENCRYPTIONKEYS"):
                service.issue_api_key()
            assert service.list("tenants/current/directories")["size"] == 1

    def test_in_memory_there_is_always_a_key(self) -> None:
        with closing(open_directory("sqlite://")) as service:
            service.bootstrap()
            id, secret = service.issue_api_key()
            assert service.get(f"apiKeys/{id}")["secret"] == secret


class TestKeyFile:
    def test_it_is_made_with_the_first_secret_and_for_its_owner_only(self, sqlite_url: str, tmp_path: Path) -> None:
        file = tmp_path / "accounts.db-keys"
        with opened(sqlite_url) as (service, _):
            assert not file.exists()
            service.issue_api_key()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600

    def test_all_that_start_together_get_the_same_key(self, sqlite_url: str, tmp_path: Path) -> None:
        with opened(sqlite_url) as (_, database), ThreadPoolExecutor(4) as threads:
            start = threading.Barrier(4)

            def encrypt(ring: Secrets) -> str:
                start.wait()
                return ring.encrypt("hush", PLACE)

            rings = [Secrets.of(database) for _ in range(4)]
            for encrypted in threads.map(encrypt, rings):
                assert {ring.decrypt(encrypted, PLACE) for ring in rings} == {"hush"}
        assert sorted(name for name in os.listdir(tmp_path) if "keys" in name) == ["accounts.db-keys"]

    def test_one_that_is_lost_is_not_replaced_by_another(self, sqlite_url: str, tmp_path: Path) -> None:
        with opened(sqlite_url) as (service, _):
            service.issue_api_key()
            (tmp_path / "accounts.db-keys").unlink()
            with pytest.raises(ConfigurationError, match=r"accounts\.db-keys"):
                service.issue_api_key()
        assert not (tmp_path / "accounts.db-keys").exists()

    def test_what_root_makes_and_what_the_server_makes_are_used_by_both(self, sqlite_url: str, tmp_path: Path) -> None:
        """The server runs as the owner of the folder, and root on the command line."""
        with opened(sqlite_url) as (service, _):
            if os.geteuid() == 0:  # only root can give files away; with anybody else they stay in one hand
                for path in (tmp_path, *tmp_path.iterdir()):
                    os.chown(path, 12345, -1)
            id, secret = service.issue_api_key()
            assert (tmp_path / "accounts.db-keys").stat().st_uid == tmp_path.stat().st_uid
            assert service.get(f"apiKeys/{id}")["secret"] == secret
            service.issue_api_key()

    def test_one_that_others_may_read_is_refused(self, sqlite_url: str, tmp_path: Path) -> None:
        with opened(sqlite_url) as (service, _):
            service.issue_api_key()
            (tmp_path / "accounts.db-keys").chmod(0o640)
            with pytest.raises(ConfigurationError, match="chmod 600"):
                service.issue_api_key()


class TestRotation:
    def test_every_secret_is_encrypted_with_the_first_key(self, world: World) -> None:
        made = dict(world.service.issue_api_key() for _ in range(3))
        both = Secrets([NEW, ENCRYPTION_KEY])
        assert rotation.left(world.database, both) == 3
        assert rotation.encrypt_again(world.database, both) == 3
        assert rotation.encrypt_again(world.database, both) == rotation.left(world.database, both) == 0
        service = DirectoryService(world.database, world.service.base_url, secrets=Secrets([NEW]))
        assert {id: service.get(f"apiKeys/{id}")["secret"] for id in made} == made

    def test_more_than_a_batch_is_done_too(self, sqlite_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rotation, "_BATCH", 2)
        for _ in range(5):
            sqlite_world.service.issue_api_key()
        assert rotation.encrypt_again(sqlite_world.database, Secrets([NEW, ENCRYPTION_KEY])) == 5

    def test_a_server_that_runs_meanwhile_never_fails(self, sqlite_url: str, program: Start) -> None:
        """Another process makes a key in each state, and reads all that were made before."""
        text = """
            import sys
            from stormpath_wsgi.directory import open_directory
            service = open_directory(sys.argv[1])
            made = {}
            for line in sys.stdin:
                made.update([service.issue_api_key()])
                assert all(service.get(f"apiKeys/{id}")["secret"] == secret for id, secret in made.items())
                print(len(made), flush=True)
        """
        with opened(sqlite_url) as (_, database):
            other = program(text, sqlite_url)

            def serves() -> int:
                assert other.stdin and other.stdout
                other.stdin.write("\n")
                other.stdin.flush()
                return int(other.stdout.readline())

            assert serves() == 1
            ring = Secrets.of(database)
            assert ring.file
            rotation.add_key(database, ring.file)
            assert serves() == 2
            assert rotation.encrypt_again(database, ring) == 1  # the second one has the new key already
            assert serves() == 3
            assert rotation.drop_old_keys(database, ring.file) == 1
            assert serves() == 4

    def test_what_was_interrupted_goes_on_with_the_same_key(self, sqlite_url: str) -> None:
        with opened(sqlite_url) as (service, database):
            service.issue_api_key()
            ring = Secrets.of(database)
            assert ring.file
            for _ in range(2):
                rotation.add_key(database, ring.file)
            assert len(ring.key_ids()) == 2

    def test_no_key_goes_while_it_is_needed(self, sqlite_url: str) -> None:
        with opened(sqlite_url) as (service, database):
            service.issue_api_key()
            ring = Secrets.of(database)
            assert ring.file
            rotation.add_key(database, ring.file)
            with pytest.raises(ConfigurationError, match="secret rotate"):
                rotation.drop_old_keys(database, ring.file)
            assert len(ring.key_ids()) == 2


def test_keys_are_made_as_the_command_makes_them() -> None:
    assert Secrets([secrets.token_hex()]).key_ids()
