"""The examples of docs/testing.rst are run as they stand there, with a site of the reader's."""

from __future__ import annotations

import re
import sys
import textwrap
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

GUIDE = Path(__file__).parents[2] / "docs/testing.rst"
_BLOCK = re.compile(r"^\.\. code-block:: (?P<language>\w+)\n\n(?P<text>(?:    .*\n|\n)+)", re.MULTILINE)

MYSITE = """
from stormpath_wsgi import StormpathMiddleware, groups_required, login_required

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"Report"]

def make_app(**settings):
    return StormpathMiddleware(app, protect={"/report": groups_required(["staff"])}, **settings)

def __getattr__(name):
    if name == "application":
        return make_app()
    raise AttributeError(name)
"""


def blocks(language: str) -> list[str]:
    found = _BLOCK.finditer(GUIDE.read_text(encoding="utf-8"))
    return [textwrap.dedent(each["text"]) for each in found if each["language"] == language]


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder with the site of the reader. An example for Django has the same name, and may be in this process."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "mysite"]:
        monkeypatch.delitem(sys.modules, name)
    pytester.makepyfile(mysite=MYSITE)
    [configuration] = blocks("ini")
    pytester.makeini(configuration)
    return pytester


def run(project: pytest.Pytester) -> pytest.RunResult:
    return project.runpytest_inprocess("-p", "no:randomly", "-p", "no:cacheprovider")


def test_the_examples_of_tests_pass_with_the_configuration_alone(project: pytest.Pytester) -> None:
    tests = [block for block in blocks("python") if block.startswith("def test_")]
    text = "\n".join(tests)
    project.makepyfile(test_examples=text)
    run(project).assert_outcomes(passed=len(re.findall("^def test_", text, re.MULTILINE)))


def test_the_examples_of_fixtures_work(project: pytest.Pytester) -> None:
    project.makeconftest("\n".join(block for block in blocks("python") if "@pytest.fixture" in block))
    project.makepyfile(
        test_examples="""
        def test_the_client_is_of_webtest(stormpath_login_as):
            ada = stormpath_login_as("ada", groups=["staff"])
            assert ada.get("/report", status=200).text == "Report"
        """
    )
    run(project).assert_outcomes(passed=1)


def test_the_example_without_pytest_passes(project: pytest.Pytester) -> None:
    [text] = [block for block in blocks("python") if "unittest" in block]
    project.makepyfile(test_examples=text)
    run(project).assert_outcomes(passed=1)
