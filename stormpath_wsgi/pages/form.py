"""The fields of a form: what they are called, which must be filled in, and how a single-page app learns of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from stormpath_wsgi.pages.refusal import Invalid
from stormpath_wsgi.pages.sentences import LABELS, REQUIRED
from stormpath_wsgi.settings import FieldSettings, FormSettings
from stormpath_wsgi.texts import Texts
from stormpath_wsgi.web.organizations import Place

#: The field that names the organization which a visitor belongs to.
ORGANIZATION = "organizationNameKey"


class Form:
    """The enabled fields of *settings*, in the order of the page.

    *chooses*: whether visitors choose an organization here. None: as the settings say.
    """

    def __init__(self, settings: FormSettings, *, chooses: bool | None = None) -> None:
        order = dict.fromkeys((*settings.field_order, *settings.fields))
        self.fields: Mapping[str, FieldSettings] = {
            name: settings.fields[name] for name in order if _is_taken(settings.fields[name], name, chooses)
        }
        self._indispensable = settings.indispensable
        # Where the setting leaves open whether it is taken, a program says it or not.
        self._left_open = {name for name, field in self.fields.items() if field.enabled is None}

    def requires(self, name: str) -> bool:
        """Whether the field *name* must have a value."""
        # No setting at all means yes: there is no account schema that could say no.
        return name in self._indispensable or (self.fields[name].required is not False and name not in self._left_open)

    def check_required(self, values: Mapping[str, Any]) -> None:
        """Raises :class:`Invalid` for the required fields without a value; 0 and false are values."""
        raise_all(self.missing(values))

    def missing(self, values: Mapping[str, Any]) -> Iterator[Invalid]:
        """What is wrong with each required field that has no value."""
        for name, field in self.fields.items():
            if self.requires(name) and is_blank(values.get(name)):
                yield Invalid(REQUIRED, field=name, label=field.label)

    def visible(self, texts: Texts) -> list[dict[str, Any]]:
        """The fields that are shown, as the view model of the framework specification describes them."""
        return [
            {
                "label": texts.gettext(field.label),
                "name": name,
                "placeholder": texts.gettext(field.placeholder),
                "required": self.requires(name),
                "type": field.type,
            }
            for name, field in self.fields.items()
            if field.visible
        ]

    def model(self, texts: Texts) -> dict[str, Any]:
        """What a single-page app needs to draw the form."""
        # Account stores are listed for their sign-in buttons; those of the directory itself have none.
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
                "label": texts.gettext(LABELS.get(self.fields[field["name"]].label, field["label"])),
                "placeholder": "" if field["placeholder"] == field["label"] else field["placeholder"],
                "value": _refill(field, posted),
                "optional": rare and not field["required"] and field["type"] != "checkbox",
                "error": wrong.get(field["name"]),
            }
            for field in visible
        ]


class FormByHost:
    """A form of *settings* that may ask for an organization: as it is at each host, where organizations have hosts.

    At that of an organization nobody is asked which one is meant; at any other, a program may say it.
    """

    def __init__(self, settings: FormSettings) -> None:
        self.usual = Form(settings)
        self._chosen, self._choosing = Form(settings, chooses=False), Form(settings, chooses=True)

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


def raise_all(wrong: Iterable[Invalid]) -> None:
    """Raises the first of what is *wrong* with a form, to which the others are tied."""
    found = tuple(wrong)
    if found:
        found[0].others = found[1:]
        raise found[0]


def is_blank(value: Any) -> bool:
    """Whether *value* is None, or a text of blanks only."""
    return value is None or (isinstance(value, str) and not value.strip())
