"""What the documentation names is there: objects of our packages, and files of the repository."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [*ROOT.glob("*.rst"), *(ROOT / "docs").glob("*.rst"), *(ROOT / "docs/frameworks").glob("*.rst")]

#: Folders that a path in a page may start from.
HOMES = (ROOT, ROOT / "stormpath_wsgi", ROOT / "stormpath_wsgi/client")

_NAME = re.compile(r"(?<![\w/.])(?:stormpath_wsgi|flask_stormpath)(?:\.[A-Za-z_]\w*)+")
_PICTURE = re.compile(r"^\.\. image:: _static/pictures/([\w-]+)\.png\n   :alt: (.*)", re.MULTILINE)
_LARGEST = 60_000  # bytes
_QUOTED = re.compile(r'"([^"\n]+)"')
_LITERAL = re.compile(r"``[^`]+``")
#: Where a text in Python goes on in the next line.
_BROKEN_TEXT = re.compile(r'"\n\s*f?"')
_FILE = re.compile(r"``((?:[\w.-]+/)+[\w-]+\.(?:py|rst|ini|yaml|conf|toml))``")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_name_of_ours_in_a_page_can_be_imported(page: Path) -> None:
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
