"""What a stranger gets: the wheel holds all files, says what it needs, and works where only it is installed."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from functools import cache
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

from stormpath_wsgi.cli.deploy import FILES

ROOT = Path(__file__).parent.parent
PACKAGES = {
    "stormpath_wsgi": ROOT / "stormpath_wsgi",
    "stormpath_wsgi/deploy": ROOT / "deploy",
    "django_stormpath": ROOT / "adapters/django_stormpath",
    "flask_stormpath": ROOT / "adapters/flask_stormpath",
    "pyramid_stormpath": ROOT / "adapters/pyramid_stormpath",
    "pytest_stormpath": ROOT / "adapters/pytest_stormpath",
}

# Installed in the environment of tests/apps only.
ELSEWHERE = {"pyramid"}

# Of those who chose to run by them.
BROUGHT = {"django", "gevent", "pastedeploy"}

#: What a site may ask for; the other extras are for those who work on the project.
EXTRAS = (
    "django", "flask", "passkeys", "postgresql", "pyramid", "qr", "redis", "remote", "server", "social", "yaml",
)  # fmt: skip

# A page needs templates, the directory behind it needs migrations. Prints all that "stormpath-wsgi deploy" prints.
A_LOGIN_PAGE_AND_EVERY_FILE = """
import json, stormpath_wsgi, sys
from click.testing import CliRunner
from stormpath_wsgi.cli.commands import cli
from stormpath_wsgi.cli.deploy import FILES
from werkzeug.test import Client
assert stormpath_wsgi.__file__.startswith(sys.prefix), stormpath_wsgi.__file__
app = stormpath_wsgi.StormpathMiddleware(print, directory="sqlite:///accounts.db")
answer = Client(app).get("/login", headers={"Accept": "text/html"})
assert answer.status_code == 200 and "<form" in answer.text, answer.text
print(json.dumps({name: CliRunner().invoke(cli, ["deploy", name]).output for name in FILES}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy: building leaves folders behind."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in ("setup.cfg", "pyproject.toml", "README.rst", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    for package in PACKAGES.values():
        shutil.copytree(package, folder / package.relative_to(ROOT), ignore=shutil.ignore_patterns("__pycache__"))
    # What pip calls, after it has asked three processes what it takes.
    build = "from setuptools import build_meta; build_meta.build_wheel('.')"
    subprocess.run([sys.executable, "-c", build], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_every_file_of_the_packages(wheel: Path) -> None:
    there = set(zipfile.ZipFile(wheel).namelist())
    missing = [
        name
        for package, folder in PACKAGES.items()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
        if (name := f"{package}/{path.relative_to(folder)}") not in there
    ]
    assert missing == []


def test_where_only_the_wheel_is_installed_it_works(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "fresh"
    venv.create(home, symlinks=True)
    python = home / "bin/python"
    pip = [sys.executable, "-m", "pip", "--quiet", "--python", str(python)]
    subprocess.run([*pip, "install", "--no-index", "--no-deps", "--no-compile", str(wheel)], check=True)
    # What it depends on is borrowed from here; an editable install of ours is not: its import hook stays behind.
    site = next(home.glob("lib/python*/site-packages"))
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib"))

    def run(*command: str) -> str:
        answer = subprocess.run(
            command, cwd=tmp_path, env={"PATH": "/usr/bin:/bin"}, check=True, capture_output=True, text=True
        )
        return answer.stdout

    printed = json.loads(run(str(python), "-c", A_LOGIN_PAGE_AND_EVERY_FILE))
    version = distribution("stormpath-wsgi").version
    command = str(home / "bin/stormpath-wsgi")
    assert run(command, "--version") == f"stormpath-wsgi, version {version}\n"
    assert printed == {name: (ROOT / "deploy" / file).read_text() for name, file in FILES.items()}
    assert (site / "stormpath_wsgi/py.typed").exists()


@pytest.mark.parametrize(
    ("folders", "extra"),
    [
        ("stormpath_wsgi/[!cdl]*|stormpath_wsgi/development", "qr|yaml"),
        ("stormpath_wsgi/directory", "passkeys|postgresql|qr|social"),
        ("stormpath_wsgi/client|stormpath_wsgi/limits", "redis|remote"),
        ("stormpath_wsgi/cli", "server"),
        ("adapters/django_stormpath", "django"),
        ("adapters/flask_stormpath", "flask"),
        ("adapters/pyramid_stormpath", "pyramid"),
        ("adapters/pytest_stormpath", "testing"),
    ],
)
def test_what_is_imported_is_declared(folders: str, extra: str | None) -> None:
    extras = extra.split("|") if extra else ()
    allowed = _required(None).union(*map(_required, extras)) | BROUGHT | {"stormpath-wsgi"}
    files = [
        path
        for pattern in folders.split("|")
        for folder in ROOT.glob(pattern)
        for path in ([folder] if folder.suffix == ".py" else folder.rglob("*.py"))
    ]
    assert files
    undeclared = {(name, path.name) for path in files for name in _imported(path) if not _distributions(name) & allowed}
    assert undeclared == set()


def test_the_core_installs_at_most_two_thirds_of_what_it_would_without_extras() -> None:
    """Without what stands in for a module that Python 3.13 has dropped, and WebOb imports."""
    core = _installed_with("stormpath-wsgi", ()) - {"legacy-cgi"}
    whole = _installed_with("stormpath-wsgi", ("passkeys", "qr", "remote", "server", "yaml")) - {"legacy-cgi"}
    assert core < whole
    assert 3 * len(core) <= 2 * len(whole), (len(core), len(whole))


def test_who_serves_a_site_has_what_its_pages_can_do_by_default() -> None:
    assert _required("passkeys") | _required("qr") | _required("yaml") < _required("server")


def _installed_with(name: str, extras: tuple[str, ...]) -> set[str]:
    """The names of all distributions that pip installs for *name* with its *extras*, on this Python."""
    found: set[str] = set()
    waiting = [(name, extras)]
    while waiting:
        name, extras = waiting.pop()
        found.add(_canonical(name))
        for each in map(Requirement, distribution(name).requires or []):
            wanted = each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in (*extras, ""))
            if wanted and (each.extras or _canonical(each.name) not in found):
                waiting.append((each.name, tuple(each.extras)))
    return found


#: The lowest version without a published advisory, and what the last one before it was told of.
SAFE = {
    "Authlib": ("1.7.2", "CVE-2026-44681"),
    "click": ("8.3.3", "CVE-2026-7246"),
    "cryptography": ("50.0.0", "CVE-2026-69247"),
    "Flask": ("3.1.3", "CVE-2026-27205"),
    "gunicorn": ("27.0.0", "CVE-2026-134820"),
    "Jinja2": ("3.1.6", "CVE-2025-27516"),
    "joserfc": ("1.7.6", "CVE-2026-119284"),
    "pydantic": ("2.4.0", "CVE-2024-3772"),
    "PyYAML": ("5.4", "CVE-2020-14343"),
    "redis": ("4.5.4", "CVE-2023-28859"),
    "requests": ("2.33.0", "CVE-2026-25645"),
    "SQLAlchemy": ("1.3.0", "CVE-2019-7164"),
    "urllib3": ("2.8.0", "CVE-2026-97687"),
    "WebOb": ("1.8.11", "CVE-2026-54770"),
    "Werkzeug": ("3.1.6", "CVE-2026-27199"),
}


def test_no_lower_bound_is_a_version_with_a_published_advisory() -> None:
    """What ``make lowest`` installs: of every package that a site may need the lowest version that is allowed."""
    listed = subprocess.run([sys.executable, ROOT / ".ci/lowest"], check=True, capture_output=True, text=True).stdout
    lowest = dict(line.split("==") for line in listed.splitlines())
    assert {_canonical(name) for name in lowest} == set().union(*map(_required, (None, *EXTRAS)))
    for name, (version, advisory) in SAFE.items():
        assert Version(lowest[name]) >= Version(version), f"{name} {lowest[name]} has {advisory}"


def _required(extra: str | None) -> set[str]:
    """Names of the distributions that an extra asks for; None: that are always asked for."""
    lines = distribution("stormpath-wsgi").requires or []
    wanted = [line for line in lines if (f'extra == "{extra}"' in line if extra else "extra ==" not in line)]
    return {_canonical(re.split(r"[\s\[<>=!~;(]", line)[0]) for line in wanted}


def _imported(path: Path) -> Iterator[str]:
    """The top-level names that a file imports from outside the standard library."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        yield from {name.partition(".")[0] for name in names} - sys.stdlib_module_names


def _distributions(module: str) -> set[str]:
    if module in PACKAGES:
        return {"stormpath-wsgi"}
    if module in ELSEWHERE:
        return {module}
    return {_canonical(name) for name in _installed().get(module, [])}


_installed = cache(packages_distributions)


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_nobody_is_told_to_install_us_from_an_index_that_does_not_have_us() -> None:
    """From a clone, ``pip install '.[server]'``, or from the wheel: until there is a release."""
    files = [
        *ROOT.glob("*.rst"), *(ROOT / "docs").glob("*.rst"), *(ROOT / "deploy").iterdir(), *ROOT.glob("examples/*.py"),
        *(ROOT / "stormpath_wsgi").rglob("*.py"), *(ROOT / "adapters").rglob("*.py"),
    ]  # fmt: skip
    told = re.compile(r"pip\s+install\s+(--\S+\s+)*[\"']?(stormpath|flask)[-_]")
    assert [str(file) for file in files if file.is_file() and told.search(file.read_text())] == []


def test_make_says_what_it_does_while_it_installs() -> None:
    """Before each step, and pip by its own lines."""
    command = ["make", "--always-make", "--dry-run", "run"]
    lines = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    steps = [line for line in lines if line.startswith("echo") or " -m venv " in line or " -m pip " in line]
    assert ["echo" in step for step in steps] == [True, False] * 2 + [True]
    assert not [step for step in steps if "--quiet" in step]


def test_the_checks_before_a_commit_are_those_of_make_lint() -> None:
    """Both call the same programs of ``.venv`` with the same arguments, and so the same versions."""
    command = ["make", "--dry-run", "--assume-old=.venv/.tools", "lint"]
    lines = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [hook["entry"] for repository in hooks for hook in repository["hooks"]] == [
        line for line in lines if line.startswith(".venv/bin/")
    ]


def test_ci_runs_everything_on_the_oldest_python_that_is_promised_and_on_a_newer_one() -> None:
    job = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]["checks"]
    oldest = distribution("stormpath-wsgi").metadata["Requires-Python"].removeprefix(">=")
    assert job["strategy"]["matrix"]["python"] == [oldest, "3.13"]
    assert job["steps"][-1] == {"run": ".ci/run"}
    assert os.access(ROOT / ".ci/run", os.X_OK)
