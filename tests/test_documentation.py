"""What the documentation names is there: objects of our packages, and files of the repository."""

from __future__ import annotations

import ast
import json
import pkgutil
import re
import shlex
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from functools import cache
from pathlib import Path
from types import ModuleType

import click
import pytest
import yaml
from jinja2 import Environment
from support.django_project import set_up
from support.examples import commands, examples, run

from stormpath_wsgi import Settings
from stormpath_wsgi.cli.commands import cli

ROOT = Path(__file__).parent.parent
PAGES = [*ROOT.glob("*.rst"), *(ROOT / "docs").glob("*.rst"), *(ROOT / "docs").glob("*/*.rst")]

#: Packages of ours, whose names examples import.
PACKAGES = ("stormpath_wsgi", *sorted(found.parent.name for found in (ROOT / "adapters").glob("*/__init__.py")))

NOT_RUN = "no test names it. Run its examples, as those in test_code_in_docs.py"

#: Folders that a path in a page may start from.
HOMES = (ROOT, ROOT / "stormpath_wsgi", ROOT / "stormpath_wsgi/client")

#: Not those of the package ``stormpath``: keys in the environ and settings of others begin with this word too.
_NAME = re.compile(rf"(?<![\w/.])(?:{'|'.join(set(PACKAGES) - {'stormpath'})})(?:\.[A-Za-z_]\w*)+")
_PICTURE = re.compile(r"^\.\. image:: _static/pictures/([\w-]+)\.png\n   :alt: (.*)", re.MULTILINE)
_LARGEST = 60_000  # bytes
_QUOTED = re.compile(r'"([^"\n]+)"')
_LITERAL = re.compile(r"``[^`]+``")
#: Where a text in Python goes on in the next line.
_BROKEN_TEXT = re.compile(r'"\n\s*f?"')
_FILE = re.compile(r"``((?:[\w.-]+/)+[\w-]+\.(?:py|rst|ini|yaml|conf|toml))``")


@pytest.fixture(scope="module")
def project_of_django() -> None:
    """The settings without which nothing of ``django_stormpath`` can be imported."""
    set_up()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_name_of_ours_in_a_page_can_be_imported(page: Path, project_of_django: None) -> None:
    assert [name for name in set(_NAME.findall(page.read_text())) if not _is_importable(name)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_of_ours_in_a_page_is_there(page: Path) -> None:
    assert [name for name in _files(page) if not any((home / name).exists() for home in HOMES)] == []


def test_every_picture_is_shown_and_small_and_told_in_words() -> None:
    shown = [found for page in PAGES for found in _PICTURE.findall(page.read_text())]
    pictures = {picture.stem: picture.stat().st_size for picture in (ROOT / "docs/_static/pictures").glob("*")}
    assert sorted(name for name, alternative in shown if alternative) == sorted(pictures)
    assert max(pictures.values()) < _LARGEST


def test_what_the_page_on_troubles_quotes_is_what_we_say() -> None:
    page = _LITERAL.sub("", (ROOT / "docs/troubleshooting.rst").read_text())
    files = [file for kind in ("*.py", "*.html") for file in (ROOT / "stormpath_wsgi").rglob(kind)]
    said = _BROKEN_TEXT.sub("", "".join(file.read_text() for file in files))
    quoted = _QUOTED.findall(page)
    assert len(quoted) > 5
    assert [text for text in quoted if text not in said] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_code_can_be_read_and_names_of_ours_in_it_be_imported(page: Path, project_of_django: None) -> None:
    for example in examples(page, "python"):
        for node in ast.walk(ast.parse(example.text)):
            if isinstance(node, ast.ImportFrom) and str(node.module).partition(".")[0] in PACKAGES:
                exec(compile(ast.Module([node], []), page.name, "exec"), {})  # noqa: S102 - our own documentation


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_of_ours_exist_with_their_options(page: Path) -> None:
    typed = [line for example in examples(page, "sh", "console") for line in commands(example)]
    for line in typed:
        if found := re.search(r"(?:^|/|\()stormpath-wsgi (.*?)(?:\)|>|\||$)", line):
            understand(re.sub(r"\[.*?\]", "", found[1]))


def understand(line: str) -> None:
    """Raises where click does not know a command or an option of *line*."""
    arguments = shlex.split(line)
    command: click.Command | None = cli
    context = click.Context(cli, info_name="stormpath-wsgi")
    while isinstance(command, click.Group) and arguments and not arguments[0].startswith("-"):
        _, command, arguments = command.resolve_command(context, arguments)
    assert command is not None, f"there is no such command: {line}"
    if not isinstance(command, click.Group) and "--help" not in arguments:
        command.make_parser(context).parse_args(arguments)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_settings_exist_and_may_have_these_values(page: Path, shop: None) -> None:
    for example in examples(page, "yaml"):
        document = yaml.safe_load(re.sub(r"/srv/\S+", str(page), example.text))  # a file that is there
        if set(document) & {field.alias for field in Settings.model_fields.values()}:
            Settings(**document)
    for example in examples(page, "sh", "console"):
        for line in commands(example):
            for variable in re.findall(r"\bexport (STORMPATH_\w+)=", line):
                assert Settings.place(variable), variable


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> None:
    """The modules of the reader that settings name, made of the examples that show them."""
    accounts, shop, messages = ModuleType("accounts"), ModuleType("shop"), ModuleType("shop.messages")
    listener = examples("events.rst", "python")[0]
    run(listener._replace(text=listener.text.partition("application =")[0]), vars(accounts))
    run(examples("factors.rst", "python")[3], vars(messages))
    for module in (accounts, shop, messages):
        monkeypatch.setitem(sys.modules, module.__name__, module)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_other_files_can_be_read(page: Path) -> None:
    for example in examples(page, "json", "html+jinja", "ini"):
        if example.language == "json":
            json.loads(example.text)
        elif example.language == "ini" and example.text.lstrip().startswith(("[", "#")):
            ConfigParser(interpolation=None).read_string(example.text)
        elif example.language == "html+jinja":
            Environment(autoescape=True, extensions=["jinja2.ext.i18n"]).parse(example.text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_with_code_has_a_test_that_runs_it(page: Path) -> None:
    """That is one which names the page, by its path from docs/ on."""
    name = page.relative_to(ROOT).as_posix()
    if not examples(page, "python"):
        return
    written = re.escape(name.removeprefix("docs/"))
    assert re.search(rf"(?<![\w/])(?:docs/)?{written}\b", _tests()), f"{name}: {NOT_RUN}"


@cache
def _tests() -> str:
    """The text of all tests."""
    return "".join(test.read_text(encoding="utf-8") for test in (ROOT / "tests").rglob("*.py"))


def _is_importable(name: str) -> bool:
    try:
        pkgutil.resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True


def _files(page: Path) -> Iterator[str]:
    """The paths in *page* that begin with a folder of ours. Others are files of the reader's site."""
    for name in _FILE.findall(page.read_text()):
        if any((home / name.partition("/")[0]).is_dir() for home in HOMES):
            yield name
