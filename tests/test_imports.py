"""Who may import whom. An arrow that is not drawn here is a mistake."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

import stormpath_wsgi
from stormpath_wsgi.directory import open_directory

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "stormpath_wsgi"

#: Everyone may look at these.
GROUND = {"bound", "codes", "errors", "events", "extras", "jwt", "kinds", "slots"}

#: Room: the rooms it may look into, beside itself and the ground floor. A room is a module or a package of ours.
#: A file of ``web`` is a room of its own: some of them know the session, and the session knows others.
ARROWS: dict[str, set[str]] = {
    "codes": set(),
    "errors": set(),
    "events": set(),
    "extras": set(),
    "audit": set(),
    "breaker": set(),
    "checks": set(),
    "kinds": set(),
    "jwt": set(),
    "key_file": set(),
    "remembered": set(),
    "rendering": set(),
    "bound": set(),
    "slots": set(),
    "limits": {"breaker"},
    "passwords": set(),
    "settings": {"audit", "key_file", "limits", "passwords", "texts"},
    "devices": {"texts"},
    "directory": {
        "audit", "breaker", "devices", "key_file", "limits", "passwords", "remembered", "rendering", "settings",
        "texts", "theme", "tickets",
    },
    "client": {"limits", "sauthc1", "tickets"},
    "web/address": set(),
    "web/bodies": set(),
    "web/organizations": {"client", "remembered", "settings", "users", "web/address", "web/environ"},
    "web/environ": set(),
    "web/negotiation": set(),
    "importing": set(),
    "texts": set(),
    "theme": set(),
    "tickets": set(),
    "web/language": {"texts", "web/environ"},
    "web/origin": {"texts", "web/environ", "web/identity"},
    "api": {
        "directory", "limits", "sauthc1", "settings", "tickets", "web/address", "web/bodies", "web/negotiation",
    },
    "signing": set(),
    "sauthc1": set(),
    "cookie": {"settings", "signing"},
    "users": {"client", "settings"},
    "user_proxy": {"users"},
    "web/remote_user": {"settings", "users"},
    "web/forward_auth": {"settings", "users", "web/address", "web/remote_user"},
    "web/identity": {"users"},
    "web/account_passwords": {"client", "remembered", "settings", "users", "web/remote_user"},
    "web/basic": {
        "client", "limits", "remembered", "settings", "users", "web/account_passwords", "web/identity",
        "web/remote_user",
    },
    "web/bearer": {"client", "remembered", "settings", "users", "web/basic", "web/identity", "web/remote_user"},
    "web/request_authenticators": {"client", "web/basic", "web/bearer", "web/identity"},
    "api_auth": {"client", "web/request_authenticators"},
    "web/token_cookies": {"client", "cookie", "settings", "web/bearer", "web/identity", "web/remote_user"},
    "web/responses": {"users", "web/environ"},
    "session": {
        "client", "cookie", "devices", "settings", "texts", "users", "web/address", "web/bearer", "web/environ",
        "web/identity", "web/language", "web/organizations", "web/remote_user", "web/responses", "web/token_cookies",
    },
    "web/credentials": {
        "client", "limits", "settings", "web/basic", "web/bearer", "web/identity", "web/remote_user", "web/responses",
    },
    "flows": {
        "client", "cookie", "limits", "passwords", "remembered", "session", "settings", "signing", "tickets",
        "web/bearer", "web/environ",
    },
    "policy": {
        "checks", "client", "session", "settings", "texts", "users", "web/environ", "web/identity", "web/language",
        "web/negotiation", "web/responses",
    },
    "protect": {"checks", "policy", "settings", "texts", "web/environ", "web/language"},
    "pages": {
        "client", "cookie", "devices", "flows", "policy", "remembered", "rendering", "session", "settings", "signing",
        "texts", "theme", "users", "web/address", "web/basic", "web/bodies", "web/environ", "web/forward_auth",
        "web/identity", "web/language", "web/negotiation", "web/organizations", "web/origin", "web/responses",
    },
    "middleware": {
        "client", "flows", "pages", "policy", "protect", "session", "settings", "users", "web/address",
        "web/credentials", "web/environ", "web/organizations", "web/responses",
    },
    "development": {
        "checks", "client", "directory", "flows", "importing", "pages", "policy", "session", "settings",
        "testing", "users", "web/environ", "web/origin",
    },
    "doctor": {"client", "settings"},
    "id_site": {
        "api", "client", "cookie", "directory", "middleware", "pages", "policy", "remembered", "session", "settings",
        "signing", "texts", "web/address", "web/bearer", "web/environ", "web/language", "web/organizations",
    },
    "transfer": {"directory", "settings"},
    "cli": {
        "audit", "checks", "client", "development", "directory", "doctor", "id_site", "importing", "limits",
        "middleware", "pages", "passwords", "protect", "settings", "transfer", "users", "web/address",
    },
    "paste": {"middleware"},
    "adapting": {
        "flows", "pages", "settings", "texts", "web/bodies", "web/environ", "web/language", "web/negotiation",
        "web/responses",
    },
    "testing": {"client", "cookie", "directory", "importing", "middleware", "policy", "session", "users"},
    "__init__": {"client", "middleware", "policy", "settings", "user_proxy", "users"},
}  # fmt: skip

#: The floors of the directory, from the ground up. A file looks at those of its own floor and of lower ones.
FLOORS: tuple[set[str], ...] = (
    {"storage"}, {"crypto"}, {"mail", "providers", "sms"}, {"wire"}, {"context", "rotation"}, {"rows"}, {"rules"},
    {"auditing", "delivery", "rulebook"}, {"service"}, {"__init__"},
)  # fmt: skip

#: Modules that may look where their room may not.
#: The second is an address of before, from which nobody of ours imports.
EXCEPTIONS = {
    ("client/local.py", "directory"),
    ("client/local.py", "settings"),
    ("client/api_auth.py", "api_auth"),
}

#: Distributions that are extras: whoever does not ask for them does not need them.
OPTIONAL: dict[str, set[str]] = {
    "django": {"testing"},
    "flask": set(),
    "flask_login": set(),
    "gunicorn": {"cli"},
    "click": {"cli"},
    "rich": {"cli"},
    "psycopg": {"directory"},
    "pyramid": set(),
    "pyotp": set(),
    "redis": {"client", "limits"},
    "authlib": {"directory"},
    "requests": {"client", "directory"},
    "segno": {"directory", "pages"},
    "urllib3": {"client", "directory"},
    "webauthn": {"directory"},
    "yaml": {"settings"},
    "gevent": {"cli", "directory"},
    "paste.deploy": {"cli"},
}

#: Libraries, and parts of them, that take long to import or much memory. The middleware itself does not need them.
HEAVY = {
    "alembic", "argon2", "asyncio", "babel", "bcrypt", "cryptography", "cryptography.x509", "difflib",
    "email.headerregistry", "email_validator", "jinja2", "joserfc", "pwdlib", "requests", "segno", "smtplib",
    "sqlalchemy", "sqlalchemy.dialects.postgresql", "stormpath_wsgi.rendering", "webauthn", "xml.etree", "yaml",
}  # fmt: skip
#: Those among them that an embedded directory needs.
OF_A_DIRECTORY = {"argon2", "asyncio", "pwdlib", "smtplib", "sqlalchemy"}


def test_the_rooms_look_only_where_the_arrows_point() -> None:
    """Data, then rules, then sessions, then the middleware: nobody looks back, and no room is off the plan."""
    assert {_room(module) for module in _modules()} - {"web"} == set(ARROWS)
    wrong = [
        f"{_path(module)} imports {target}"
        for module in _modules()
        if _room(module) != "web"  # the folder itself holds nothing
        for target in _ours(module)
        if target not in ARROWS[_room(module)] | GROUND | {_room(module)} and (_path(module), target) not in EXCEPTIONS
    ]
    assert wrong == []


def test_the_rooms_stand_in_the_documentation_above_those_they_look_into() -> None:
    plan = (ROOT / "docs" / "architecture.rst").read_text(encoding="utf-8")
    _, _, drawn = plan.partition("Who may import whom\n")[2].partition("code-block:: text\n\n")
    picture = drawn.partition("\n\n")[0]
    rows = [row.partition("#")[0].split() for row in picture.splitlines()]
    height = {room: -number for number, row in enumerate(rows) for room in row}
    assert ARROWS.keys() - height.keys() == set()
    wrong = [
        f"{room} looks up to {target}"
        for room, targets in ARROWS.items()
        for target in targets
        if height[target] > height[room]
    ]
    assert wrong == []


def test_the_floors_of_the_directory_look_down_only() -> None:
    height = {part: number for number, floor in enumerate(FLOORS) for part in floor}
    parts = {module: _part(_path(module), 1) for module in _modules() if _room(module) == "directory"}
    assert set(parts.values()) == set(height)
    wrong = [
        f"{_path(module)} imports {name}"
        for module, part in parts.items()
        for name in _imported(module)
        if name.startswith("stormpath_wsgi.directory.") and height[name.split(".")[2]] > height[part]
    ]
    assert wrong == []


def test_no_files_import_each_other_in_a_circle() -> None:
    """Nor in functions, nor for their types alone: whoever reads a file may read what it builds on first."""
    arrows = {_name(module): set(_files(module)) - {_name(module)} for module in _modules()}
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        circle = " <- ".join(error.args[1])
        raise AssertionError(f"these import each other: {circle}") from None


def test_only_the_room_that_needs_an_optional_package_imports_it() -> None:
    wrong = [
        f"{_path(module)} imports {name}"
        for module in _modules()
        for name in _imported(module)
        for optional, rooms in OPTIONAL.items()
        if f"{name}.".startswith(f"{optional}.") and _room(module) not in rooms
    ]
    assert wrong == []


def test_the_adapters_use_documented_names_only() -> None:
    """An adapter maps. Whoever writes the next one should need nothing else."""
    modules = [
        *("api_auth", "client", "client.cache", "codes", "errors", "events", "flows", "policy", "session", "testing"),
        *("adapting", "web.identity"),
    ]
    documented = {f"stormpath_wsgi.{name}" for name in [*stormpath_wsgi.__all__, *modules]}
    wrong = [
        f"{module.name} imports {name}"
        for module in (ROOT / "adapters").rglob("*.py")
        for name in _imported(module)
        if name.startswith("stormpath_wsgi.") and name not in documented
    ]
    assert wrong == []


def test_an_adapter_imports_its_own_framework_only() -> None:
    """Whoever asks for one gets no other."""
    frameworks = {
        "django",
        "flask",
        "flask_login",
        "flask_stormpath",
        "pyramid",
        "django_stormpath",
        "pyramid_stormpath",
    }
    of_adapter = {
        "django_stormpath": {"django", "django_stormpath"},
        "flask_stormpath": {"flask", "flask_login", "flask_stormpath"},
        "pyramid_stormpath": {"pyramid", "pyramid_stormpath"},
    }
    wrong = [
        f"{adapter}/{module.name} imports {name}"
        for adapter, known in of_adapter.items()
        for module in (ROOT / "adapters" / adapter).rglob("*.py")
        for name in _imported(module)
        if name.partition(".")[0] in frameworks - known
    ]
    assert wrong == []


class Imported(NamedTuple):
    """What there is after a step in a fresh interpreter. *files*: in its home, which is the working directory."""

    modules: set[str]
    threads: int
    stderr: str
    files: list[str]

    def packages(self, start: Imported) -> set[str]:
        """What was imported that Python does not bring along, and was not there at the *start*."""
        return {name.partition(".")[0] for name in self.modules - start.modules} - sys.stdlib_module_names


#: Prints what was imported, and how many threads there are, after each step.
IMPORTS = """
import io, json, sys, threading
from contextlib import redirect_stdout
after = {}
def note(step):
    after[step] = list(sys.modules), threading.active_count()
note("start")
import stormpath_wsgi
note("package")
from stormpath_wsgi.cli.commands import cli
with redirect_stdout(None):
    cli(["--help"], standalone_mode=False)
note("help")
with redirect_stdout(io.StringIO()):
    cli(["config"], standalone_mode=False)
note("config")
stormpath_wsgi.StormpathMiddleware
note("middleware")
site = stormpath_wsgi.StormpathMiddleware(lambda *_: [], directory=sys.argv[1], secret_keys=["0" * 64])
note("site")
from wsgiref.util import setup_testing_defaults
setup_testing_defaults(environ := {})
site(environ, lambda *_: None)
note("request")
site.client.close()
for command in cli.commands.values():
    command.load()
note("commands")
print(json.dumps(after))
"""


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Imported]:
    """After the import of the package; then its help; then the settings were shown; then the middleware; then a site
    was made; then all commands.

    The site has a directory that was made before: to make its tables takes more.
    """
    home = tmp_path_factory.mktemp("home")
    environment = {"PYTHONPATH": str(ROOT), "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    directory = f"sqlite:///{tmp_path_factory.mktemp('site') / 'accounts.db'}"
    with closing(open_directory(directory)) as service:
        service.bootstrap()
    command = [sys.executable, "-c", IMPORTS, directory]
    run = subprocess.run(command, check=True, capture_output=True, text=True, cwd=home, env=environment)
    files = [path.name for path in home.iterdir()]
    return {
        step: Imported(set(modules), threads, run.stderr, files)
        for step, (modules, threads) in json.loads(run.stdout).items()
    }


def test_importing_the_package_loads_nothing_but_itself(imported: dict[str, Imported]) -> None:
    """A name is imported when it is asked for."""
    assert imported["package"].packages(imported["start"]) == {"stormpath_wsgi"}


def test_the_help_of_the_command_loads_no_library_but_click(imported: dict[str, Imported]) -> None:
    assert imported["help"].packages(imported["start"]) == {"stormpath_wsgi", "click"}


def test_the_settings_are_shown_without_pages_and_libraries_for_requests(imported: dict[str, Imported]) -> None:
    config = imported["config"]
    assert "stormpath_wsgi.settings" in config.modules
    assert {"stormpath_wsgi.pages", "stormpath_wsgi.middleware", "webob", "werkzeug"} & config.modules == set()


def test_importing_the_middleware_loads_nothing_optional(imported: dict[str, Imported]) -> None:
    package = imported["middleware"]
    assert "stormpath_wsgi.middleware" in package.modules
    assert (OPTIONAL.keys() - {"click"}) & package.modules == set()


def test_importing_the_middleware_loads_nothing_of_a_directory(imported: dict[str, Imported]) -> None:
    """That of a site may be on another machine."""
    assert not {name for name in imported["middleware"].modules if name.startswith("stormpath_wsgi.directory")}
    assert HEAVY & imported["middleware"].modules == set()


def test_a_site_with_the_default_settings_loads_nothing_that_most_sites_never_need(
    imported: dict[str, Imported],
) -> None:
    """What visitors need who are signed in is there. The first page that is shown brings Jinja."""
    modules = imported["site"].modules
    assert {"sqlalchemy", "stormpath_wsgi.directory", "stormpath_wsgi.pages.login"} <= modules
    assert (HEAVY - OF_A_DIRECTORY) & modules == set()


def test_the_first_request_of_a_stranger_loads_nothing_more(imported: dict[str, Imported]) -> None:
    """So nobody waits for it, and workers that a server forks share it."""
    assert imported["request"].packages(imported["site"]) == set()
    assert (HEAVY - OF_A_DIRECTORY) & imported["request"].modules == set()


def test_a_site_whose_directory_is_on_another_machine_loads_no_directory(tmp_path: Path) -> None:
    """Nothing answers there, which is found out when all that such a site needs is loaded."""
    program = """
import json, sys
from stormpath_wsgi import StormpathMiddleware, Error
options = {"secret_keys": ["0" * 64], "client": {"apiKey": {"id": "1", "secret": "2" * 40}}}
try:
    StormpathMiddleware(lambda *_: [], directory="https://localhost:1/v1", **options)
except Error as error:
    print(json.dumps([error.status, *sys.modules]))
"""
    environment = {"PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path, env=environment)
    status, *modules = json.loads(run.stdout)
    assert status == 503
    assert "requests" in modules
    assert OF_A_DIRECTORY & set(modules) == set()
    assert not [name for name in modules if name.startswith("stormpath_wsgi.directory")]


def test_importing_the_package_and_its_commands_has_no_effects(imported: dict[str, Imported]) -> None:
    """No file is written, nothing is said, and no thread is started."""
    steps = [each for step, each in imported.items() if step not in ("site", "request")]
    assert [(each.threads, each.stderr, each.files) for each in steps] == [(1, "", [])] * len(steps)


def test_importing_the_commands_loads_nothing_for_development_and_tests(imported: dict[str, Imported]) -> None:
    commands = imported["commands"]
    assert "stormpath_wsgi.cli.dev" in commands.modules
    assert {"stormpath_wsgi.development", "stormpath_wsgi.testing"} & commands.modules == set()


def test_the_public_names_are_there() -> None:
    public = {name for name in stormpath_wsgi.__all__ if hasattr(stormpath_wsgi, name)}
    assert public == set(stormpath_wsgi.__all__) <= set(dir(stormpath_wsgi))
    assert public == {
        "StormpathMiddleware", "User", "AnonymousUser", "user", "login_required", "groups_required", "Client",
        "Settings", "Error", "ConfigurationError", "fresh_required", "second_factor_required",
    }  # fmt: skip


def test_a_name_that_is_not_there_is_told_as_everywhere() -> None:
    with pytest.raises(AttributeError, match="module 'stormpath_wsgi' has no attribute 'users_only'"):
        stormpath_wsgi.users_only  # noqa: B018 - to read it is what is tried


@cache
def _modules() -> tuple[Path, ...]:
    return tuple(PACKAGE.rglob("*.py"))


@cache
def _imports(module: Path) -> tuple[ast.Import | ast.ImportFrom, ...]:
    nodes = ast.walk(ast.parse(module.read_text(encoding="utf-8")))
    return tuple(node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom))


def _path(module: Path) -> str:
    return module.relative_to(PACKAGE).as_posix()


def _name(module: Path) -> str:
    """As it is imported: ``stormpath_wsgi.kinds``, ``stormpath_wsgi.kinds.kind``."""
    return ".".join(module.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def _names() -> frozenset[str]:
    return frozenset(map(_name, _modules()))


def _files(module: Path) -> Iterator[str]:
    """The files of ours that *module* imports: of ``from a import b`` it is ``a.b``, if there is such a file."""
    files = _names()
    for node in _imports(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in files)
        elif node.module and node.module in files:
            for name in (f"{node.module}.{alias.name}" for alias in node.names):
                yield name if name in files else node.module


def _room(module: Path) -> str:
    return _room_of(_path(module).removesuffix(".py").removesuffix("/__init__").split("/"))


def _room_of(parts: list[str]) -> str:
    return "/".join(parts[:2]) if parts[0] == "web" else parts[0]


def _part(path: str, number: int) -> str:
    return path.split("/")[number].removesuffix(".py")


def _ours(module: Path) -> Iterator[str]:
    """The rooms that *module* imports from."""
    for name in _files(module):
        _, _, rest = name.partition(".")
        yield _room_of(rest.split(".")) if rest else "__init__"


def _imported(module: Path) -> Iterator[str]:
    """Full names of everything that *module* imports, wherever in it; ``from a import b`` counts as ``a.b``
    when ``a`` is our package itself."""
    for node in _imports(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        else:
            assert node.level == 0, f"{module}: write absolute imports"
            if node.module == "stormpath_wsgi":
                yield from (f"stormpath_wsgi.{alias.name}" for alias in node.names)
            else:
                yield node.module or ""
