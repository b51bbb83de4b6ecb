"""The forms of our pages, and their fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import Field, field_validator, model_validator

from stormpath_wsgi.kinds import CustomData
from stormpath_wsgi.settings.section import Section
from stormpath_wsgi.settings.types import Names, Options, Target
from stormpath_wsgi.texts import marked

#: Types with a meaning of their own: one of several values, and yes or nothing.
SELECT, CHECKBOX = "select", "checkbox"

#: What our forms can show: one input with one value.
INPUT_TYPES = (
    "text", "email", "password", "tel", "url", "search", "number", "range", "date", "time", "datetime-local", "month",
    "week", "color", CHECKBOX, SELECT, "hidden",
)  # fmt: skip


class FieldSettings(Section):
    """One field of a form."""

    label: str = Field(description="The text above the input, and in its messages.")
    placeholder: str = Field(
        "", description="The hint inside the empty input. Our page leaves it out where it only repeats the label."
    )
    type: str = Field(
        "text", description=f"The type of the HTML input: {', '.join(INPUT_TYPES)}; others for templates of your own."
    )
    hint: str = Field("", max_length=1000, description="A sentence between the label and the input.")
    options: Options = Field(
        (),
        max_length=500,
        description="Of a select: what may be chosen. A list of texts, or a text for each value: {east: East Branch}.",
    )
    links: dict[str, Target] = Field(
        {},
        max_length=10,
        description="Of a checkbox: words of its label, and where they lead, in a new tab: {terms: /terms}.",
    )
    value: str = Field(
        "", max_length=4000, description="What is in it at first. Of a hidden field visitors can change it."
    )
    max_length: int = Field(
        4000, ge=1, le=100_000, description="How many characters a value of the site's own may have."
    )
    required: bool | None = Field(
        None,
        description="Whether it must be filled in. Not set: yes. What the account schema of the directory demands is "
        "required whatever is set here.",
    )
    enabled: bool | None = Field(
        True, description="Whether it is taken at all. Not set: only where visitors choose an organization."
    )
    visible: bool = Field(True, description="Whether it is shown; an invisible one is still taken from a request.")

    def check(self) -> None:
        """Raises ValueError, with what to write instead, for what our form cannot show."""
        if self.type not in INPUT_TYPES:
            raise ValueError(
                f"type is {self.type:.40}, which our form cannot show; write one of {', '.join(INPUT_TYPES)}"
            )
        if bool(self.options) != (self.type == SELECT):
            raise ValueError("options belong to the type select, which needs some; write both or neither")
        if self.links and self.type != CHECKBOX:
            raise ValueError("links belong to the type checkbox")
        for words in self.links:
            if not words or words not in self.label:
                raise ValueError(f"links name {words!r:.80}, which is not in the label; write words of it")


def _field(label: str, placeholder: str | None = None, **rest: Any) -> FieldSettings:
    return FieldSettings(label=label, placeholder=label if placeholder is None else placeholder, **rest)


_ORGANIZATION = _field(marked("Organization"), marked("e.g. my-company"), required=True, enabled=None)

_ORDER = "The order on the page; fields not named here follow."
_FIELDS = "Each field by its name in requests. What is given is laid over the documented ones."


def _by_alias(given: Mapping[str, Any]) -> dict[str, Any]:
    """*given* for a field, by the names as they are spelt in a file."""
    known = FieldSettings.model_fields
    return {known[name].alias or name if name in known else name: value for name, value in given.items()}


class FormSettings(Section):
    """The fields of a form. What is given is laid over the documented fields, name by name."""

    fields: dict[str, FieldSettings] = Field(description=_FIELDS)
    field_order: Names = Field(description=_ORDER)

    #: Fields without which the form makes no sense.
    indispensable: ClassVar[tuple[str, ...]] = ()

    @field_validator("fields", mode="before")
    @classmethod
    def _overlay(cls, given: Any) -> Any:
        documented: Mapping[str, FieldSettings] = cls.model_fields["fields"].default
        if not isinstance(given, Mapping):
            return given
        overlaid = {
            name: {**documented[name].model_dump(by_alias=True), **_by_alias(change)}
            if name in documented and isinstance(change, Mapping)
            else change
            for name, change in given.items()
        }
        return {**documented, **overlaid}

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for name in self.fields:
            if not CustomData.key.fullmatch(name) or name in CustomData.reserved | {"customData", "csrfToken"}:
                raise ValueError(f"the field {name} cannot be stored; name it with other letters, digits, _ and -")
        for name in self.indispensable:
            if not self.fields[name].enabled:
                raise ValueError(f"the field {name} cannot be disabled")
        for name in self.field_order:
            if name not in self.fields:
                raise ValueError(f"fieldOrder names {name}, which is not among the fields")
        return self


class LoginForm(FormSettings):
    """The fields of the login page."""

    indispensable = ("login", "password")

    fields: dict[str, FieldSettings] = Field(
        {
            "organizationNameKey": _ORGANIZATION,
            "login": _field(marked("Username or Email"), required=True),
            "password": _field(marked("Password"), required=True, type="password"),
        },
        description=_FIELDS,
    )
    field_order: Names = Field(("organizationNameKey", "login", "password"), description=_ORDER)


class RegisterForm(FormSettings):
    """The fields of the register page. Any other that is declared here goes into the account's custom data."""

    indispensable = ("email", "password")

    fields: dict[str, FieldSettings] = Field(
        {
            "organizationNameKey": _ORGANIZATION,
            "givenName": _field(marked("First Name")),
            "middleName": _field(marked("Middle Name"), enabled=False),
            "surname": _field(marked("Last Name")),
            "username": _field(marked("Username"), enabled=False),
            "email": _field(marked("Email"), type="email"),
            "password": _field(marked("Password"), required=True, type="password"),
            "confirmPassword": _field(marked("Confirm Password"), required=True, enabled=False, type="password"),
        },
        description=f"{_FIELDS} A new one goes into the account's custom data.",
    )
    field_order: Names = Field(
        (
            "organizationNameKey",
            "username",
            "givenName",
            "middleName",
            "surname",
            "email",
            "password",
            "confirmPassword",
        ),
        description=_ORDER,
    )


class InvitationForm(FormSettings):
    """The fields of the page where people make the account that they are invited to. Any other that is declared here
    goes into the account's custom data.
    """

    indispensable = ("password",)

    fields: dict[str, FieldSettings] = Field(
        {
            "givenName": _field(marked("First Name")),
            "middleName": _field(marked("Middle Name"), enabled=False),
            "surname": _field(marked("Last Name")),
            "username": _field(marked("Username"), enabled=False),
            "password": _field(marked("Password"), required=True, type="password"),
            "confirmPassword": _field(marked("Confirm Password"), required=True, enabled=False, type="password"),
        },
        description=f"{_FIELDS} A new one goes into the account's custom data.",
    )
    field_order: Names = Field(
        ("username", "givenName", "middleName", "surname", "password", "confirmPassword"), description=_ORDER
    )


class ForgotForm(FormSettings):
    """The field of the page where people ask for a new password."""

    indispensable = ("email",)

    fields: dict[str, FieldSettings] = Field(
        {"email": _field(marked("Email"), required=True, type="email")}, description=_FIELDS
    )
    field_order: Names = Field(("email",), description=_ORDER)


class ChangeForm(FormSettings):
    """The fields of the page where people choose a new password."""

    indispensable = ("password",)

    fields: dict[str, FieldSettings] = Field(
        {
            "password": _field(marked("New password"), required=True, type="password"),
            "confirmPassword": _field(marked("Confirm Password"), required=True, enabled=False, type="password"),
        },
        description=_FIELDS,
    )
    field_order: Names = Field(("password", "confirmPassword"), description=_ORDER)


class FreshForm(FormSettings):
    """The field of the page that asks for the password once more."""

    indispensable = ("password",)

    fields: dict[str, FieldSettings] = Field(
        {"password": _field(marked("Password"), required=True, type="password")}, description=_FIELDS
    )
    field_order: Names = Field(("password",), description=_ORDER)


class SecondFactorForm(FormSettings):
    """The field of the page that asks for a second factor."""

    indispensable = ("code",)

    fields: dict[str, FieldSettings] = Field({"code": _field(marked("Code"), required=True)}, description=_FIELDS)
    field_order: Names = Field(("code",), description=_ORDER)


class VerifyForm(FormSettings):
    """The field of the page where people ask for another verification mail."""

    indispensable = ("login",)

    fields: dict[str, FieldSettings] = Field(
        {"login": _field(marked("Email"), required=True, type="email")}, description=_FIELDS
    )
    field_order: Names = Field(("login",), description=_ORDER)


class OrganizationSelectForm(FormSettings):
    """The field of the page where people say to which organization they belong."""

    indispensable = ("organizationNameKey",)

    fields: dict[str, FieldSettings] = Field(
        {
            "organizationNameKey": _field(
                marked("Enter your organization name to continue"), marked("e.g. my-company"), required=True
            )
        },
        description=_FIELDS,
    )
    field_order: Names = Field(("organizationNameKey",), description=_ORDER)
