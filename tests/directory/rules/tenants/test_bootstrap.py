"""Bootstrapping: what an empty database gets, once, however many ask."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from support.warm import Start
from support.world import BASE, World, link, names

from stormpath_wsgi.directory import DirectoryService, open_directory
from stormpath_wsgi.directory.storage.schema import tenants
from stormpath_wsgi.errors import ConfigurationError


def test_an_empty_database_gets_an_application_with_a_directory(world: World) -> None:
    application = world.service.get(world.application, "defaultAccountStoreMapping,defaultGroupStoreMapping")
    assert application["name"] == "My Application"
    assert world.service.get(world.directory)["name"] == "My Application Directory"
    mapping = application["defaultAccountStoreMapping"]
    assert mapping == application["defaultGroupStoreMapping"]
    assert mapping["accountStore"] == link(world.directory)
    assert mapping["listIndex"] == 0


def test_bootstrapping_again_changes_nothing(world: World) -> None:
    world.service.bootstrap("Another Name")
    assert names(world.items("tenants/current/applications")) == ["My Application"]


def test_the_application_can_be_given_a_name() -> None:
    service = open_directory("sqlite://")
    service.bootstrap("Shop")
    assert names(service.list("tenants/current/applications")["items"]) == ["Shop"]
    assert names(service.list("tenants/current/directories")["items"]) == ["Shop Directory"]
    service.close()


def test_processes_that_start_together_make_one_tenant(world: World, program: Start) -> None:
    with world.database.write() as transaction:
        transaction.connection.execute(tenants.delete())
    text = """
        import sys
        from stormpath_wsgi.directory import open_directory
        service = open_directory(sys.argv[1])
        print("ready", flush=True)
        sys.stdin.readline()
        service.bootstrap()
        print("done", flush=True)
    """
    processes = [program(text, world.url) for _ in range(3)]
    for process in processes:
        assert process.stdout and process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        assert process.stdout and process.stdout.readline() == "done\n"
    fresh = open_directory(world.url)
    assert fresh.list("tenants/current/applications")["size"] == 1
    fresh.close()


def test_threads_that_start_together_make_one_tenant() -> None:
    service = open_directory("sqlite://")
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(service.bootstrap, ["One", "Two", "Three", "Four"]))
    assert service.list("tenants/current/applications")["size"] == 1
    service.close()


def test_a_database_without_a_tenant_says_what_to_do() -> None:
    service = open_directory("sqlite://")
    with pytest.raises(ConfigurationError, match="stormpath-wsgi init"):
        service.get("tenants/current")
    service.close()


def test_a_database_with_several_tenants_wants_to_know_which(world: World) -> None:
    with world.database.write() as transaction:
        row = {"id": "other", "created_at": 0, "modified_at": 0, "name": "other", "key": "other"}
        transaction.connection.execute(tenants.insert(), row)
    with pytest.raises(ConfigurationError, match="tenant_id"):
        DirectoryService(world.database, BASE).get("tenants/current")
