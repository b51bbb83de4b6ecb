"""The fields of a form: what they are called, which must be filled in, and how a single-page app learns of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from stormpath_wsgi.codes import Code
from stormpath_wsgi.pages.refusal import Invalid
from stormpath_wsgi.pages.sentences import CHOOSE, LABELS, REQUIRED, SENTENCES, TICK
from stormpath_wsgi.settings import FieldSettings, FormSettings
from stormpath_wsgi.settings.forms import CHECKBOX, SELECT
from stormpath_wsgi.texts import Texts
from stormpath_wsgi.web.organizations import Place

#: Answers the fields that a directory demands, by the names in JSON.
Demanded: TypeAlias = Callable[[], Collection[str]]

#: What the schema of a directory may demand.
_DEMANDABLE = ("givenName", "surname")

#: What a check box may say as text.
_BOX = {"true": True, "on": True, "1": True, "false": False, "off": False, "0": False}

#: The field that names the organization which a visitor belongs to.
ORGANIZATION = "organizationNameKey"


class Form:
    """The enabled fields of *settings*, in the order of the page.

    *demanded*: answers the fields that the directory insists on, whatever the settings say. It is only asked about
    names. *chooses*: whether visitors choose an organization here. None: as the settings say.
    """

    def __init__(self, settings: FormSettings, demanded: Demanded = frozenset, *, chooses: bool | None = None) -> None:
        self._demanded = demanded
        order = dict.fromkeys((*settings.field_order, *settings.fields))
        self.fields: Mapping[str, FieldSettings] = {
            name: settings.fields[name] for name in order if _is_taken(settings.fields[name], name, chooses)
        }
        self._indispensable = settings.indispensable
        # Where the setting leaves open whether it is taken, a program says it or not.
        self._left_open = {name for name, field in self.fields.items() if field.enabled is None}

    def requires(self, name: str) -> bool:
        """Whether the field *name* must have a value."""
        if name in self._indispensable:
            return True
        # No setting at all means yes: a new directory demands no names, and yet most sites want them.
        if self.fields[name].required is not False:
            return name not in self._left_open
        return name in _DEMANDABLE and name in self._demanded()

    def check_required(self, values: Mapping[str, Any]) -> None:
        """Raises :class:`Invalid` for the required fields without a value; 0 and false are values."""
        raise_all(self.missing(values))

    def missing(self, values: Mapping[str, Any]) -> Iterator[Invalid]:
        """What is wrong with each required field that has no value."""
        for name, field in self.fields.items():
            if self.requires(name) and _is_empty(field, values.get(name)):
                yield _at(name, field, REQUIRED)

    def unfit(self, values: Mapping[str, Any]) -> Iterator[Invalid]:
        """What is wrong with each field whose value no form of ours would send: a choice that there is not, a box that
        is neither ticked nor empty, a text beyond all measure.
        """
        for name, value in values.items():
            field = self.fields.get(name)
            if field is None or is_blank(value):
                continue
            if field.type == SELECT and value not in [option for option, _ in field.options]:
                yield _at(name, field, SENTENCES[Code.NOT_A_CHOICE])
            elif field.type == CHECKBOX and not (isinstance(value, bool) or (isinstance(value, str) and value in _BOX)):
                yield _at(name, field, SENTENCES[Code.WRONG_TYPE])
            elif _length(value) > field.max_length:
                yield Invalid(SENTENCES[Code.TOO_LONG], field=name, label=field.label, most=str(field.max_length))

    def typed(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """*values* as they are kept: a check box is true or false, however it was sent."""
        boxes = {name for name, field in self.fields.items() if field.type == CHECKBOX}
        return {name: _is_ticked(value) if name in boxes else value for name, value in values.items()}

    def visible(self, texts: Texts) -> list[dict[str, Any]]:
        """The fields that are shown, as the view model of the framework specification describes them."""
        return [
            {
                "label": texts.gettext(field.label),
                "name": name,
                "placeholder": texts.gettext(field.placeholder),
                "required": self.requires(name),
                "type": field.type,
                **({"options": _options(field, texts)} if field.type == SELECT else {}),
            }
            for name, field in self.fields.items()
            if field.visible
        ]

    def model(self, texts: Texts) -> dict[str, Any]:
        """What a single-page app needs to draw the form."""
        # A page that offers to sign in through other sites lists them here.
        return {"form": {"fields": self.visible(texts)}, "accountStores": []}

    def inputs(
        self, posted: Mapping[str, Any], texts: Texts, wrong: Mapping[str, str | bool] = MappingProxyType({})
    ) -> list[dict[str, Any]]:
        """What the template needs: the visible fields, with what the visitor gave, but for passwords.

        *wrong*: what is wrong with each, by its name; True: the page says it elsewhere.
        """
        visible = self.visible(texts)
        # Where most may be left empty, the word at each of them would only be noise.
        rare = sum(not field["required"] for field in visible) * 2 < len(visible)
        return [
            {
                **field,
                "label": texts.gettext(LABELS.get(declared.label, declared.label)),
                "placeholder": "" if field["placeholder"] == field["label"] else field["placeholder"],
                "value": _refill(field, posted) if posted else declared.value,
                "hint": texts.gettext(declared.hint),
                "options": [(each["value"], each["label"]) for each in field.get("options", ())],
                "parts": list(_parts(declared, field["label"], texts)),
                "optional": rare and not field["required"] and field["type"] != "checkbox",
                "error": wrong.get(field["name"]),
            }
            for field in visible
            for declared in (self.fields[field["name"]],)
        ]


class FormByHost:
    """A form of *settings* that may ask for an organization: as it is at each host, where organizations have hosts.

    At that of an organization nobody is asked which one is meant; at any other, a program may say it.
    """

    def __init__(self, settings: FormSettings, demanded: Demanded = frozenset) -> None:
        self.usual = Form(settings, demanded)
        self._chosen, self._choosing = (Form(settings, demanded, chooses=chooses) for chooses in (False, True))

    def at(self, place: Place | None) -> Form:
        """The form at *place*. None: organizations have no hosts."""
        if place is None:
            return self.usual
        return self._choosing if place.found is None else self._chosen


def _is_taken(field: FieldSettings, name: str, chooses: bool | None) -> bool:
    if name != ORGANIZATION or chooses is None:
        return bool(field.enabled)
    return chooses and field.enabled is not False


def _refill(field: Mapping[str, Any], posted: Mapping[str, Any]) -> str:
    value = posted.get(field["name"])
    return value if isinstance(value, str) and field["type"] != "password" else ""


def _options(field: FieldSettings, texts: Texts) -> list[dict[str, str]]:
    return [{"value": value, "label": texts.gettext(label)} for value, label in field.options]


def _parts(field: FieldSettings, label: str, texts: Texts) -> Iterator[tuple[str, str | None]]:
    """The *label* of a check box in parts: a text, and where it leads. What a translation has in other words stands at
    its end.
    """
    links = {texts.gettext(words): target for words, target in field.links.items()}
    while found := [(label.find(words), words) for words in links if words in label]:
        at, words = min(found)
        yield label[:at], None
        yield words, links.pop(words)
        label = label[at + len(words) :]
    yield label, None
    for words, target in links.items():
        yield " ", None
        yield words, target


def _at(name: str, field: FieldSettings, message: str) -> Invalid:
    """What is wrong with a field: *message* for programs, and on a page what to do."""
    refusal = Invalid(message, field=name, label=field.label)
    refusal.on_page = {SELECT: CHOOSE, CHECKBOX: TICK}.get(field.type)
    return refusal


def _length(value: Any) -> int:
    return len(value if isinstance(value, str) else json.dumps(value))


def _is_empty(field: FieldSettings, value: Any) -> bool:
    return not _is_ticked(value) if field.type == CHECKBOX else is_blank(value)


def _is_ticked(value: Any) -> bool:
    return value is True or (isinstance(value, str) and _BOX.get(value, False))


def raise_all(wrong: Iterable[Invalid]) -> None:
    """Raises the first of what is *wrong* with a form, to which the others are tied."""
    found = tuple(wrong)
    if found:
        found[0].others = found[1:]
        raise found[0]


def is_blank(value: Any) -> bool:
    """Whether *value* is None, or a text of blanks only."""
    return value is None or (isinstance(value, str) and not value.strip())
