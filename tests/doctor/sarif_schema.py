"""The rules of SARIF 2.1.0 for the objects that we write, as a JSON schema.

What the standard does not know in an object is a mistake here, and so is what it knows and we do not write.
Source: Static Analysis Results Interchange Format (SARIF) Version 2.1.0, OASIS, section 3; its sections stand beside
the objects.
"""

from __future__ import annotations

from typing import Any

TEXT = {"type": "string"}


def _object(required: str = "", /, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": required.split(),
        "additionalProperties": False,
    }


def _list(items: Any, **rules: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **rules}


_MESSAGE = _object("text", text=TEXT)  # 3.11, 3.12
_LEVEL = {"enum": ["none", "note", "warning", "error"]}  # 3.27.10
_INDEX = {"type": "integer", "minimum": -1}
_RULE = _object(  # 3.49
    "id",
    id=TEXT,
    shortDescription=_MESSAGE,
    fullDescription=_MESSAGE,
    help=_MESSAGE,
    defaultConfiguration=_object(level=_LEVEL),  # 3.50
    properties={"type": "object", "properties": {"tags": _list(TEXT, uniqueItems=True)}},  # 3.8
)
_LOCATION = _object(  # 3.28, 3.29, 3.4
    physicalLocation=_object(artifactLocation=_object(uri={"type": "string", "format": "uri-reference"}))
)
_RESULT = _object(  # 3.27
    "message",
    ruleId=TEXT,
    ruleIndex=_INDEX,
    level=_LEVEL,
    message=_MESSAGE,
    locations=_list(_LOCATION),
    partialFingerprints={"type": "object", "additionalProperties": TEXT},
)
_NOTIFICATION = _object(  # 3.58, 3.52
    "message", level=_LEVEL, message=_MESSAGE, associatedRule=_object(id=TEXT, index=_INDEX)
)
_RUN = _object(  # 3.14
    "tool",
    tool=_object(  # 3.18, 3.19
        "driver",
        driver=_object("name", name=TEXT, semanticVersion=TEXT, rules=_list(_RULE, uniqueItems=True)),
    ),
    invocations=_list(  # 3.20
        _object(
            "executionSuccessful",
            executionSuccessful={"type": "boolean"},
            toolExecutionNotifications=_list(_NOTIFICATION),
        )
    ),
    results=_list(_RESULT),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
)
SCHEMA: dict[str, Any] = _object(  # 3.13
    "version runs",
    **{"$schema": {"type": "string", "format": "uri"}, "version": {"enum": ["2.1.0"]}, "runs": _list(_RUN)},
)
