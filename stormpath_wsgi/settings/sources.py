"""Where settings come from, which source wins, and how a mistake in one is told.

Every source is flattened to single settings by their place in the tree, ``("session", "cookieName")``, so that merging
is ``dict.update`` and each value remembers who gave it. What can be set, and its type, is read from the declarations in
:mod:`stormpath_wsgi.settings`; nothing is listed here again.

Source: file names, precedence and environment names of the public Stormpath framework specification.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import re
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self, TypeVar

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from stormpath_wsgi.errors import ConfigurationError
from stormpath_wsgi.extras import YAML
from stormpath_wsgi.limits.limit import Limit

Model = TypeVar("Model", bound=BaseModel)
Key = tuple[str, ...]

PREFIX = "STORMPATH_"
#: Variables of that prefix which are not ours: what the old SDKs and Heroku's add-on know, the application name
#: of Flask-Stormpath, and what Docker and Kubernetes set for a service that happens to be called stormpath.
OTHERS = re.compile(
    r"STORMPATH_(CLIENT_(CACHEMANAGER|PROXY)_\w+|API_?KEY_\w+|URL|APPLICATION|"
    r"(\w+_)?(SERVICE_(HOST|PORT\w*)|PORT|PORT_\d+_(TCP|UDP|SCTP)\w*))"
)
FILES = ("stormpath.json", "stormpath.yaml", "stormpath.yml")

#: How names with values are written where there is only text.
AS_JSON = ', as JSON: {"name": "value"}'

#: Sources that are no file and no variable.
DEFAULT, ARGUMENT = "default", "argument"
#: What is shown in the place of a secret.
HIDDEN = "hidden"

#: What to write instead, by the kind of mistake pydantic found.
REMEDIES: Mapping[str, str] = {
    "bool": "write true or false",
    "int": "write a whole number",
    "time_delta": "write seconds (3600), an ISO 8601 duration (PT1H) or a timedelta",
    "tuple": "write a list",
    "list": "write a list",
    "string": "write text",
    "path": "write the path of a folder",
    "mapping": "write names with their values",
    "dict": "write names with their values",
    "model": "write names with their values",
    "missing": "is missing; write it",
    "literal_error": "write one of {expected}",
    "too_short": "write at least {min_length}",
    "greater_than_equal": "write {ge} or more",
    "greater_than": "write more than {gt}",
    "less_than_equal": "write at most {le}",
    "value_error": "{error}",
}


@dataclass(frozen=True)
class Unit:
    """Annotation of a number: what it counts."""

    name: str


class Given(NamedTuple):
    """A value and who gave it: ``""``, ``" in /srv/stormpath.yaml"``, ``" (STORMPATH_SESSION_IDLE)"``."""

    value: Any
    origin: str = ""


class Description(NamedTuple):
    """A setting as its reader meets it. *name*: its dotted path; *variable*: that of the environment."""

    name: str
    variable: str
    type: str
    default: str
    unit: str
    meaning: str


class Effective(NamedTuple):
    """A setting as it is now. *value*: as JSON has it, and no secret. *source*: who says so."""

    name: str
    value: Any
    source: str


class Inspection(NamedTuple):
    """The *settings*, where nothing is wrong with them; each of them; and everything that is wrong."""

    settings: Any
    effective: list[Effective]
    faults: list[str]


def read(model: type[Model], keywords: Mapping[str, Any], environ: Mapping[str, str]) -> Model:
    """The *model* made of its defaults, the files, the environment and *keywords*; later ones win.

    Sections merge, lists are replaced. A keyword may be a dotted name: ``**{"session.idle": 60}``. Raises
    :class:`ConfigurationError`, which lists everything that is wrong.
    """
    return _Reading.of(model, keywords, environ).result(model)


def inspect(model: type[Model], keywords: Mapping[str, Any], environ: Mapping[str, str]) -> Inspection:
    """What :func:`read` would make of the same, where something is wrong too. Raises nothing; it tells no secret."""
    reading = _Reading.of(model, keywords, environ)
    settings: Model | None = None
    with contextlib.suppress(ConfigurationError):
        settings = reading.result(model)
    values = dict(_walk(model if settings is None else type(settings), model() if settings is None else settings))
    if settings is None:
        values.update((key, given.value) for key, given in reading.given.items())
    return Inspection(
        settings,
        [Effective(".".join(key), _told(model, key, value), reading.source(key)) for key, value in values.items()],
        [_without_secrets(fault) for fault in dict.fromkeys(reading.faults)],
    )


def place(model: type[BaseModel], name: str) -> str | None:
    """The dotted name of the setting that the environment variable *name* stands for; None when there is none."""
    key = _Reading(model).names().find(name)
    return ".".join(key) if key else None


def variable(key: Key, prefix: str = PREFIX) -> str:
    """The environment variable of a setting. camelCase gets no extra underscore: ``STORMPATH_SESSION_COOKIENAME``."""
    return prefix + "_".join(key).upper()


def describe(model: type[BaseModel]) -> list[Description]:
    """Every setting of *model* in order of declaration. ``NAME`` stands for a name of the reader's choice.

    Each can be set by its variable. What has names with values is given as one JSON object there.
    """
    return [
        Description(
            name=".".join(key),
            variable=variable(key),
            type=_type_text(field.annotation),
            default=_default_text(field),
            unit="seconds" if _kind(field.annotation) is dt.timedelta else _unit(field),
            meaning=field.description or "",
        )
        for key, field in _declared(model)
    ]


class _Names:
    """The environment variables of the settings that *model* declares, and of those *given*."""

    def __init__(self, model: type[BaseModel], given: Iterable[Key]) -> None:
        self._known = _variables(model) | {_flat(variable(key)): key for key in given}
        self._model = model

    def find(self, name: str) -> Key | None:
        """The setting of the variable *name*.

        A name of the reader's choice is one that somebody has given before; else it is taken in lower case.
        """
        if (key := self._known.get(_flat(name))) is not None:
            return key
        found = ((pattern.fullmatch(name), before, after) for pattern, before, after in _patterns(self._model))
        return next(((*before, match[1].lower(), *after) for match, before, after in found if match), None)


class _Reading:
    """What has been given so far, by place, and what was wrong with it."""

    def __init__(self, model: type[BaseModel]) -> None:
        self.given: dict[Key, Given] = {}
        self.faults: list[str] = []
        self.model = model
        self.places = list(_variables(model).values())

    @classmethod
    def of(cls, model: type[BaseModel], keywords: Mapping[str, Any], environ: Mapping[str, str]) -> Self:
        """All sources, in order."""
        reading = cls(model)
        for path in _files(environ):
            reading.add_file(path)
        reading.add_environment(environ)
        for name, value in keywords.items():
            try:
                reading.add(model, _nested([(_parts(name), value)]))
            except ConfigurationError as error:
                reading.faults.append(str(error))
        return reading

    def source(self, key: Key) -> str:
        """Who gave the value at *key*: a file, a variable, an argument of the program, or nobody."""
        giver = self._giver(key)
        inside = (place for place in self.given if place[: len(key)] == key)
        giver = giver or next(inside, None)
        if giver is None:
            return DEFAULT
        return self.given[giver].origin.strip(" ()").removeprefix("in ") or ARGUMENT

    def add(self, annotation: Any, values: Any, origin: str = "", key: Key = ()) -> None:
        """Take *values*, a section or mapping of settings that belongs at *key* and is declared as *annotation*."""
        if values is None:
            return  # "web:" with nothing below it
        values = _decoded(values)
        if not isinstance(values, Mapping | BaseModel):
            as_json = AS_JSON if isinstance(values, str) else ""
            self.faults.append(f"{'.'.join(key) or 'settings'}{origin}: {REMEDIES['model']}{as_json}.")
            return
        for name, value in dict(values).items():
            child = _child(annotation, str(name))
            if child is None:
                self.faults.append(self._unknown((*key, str(name)), origin))
            elif not _is_section(annotation) and _is_section(child[1]) and not value:
                self.given.setdefault((*key, child[0]), Given({}, origin))  # "company:" with nothing below it
            elif _is_section(child[1]) or _members(child[1]):
                self.add(child[1], value, origin, (*key, child[0]))
            else:
                self.given[(*key, child[0])] = Given(value, origin)

    def add_file(self, path: Path) -> None:
        try:
            text = path.read_text(encoding="utf-8-sig")  # as editors on Windows write it
            values = json.loads(text) if path.suffix == ".json" else _of_yaml(text)
        except (FileNotFoundError, NotADirectoryError):
            return
        except (OSError, UnicodeDecodeError, json.JSONDecodeError, NotYaml) as error:
            self.faults.append(f"{path}: {_unreadable(error)}.")
            return
        except ConfigurationError as error:
            self.faults.append(f"{path}: {error}, or write stormpath.json instead.")
            return
        if isinstance(values, dict) and "stormpath" in values:
            self.add(self.model, values.pop("stormpath"), f" in {path}")
        self.add(self.model, values, f" in {path}")

    def add_environment(self, environ: Mapping[str, str]) -> None:
        """Take the variables that name a known setting: one that is declared, or that a file has brought in."""
        # Compose files and .env templates pass empty variables for "not set".
        ours = {name: text for name, text in sorted(environ.items()) if name.startswith(PREFIX) and text.strip()}
        taken: dict[Key, str] = {}
        names = self.names()
        whole = {name for name in ours if (key := names.find(name)) and _members(_annotation(self.model, key))}
        self._add_variables({name: ours[name] for name in ours if name in whole}, taken)
        # What they have brought in is known now, and may be changed by a variable of its own.
        self._add_variables({name: ours[name] for name in ours if name not in whole}, taken)

    def names(self) -> _Names:
        """The variables of all settings that are known so far."""
        return _Names(self.model, self.given)

    def _add_variables(self, variables: Mapping[str, str], taken: dict[Key, str]) -> None:
        names = self.names()
        lists: dict[Key, dict[int, str]] = {}
        for name, text in variables.items():
            stem, index = _indexed(name)
            if (key := names.find(name)) is not None:
                if key in taken:
                    self.faults.append(f"{taken[key]} and {name} are the same setting; keep one of them.")
                taken[key] = name
                self._give(key, text, f" ({name})")
            elif index is not None and (key := names.find(stem)) is not None:
                lists.setdefault(key, {})[index] = text
            elif not OTHERS.fullmatch(name):
                self.faults.append(self._unknown_variable(name))
        for key, items in lists.items():
            self.given[key] = Given([items[index] for index in sorted(items)], f" ({variable(key)}_…)")

    def _give(self, key: Key, text: str, origin: str) -> None:
        annotation = _annotation(self.model, key)
        if _members(annotation):
            self.add(annotation, text, origin, key)
        else:
            self.given[key] = Given(text, origin)

    def result(self, model: type[Model]) -> Model:
        """The settings. Raises :class:`ConfigurationError` with one line for each thing that is wrong."""
        try:
            settings = model.model_validate(_nested((key, given.value) for key, given in self.given.items()))
        except ValidationError as error:
            self.faults += [self._fault(detail) for detail in error.errors() if "not_called" not in detail["type"]]
        if self.faults:
            # Not chained to the cause: what was given may be a secret, and a traceback would show it.
            raise ConfigurationError("\n".join(dict.fromkeys(self.faults))) from None
        return settings

    def _fault(self, detail: Any) -> str:
        key = tuple(map(str, detail["loc"]))
        # What is missing nobody gave: whoever gave what stands beside it has to give that too.
        giver = self._giver(key) or (self._neighbour(key) if detail["type"] == "missing" else None)
        origin = self.given[giver].origin if giver else ""
        return f"{'.'.join(key) or 'settings'}{origin}: {_remedy(detail)}."

    def _giver(self, key: Key) -> Key | None:
        return next((key[:n] for n in range(len(key), 0, -1) if key[:n] in self.given), None)

    def _neighbour(self, key: Key) -> Key | None:
        return next((each for each in self.given if each[: len(key) - 1] == key[:-1]), None)

    def _unknown(self, key: Key, origin: str) -> str:
        names = {".".join(place): place for place in (*self.places, *self.given)}
        near = [name for name, place in names.items() if _flat(place[-1]) == _flat(key[-1]) and len(key) == 1]
        return f"{'.'.join(key)}{origin}: there is no such setting{_perhaps(near or _nearest(key, names.values()))}"

    def _unknown_variable(self, name: str) -> str:
        import difflib  # here and below: for a mistake only

        names = {_flat(variable(key)): variable(key) for key in (*self.places, *self.given)}
        near = [names[flat] for flat in difflib.get_close_matches(_flat(name), names, n=1, cutoff=0.8)]
        return f"{name}: no setting has this environment variable{_perhaps(near)}"


def _nearest(key: Key, places: Iterable[Key]) -> list[str]:
    """The known name that *key* is most likely a slip of: a setting, or a section on the way to one."""
    import difflib

    names = {_flat(".".join(place[:n])): ".".join(place[:n]) for place in places for n in range(1, len(place) + 1)}
    return [names[flat] for flat in difflib.get_close_matches(_flat(".".join(key)), names, n=1)]


def _perhaps(names: list[str]) -> str:
    return f"; did you mean {names[0]}?" if names else "; the documentation lists them all."


def _flat(name: str) -> str:
    """A name without regard to how its words are joined: cookie_name, cookieName and COOKIENAME are the same."""
    return name.replace("_", "").lower()


def _indexed(name: str) -> tuple[str, int | None]:
    stem, _, index = name.rpartition("_")
    return (stem, int(index)) if index.isdecimal() and index.isascii() else (name, None)


def _files(environ: Mapping[str, str]) -> Iterator[Path]:
    """Where files may be, the winning ones last. Without HOME there is no folder of the user's to look into."""
    folders = [Path(environ["HOME"], ".stormpath")] if environ.get("HOME") else []
    for folder in (*folders, Path.cwd()):
        yield from (folder / name for name in FILES)


def _parts(name: str) -> Key:
    """The places in a dotted name. A path, as ``protect`` has, is one place whatever it holds: ``protect./a.b``."""
    sections, slash, path = name.partition("/")
    *outer, last = sections.split(".")
    return (*outer, last + slash + path)


def _decoded(values: Any) -> Any:
    """Names with values that came as text: environment variables and ini files know nothing else."""
    if isinstance(values, str) and values.lstrip().startswith("{"):
        with contextlib.suppress(json.JSONDecodeError, RecursionError):
            return json.loads(values)
    return values


class NotYaml(ValueError):
    """A text is not YAML. ``str(error)``: where and why, if that is known."""


def _of_yaml(text: str) -> Any:
    """What *text* says in YAML. Raises NotYaml, and ConfigurationError where the library is missing."""
    YAML.check()
    import yaml  # here, because most sites have no file of settings

    try:
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise NotYaml(f": line {mark.line + 1}: {error.problem}" if mark else "") from None
    except yaml.YAMLError:
        raise NotYaml from None


def _unreadable(error: Exception) -> str:
    """Why a file cannot be used; never a piece of its text, which may be a secret."""
    if isinstance(error, OSError):
        return f"cannot be read ({error.strerror})"
    if isinstance(error, json.JSONDecodeError):
        return f"is not JSON: line {error.lineno}: {error.msg}"
    return "is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else f"is not YAML{error}"


def _remedy(detail: Any) -> str:
    kind: str = detail["type"]
    remedy = REMEDIES.get(kind) or REMEDIES.get(re.sub(r"_(type|parsing|from_float|parsing_size)$", "", kind))
    return (remedy or "cannot be used: {message}").format(message=detail["msg"], **detail.get("ctx", {}))


def _nested(pairs: Iterable[tuple[Key, Any]]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for key, value in pairs:
        section = tree
        for name in key[:-1]:
            section = section.setdefault(name, {})
            if not isinstance(section, dict):
                raise ConfigurationError(f"{'.'.join(key)}: {name} has a value of its own; {REMEDIES['model']}.")
        if value == {}:
            section.setdefault(key[-1], {})  # what another source has put into it stays
        else:
            section[key[-1]] = value
    return tree


# What is declared: a section (a model) has named members, a Mapping has members of any name, all else is one setting.


def _is_section(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _members(annotation: Any) -> Any:
    """What a mapping holds, or None when *annotation* is none: a mapping's members may have any name."""
    return typing.get_args(annotation)[1] if typing.get_origin(annotation) in (dict, Mapping) else None


def _child(annotation: Any, name: str) -> tuple[str, Any] | None:
    """The declared name and type of member *name*, or None when there is none."""
    if not _is_section(annotation):
        return name, _members(annotation)
    for attribute, field in annotation.model_fields.items():
        if name in (attribute, field.alias, attribute.rstrip("_")):
            return field.alias, field.annotation
    return None


def _declared(section: type[BaseModel], key: Key = (), *, by_name: bool = False) -> Iterator[tuple[Key, FieldInfo]]:
    """Every setting below *section* with its place: a mapping itself, and what is in it, as NAME or *by_name*."""
    for field in section.model_fields.values():
        place = (*key, field.alias or "")
        inside: Any = field.annotation
        if _is_section(inside):
            yield from _declared(inside, place, by_name=by_name)
        elif _is_section(_members(inside)):
            yield place, field
            for name in field.default if by_name else ("NAME",):
                yield from _declared(_members(inside), (*place, name), by_name=by_name)
        else:
            yield place, field


@cache
def _variables(model: type[BaseModel]) -> dict[str, Key]:
    """The setting of each environment variable of *model*, by the variable's flat name."""
    return {_flat(variable(key)): key for key, _ in _declared(model, by_name=True)}


@cache
def _patterns(model: type[BaseModel]) -> list[tuple[re.Pattern[str], Key, Key]]:
    """What the variables are like that have a name of the reader's choice in them, with what stands around it."""
    return [
        (re.compile(re.escape(f"{variable(before)}_") + r"(\w+)" + re.escape(f"_{variable(after, '')}")), before, after)
        for before, after in _around_names(model)
    ]


def _annotation(model: type[BaseModel], key: Key) -> Any:
    """What is declared at *key*, or None."""
    annotation: Any = model
    for name in key:
        child = _child(annotation, name)
        annotation = child[1] if child else None
    return annotation


def _around_names(model: type[BaseModel]) -> Iterator[tuple[Key, Key]]:
    """The places of settings whose name in between the reader chooses: what stands before it, and after it."""
    for key, field in _declared(model):
        if _is_section(members := _members(field.annotation)):
            yield from ((key, inner) for inner, _ in _declared(members))


# How a declaration reads.


def _kind(annotation: Any) -> Any:
    """The type itself: without ``Annotated`` and without ``| None``."""
    if typing.get_origin(annotation) is typing.Annotated:
        return _kind(typing.get_args(annotation)[0])
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        return _kind(next(one for one in typing.get_args(annotation) if one is not type(None)))
    return annotation


def _type_text(annotation: Any) -> str:
    kind = _kind(annotation)
    names: dict[Any, str] = {
        str: "text",
        bool: "true or false",
        int: "whole number",
        dt.timedelta: "duration",
        Path: "path",
        SecretStr: "secret",
        Limit: "limit",
        dt.tzinfo: "time zone",
    }
    if kind in names:
        return names[kind]
    if typing.get_origin(kind) is Literal:
        return " or ".join(typing.get_args(kind))
    if typing.get_origin(kind) is tuple:
        return f"list of {_type_text(typing.get_args(kind)[0])}"
    if _members(kind):
        return "names with values"
    return "function" if typing.get_origin(kind) is Callable else "object"


def _default_text(field: FieldInfo) -> str:
    value = field.default
    if field.default_factory or value is None or value == () or value == {}:
        return "not set"
    if field.is_required():
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dt.timedelta):
        return f"{value.total_seconds():.0f}"
    return ", ".join(value) if isinstance(value, tuple | dict) else str(value)


def _unit(field: FieldInfo) -> str:
    return next((unit.name for unit in field.metadata if isinstance(unit, Unit)), "")


# How a value reads, for people and for programs, without a secret.


def _walk(model: type[BaseModel], section: BaseModel, key: Key = ()) -> Iterator[tuple[Key, Any]]:
    """Each setting of *section* with its place. What has names of the reader's choice is taken apart by them."""
    for name, field in model.model_fields.items():
        place, value = (*key, field.alias or name), getattr(section, name)
        if isinstance(value, BaseModel):
            yield from _walk(type(value), value, place)
        elif _is_section(_members(field.annotation)):
            for chosen, member in value.items():
                yield from _walk(type(member), member, (*place, chosen))
        else:
            yield place, value


def _told(model: type[BaseModel], key: Key, value: Any) -> Any:
    if value is not None and value != () and _holds_secrets(_annotation(model, key)):
        return HIDDEN
    return _plain(value)


def _holds_secrets(annotation: Any) -> bool:
    return annotation is SecretStr or any(map(_holds_secrets, typing.get_args(annotation)))


def _plain(value: Any) -> Any:
    """*value* as JSON has it."""
    match value:
        case None | bool() | int() | float():
            return value
        case str() | Path() | Limit():
            return _without_secrets(str(value))
        case dt.timedelta():
            return int(value.total_seconds())
        case SecretStr():
            return HIDDEN
        case BaseModel():
            return {".".join(place): _plain(each) for place, each in _walk(type(value), value)}
        case Mapping():
            return {str(name): _plain(each) for name, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(each) for each in value]
    found = value if hasattr(value, "__qualname__") else type(value)
    return f"{found.__module__}:{found.__qualname__}"


def _without_secrets(text: str) -> str:
    """*text* without what stands before the @ of an address, and without the passwords in its query."""
    text = re.sub(r"(?<=://)[^\s,\"]*@", f"{HIDDEN}@", text)
    return re.sub(r"(?i)([?&][^=&\s]*(?:pass|secret|token|key)[^=&\s]*=)[^&\s,\"]*", rf"\1{HIDDEN}", text)
