"""The plug-in of pytest: it costs nothing where it is not used, and the fixtures do what they say."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import pytest_stormpath

pytest_plugins = ["pytester"]

SITE = """
from stormpath_wsgi import StormpathMiddleware, groups_required, user

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(user.username).encode()]

def make(**settings):
    return StormpathMiddleware(groups_required(["staff"])(app), **settings)

application = None

def by_environ():
    return make()
"""
TESTS = """
def test_staff(stormpath_login_as):
    assert stormpath_login_as("ada", groups=["staff"]).get("/").text == "ada"

def test_nobody_is_left(stormpath_site, stormpath_mailbox, stormpath_clock):
    assert len(stormpath_site.application.accounts) == 0
    assert stormpath_mailbox.mails == []
    stormpath_clock.move(hours=1)
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder with a site and tests of it. The module has another name each time: it is imported in this process."""
    name = f"site_of_{pytester.path.name}"
    pytester.makepyfile(**{name: SITE})
    pytester.makeini(f"[pytest]\nstormpath_app = {name}:by_environ()\n")
    return pytester


def run(project: pytest.Pytester, *options: str) -> pytest.RunResult:
    # The plug-ins of this run that change the order or the processes have nothing to do here.
    return project.runpytest_inprocess("-p", "no:randomly", "-p", "no:cacheprovider", *options)


def test_a_site_is_named_in_the_configuration_and_nothing_else_is_needed(project: pytest.Pytester) -> None:
    project.makepyfile(TESTS)
    run(project).assert_outcomes(passed=2)


def test_a_site_may_come_from_a_fixture_and_its_client_too(project: pytest.Pytester) -> None:
    project.makeini("[pytest]")
    project.makeconftest(
        f"""
        import pytest
        import webtest
        from site_of_{project.path.name} import make

        @pytest.fixture
        def stormpath_app(stormpath_settings):
            return make(**stormpath_settings)

        @pytest.fixture
        def stormpath_new_client(stormpath_app):
            return lambda: webtest.TestApp(stormpath_app)
        """
    )
    project.makepyfile(TESTS)
    run(project).assert_outcomes(passed=2)


def test_without_a_site_a_test_is_told_what_to_write(project: pytest.Pytester) -> None:
    project.makeini("[pytest]")
    project.makepyfile(TESTS)
    result = run(project)
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["*stormpath_app = mysite:application*"])


@pytest.mark.parametrize(
    ("target", "words"),
    [("nowhere:app", "no module nowhere"), ("json:application", "application"), ("json", "module:name")],
)
def test_a_site_that_is_not_there_is_named(project: pytest.Pytester, target: str, words: str) -> None:
    project.makeini(f"[pytest]\nstormpath_app = {target}\n")
    project.makepyfile(TESTS)
    run(project).stdout.fnmatch_lines([f"*ConfigurationError*{words}*"])


def test_the_fixtures_are_listed_with_what_they_do(project: pytest.Pytester) -> None:
    fixtures = {name for name in vars(pytest_stormpath) if name.startswith("stormpath_")}
    listed = run(project, "--fixtures").stdout.str()
    assert all(name in listed for name in fixtures)
    guide = (Path(__file__).parents[2] / "docs/testing.rst").read_text(encoding="utf-8")
    assert all(f"``{name}``" in guide for name in fixtures)


def test_the_plug_in_is_found_and_imports_nothing_of_ours() -> None:
    [found] = [each for each in entry_points(group="pytest11") if each.value == "pytest_stormpath"]
    assert found.load() is pytest_stormpath
    code = "import sys, pytest_stormpath; print([n for n in sys.modules if n.startswith('stormpath_wsgi')])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_nothing_that_serves_a_site_imports_what_tests_use() -> None:
    """A test looks at the files; tests/test_imports.py holds it as well, where no room has an arrow to this one."""
    root = Path(__file__).parents[2]
    files = [*(root / "stormpath_wsgi").rglob("*.py"), *(root / "adapters").rglob("*.py")]
    users = {file.relative_to(root).parts[:2] for file in files if "stormpath_wsgi.testing" in file.read_text()}
    assert users == {("stormpath_wsgi", "testing"), ("stormpath_wsgi", "development"), ("adapters", "pytest_stormpath")}
