"""The fields of a form: what they are called, which must be filled in, and how a single-page app learns of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stormpath_wsgi.codes import Code
from stormpath_wsgi.pages.refusal import Invalid
from stormpath_wsgi.pages.sentences import SENTENCES
from stormpath_wsgi.settings import FieldSettings, FormSettings
from stormpath_wsgi.texts import Texts

#: The field that names the organization which a visitor belongs to.
ORGANIZATION = "organizationNameKey"


class Form:
    """The enabled fields of *settings*, in the order of the page."""

    def __init__(self, settings: FormSettings) -> None:
        order = dict.fromkeys((*settings.field_order, *settings.fields))
        self.fields: Mapping[str, FieldSettings] = {
            name: settings.fields[name] for name in order if settings.fields[name].enabled
        }
        self._indispensable = settings.indispensable

    def requires(self, name: str) -> bool:
        """Whether the field *name* must have a value."""
        # No setting at all means yes: there is no account schema that could say no.
        return name in self._indispensable or self.fields[name].required is not False

    def check_required(self, values: Mapping[str, Any]) -> None:
        """Raises :class:`Invalid` for the first required field without a value; 0 and false are values."""
        for name, field in self.fields.items():
            if self.requires(name) and is_blank(values.get(name)):
                raise Invalid(SENTENCES[Code.REQUIRED], field=name, label=field.label)

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

    def inputs(self, posted: Mapping[str, Any], texts: Texts) -> list[dict[str, Any]]:
        """What the template needs: the visible fields, with what the visitor gave, but for passwords."""
        return [{**field, "value": _refill(field, posted)} for field in self.visible(texts)]


def _refill(field: Mapping[str, Any], posted: Mapping[str, Any]) -> str:
    value = posted.get(field["name"])
    return value if isinstance(value, str) and field["type"] != "password" else ""


def is_blank(value: Any) -> bool:
    """Whether *value* is None, or a text of blanks only."""
    return value is None or (isinstance(value, str) and not value.strip())
