"""The texts that people read: each is marked where it is written, and stands in the catalogues."""

from __future__ import annotations

import ast
import datetime as dt
import io
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

from stormpath_wsgi.texts import LANGUAGES, Texts, english, marked
from stormpath_wsgi.web.language import Languages, texts_of

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "stormpath_wsgi"
LOCALE = PACKAGE / "locale"
TEMPLATES = sorted((PACKAGE / "pages/templates").glob("*.html"))
#: Modules whose sentences are for people.
MODULES = sorted((PACKAGE / "pages").glob("*.py"))

#: Whoever calls these with a sentence has marked it, or writes it for those who run or build the site.
MARKS = {"marked", "gettext", "ngettext"}
NOT_FOR_VISITORS = {"info", "warning", "error", "ConfigurationError", "Unavailable"}
SENTENCE = re.compile(r"[A-Z(%]\S* .*[.?!:]", re.DOTALL)

FORGOTTEN = "in stormpath_wsgi/locale: run make texts, and commit what it changes"


class TestTheCatalogues:
    def test_all_texts_are_in_the_template_of_the_catalogues(self, tmp_path: Path) -> None:
        """What make texts would find now."""
        made = tmp_path / "now.pot"
        command = ["babel.messages.frontend", "--quiet", "extract", "--mapping", "pyproject.toml"]
        command += ["--keyword", "marked", "--output", str(made), "stormpath_wsgi"]
        subprocess.run([sys.executable, "-m", *command], cwd=ROOT, check=True)
        assert identifiers(catalogue(LOCALE / "stormpath_wsgi.pot")) == identifiers(catalogue(made)), FORGOTTEN

    @pytest.mark.parametrize("file", sorted(LOCALE.rglob("*.po")), ids=lambda file: file.parent.parent.name)
    def test_each_language_has_them_all_and_is_compiled(self, file: Path) -> None:
        texts = catalogue(file)
        assert identifiers(texts) == identifiers(catalogue(LOCALE / "stormpath_wsgi.pot")), FORGOTTEN
        assert [message.id for message in texts if message.fuzzy] == []
        if file.parent.parent.name != "en":
            assert [id for id, text in translations(texts).items() if not all(text)] == []
            assert [id for id, text in translations(texts).items() if any(map(_differs(id), text))] == []
        assert [message.id for message, errors in texts.check()] == []
        compiled = io.BytesIO()
        write_mo(compiled, texts)
        compiled.seek(0)
        with file.with_suffix(".mo").open("rb") as there:
            assert translations(read_mo(there)) == translations(read_mo(compiled)), FORGOTTEN

    def test_the_english_one_changes_nothing(self) -> None:
        texts = translations(catalogue(LOCALE / "en/LC_MESSAGES/stormpath_wsgi.po"))
        assert [id for id, text in texts.items() if any(text)] == []


def catalogue(file: Path) -> Catalog:
    with file.open("rb") as opened:
        return read_po(opened)


def identifiers(texts: Catalog) -> set[tuple[str, ...]]:
    return set(translations(texts))


def translations(texts: Catalog) -> dict[tuple[str, ...], tuple[str, ...]]:
    """What stands for each message; both may be of several forms."""
    return {_forms(message.id): _forms(message.string) for message in texts if message.id}


#: What a translation takes over as it is: the places of values, and tags.
MARKUP = re.compile(r"%\(\w+\)[sd]|</?\w+[^>]*>")


def _differs(message: tuple[str, ...]) -> Callable[[str], bool]:
    """Whether a translation of *message* has other values or tags in it. One that says its number in words may."""
    numbers = ["%(number)s"]
    wanted = [sorted(MARKUP.findall(form)) for form in message]
    if len(message) > 1:
        wanted += [sorted(set(form) - set(numbers)) for form in wanted]
    return lambda text: sorted(MARKUP.findall(text)) not in wanted


def _forms(message: object) -> tuple[str, ...]:
    return tuple(message) if isinstance(message, (list, tuple)) else (str(message),)


class TestOneLanguage:
    def test_english_is_as_it_stands_in_the_code(self) -> None:
        assert english().gettext("Sign in") == "Sign in"
        assert english().language == "en"

    def test_values_stand_where_the_message_wants_them(self) -> None:
        assert english().gettext("%(label)s is required.", label="Email") == "Email is required."

    def test_without_values_nothing_is_put_in(self) -> None:
        assert english().gettext("Save 50% now") == "Save 50% now"

    def test_the_empty_text_is_empty(self) -> None:
        """And not the header of the catalogue."""
        assert english().gettext("") == ""

    @pytest.mark.parametrize(("number", "text"), [(1, "a symbol"), (2, "2 symbols")])
    def test_the_number_decides(self, number: int, text: str) -> None:
        assert english().ngettext("a symbol", "%(number)s symbols", number) == text

    def test_one_that_we_do_not_have_is_no_english(self) -> None:
        with pytest.raises(FileNotFoundError):
            Texts("tlh")

    def test_a_mark_changes_nothing(self) -> None:
        assert marked("Sign in") == "Sign in"


class TestDatesAndNumbers:
    MOMENT = dt.datetime(2026, 11, 26, 23, 5, tzinfo=dt.UTC)

    @pytest.mark.parametrize(
        ("language", "date", "time", "number", "listing"),
        [
            ("en", "November 26, 2026", "11:05\u202fPM", "12,345", "a, b, and c"),
            ("de", "26. November 2026", "23:05", "12.345", "a, b und c"),
            ("fr", "26 novembre 2026", "23:05", "12\u202f345", "a, b et c"),
            ("pt-BR", "26 de novembro de 2026", "23:05", "12.345", "a, b e c"),
            ("ja", "2026年11月26日", "23:05", "12,345", "a、b、c"),
        ],
    )
    def test_are_written_as_people_of_that_language_write_them(
        self, language: str, date: str, time: str, number: str, listing: str
    ) -> None:
        texts = Texts(language)
        assert (texts.date(self.MOMENT), texts.time(self.MOMENT)) == (date, time)
        assert (texts.number(12345), texts.listing(["a", "b", "c"])) == (number, listing)

    def test_a_day_is_that_of_the_time_zone(self) -> None:
        berlin = dt.timezone(dt.timedelta(hours=1))
        assert Texts("de").date(self.MOMENT, berlin) == "27. November 2026"
        assert Texts("de").time(self.MOMENT, berlin) == "00:05"


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_says_where_its_lines_begin(language: str) -> None:
    assert Texts(language).direction == ("rtl" if language == "ar" else "ltr")


class TestTheLanguageOfARequest:
    OFFERED = ("en", "de", "pt-BR")

    @pytest.mark.parametrize(
        ("accept", "language"),
        [
            ("", "en"),
            ("*", "en"),
            ("de", "de"),
            ("de-AT,de;q=0.9,en;q=0.8", "de"),
            ("fr,de;q=0.5,en;q=0.4", "de"),
            ("fr", "en"),
            ("pt", "pt-BR"),
            ("pt-PT,en;q=0.8", "pt-BR"),
            ("en;q=0.8,pt-BR", "pt-BR"),
            ("PT-br", "pt-BR"),
            ("de;q=0, en", "en"),
            ("de;q=x", "en"),
            (",;=\x00" * 50, "en"),
            ("x, " * 1000 + "de", "en"),  # longer than is read
        ],
    )
    def test_is_the_one_that_the_browser_prefers(self, accept: str, language: str) -> None:
        assert Languages(self.OFFERED).texts(accept).language == language

    @pytest.mark.parametrize(("own", "language"), [("de", "de"), ("fr", "pt-BR"), (None, "pt-BR"), (["de"], "pt-BR")])
    def test_is_that_of_the_account_if_the_site_speaks_it(self, own: object, language: str) -> None:
        assert Languages(self.OFFERED).texts("pt", own).language == language


def test_a_request_has_the_texts_that_were_chosen_for_it_and_else_english() -> None:
    chosen = Texts("en")
    assert texts_of({"stormpath.texts": chosen}) is chosen
    assert texts_of({}) is texts_of({"stormpath.texts": "de"}) is english()


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda file: file.name)
def test_a_template_holds_no_text_that_is_not_marked(template: Path) -> None:
    assert unmarked_in_template(template.read_text()) == []


@pytest.mark.parametrize("module", MODULES, ids=lambda file: file.name)
def test_a_page_has_no_sentence_that_is_not_marked(module: Path) -> None:
    assert unmarked_in_module(module.read_text()) == []


@pytest.mark.parametrize(
    "forgotten",
    ["<p>Go</p>", '<p title="Go">·</p>', "<p>{% if a %}Go{% endif %}</p>", "{% trans %}A{% endtrans %}B"],
)
def test_a_text_that_was_forgotten_is_found_in_a_template(forgotten: str) -> None:
    assert unmarked_in_template(forgotten)


@pytest.mark.parametrize(
    "forgotten",
    ['EXPIRED = "This has expired."', 'raise Invalid(f"{label} is one. Write another.")', 'tell("Not this one.")'],
)
def test_a_sentence_that_was_forgotten_is_found_in_a_page(forgotten: str) -> None:
    assert unmarked_in_module(forgotten)


def unmarked_in_template(source: str) -> list[str]:
    """What a browser would show of it that is no value and in no trans block."""
    class_names = r"{%\s*block \w+_class\s*%}.*?{%\s*endblock\s*%}"
    for markup in (r"{#.*?#}", class_names, r"{%-?\s*trans\b.*?{%-?\s*endtrans\s*-?%}", r"{%.*?%}", r"{{.*?}}"):
        source = re.sub(markup, "", source, flags=re.DOTALL)
    reader = _Shown()
    reader.feed(source)
    reader.close()
    return [text.strip() for text in reader.found if re.search(r"[^\W\d_]", text)]


class _Shown(HTMLParser):
    """Collects the texts of a document, and the attributes that are shown or read out."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        shown = ("title", "alt", "placeholder", "aria-label")
        self.found += [value for name, value in attrs if value and name in shown]


def unmarked_in_module(source: str) -> list[str]:
    """The sentences in it that are no docstrings, not marked, and not for the log or whoever makes the site."""
    tree = ast.parse(source)
    passed = {id(inner) for node in ast.walk(tree) for inner in _passed_over(node)}
    texts = [_text(node) for node in ast.walk(tree) if id(node) not in passed]
    return [text for text in texts if SENTENCE.fullmatch(text.strip())]


def _text(node: ast.AST) -> str:
    """The text that *node* stands for, with a % for each value in it; empty for what is none."""
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) if isinstance(part, ast.Constant) else "%" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _passed_over(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node.value  # a docstring
    if isinstance(node, ast.Call):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called in MARKS | NOT_FOR_VISITORS:
            yield from ast.walk(node)
