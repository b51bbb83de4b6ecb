"""A report in SARIF, for the programs that collect findings.

Source: Static Analysis Results Interchange Format (SARIF) Version 2.1.0, OASIS.
"""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

from stormpath_wsgi.doctor.check import Check, Finding, Grade
from stormpath_wsgi.doctor.examination import Report

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_LEVELS = {Grade.HIGH: "error", Grade.MEDIUM: "warning", Grade.LOW: "note", Grade.INFO: "note"}
#: How bad, from 0 to 10: the property by which GitHub sorts.
_SEVERITY = {Grade.HIGH: "8.0", Grade.MEDIUM: "5.0", Grade.LOW: "3.0", Grade.INFO: "0.0"}


def written(report: Report) -> str:
    """The *report* as a SARIF log with one run."""
    return json.dumps(document(report), indent=2, ensure_ascii=False) + "\n"


def document(report: Report) -> dict[str, Any]:
    """The same as a document."""
    checks = [*report.done, *(check for check, _ in report.left_out)]
    places = {check.id: place for place, check in enumerate(checks)}
    driver = {
        "name": "stormpath-wsgi doctor",
        "semanticVersion": version("stormpath-wsgi"),
        "rules": [_rule(check) for check in checks],
    }
    left_out = [
        {"level": "note", "associatedRule": {"id": check.id, "index": places[check.id]}, "message": {"text": why}}
        for check, why in report.left_out
    ]
    run = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": left_out}],
        "results": [_result(finding, places[finding.check.id]) for finding in report.findings],
        "columnKind": "unicodeCodePoints",
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(check: Check) -> dict[str, Any]:
    return {
        "id": check.id,
        "shortDescription": {"text": f"{check.title}."},
        "fullDescription": {"text": check.why},
        "help": {"text": f"{check.mend}\nDocumentation: {check.docs}"},
        "defaultConfiguration": {"level": _LEVELS[check.grade]},
        "properties": {"tags": ["security"], "security-severity": _SEVERITY[check.grade]},
    }


def _result(finding: Finding, place: int) -> dict[str, Any]:
    check, seen = finding.check, finding.seen
    # The same finding of another run has the same fingerprint, whatever else was found.
    print_ = hashlib.sha256(f"{check.id}\0{seen.where}\0{seen.what}".encode()).hexdigest()
    return {
        "ruleId": check.id,
        "ruleIndex": place,
        "level": _LEVELS[check.grade],
        "message": {"text": f"{seen.what} To mend it: {check.mend}"},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": _uri(seen.where)}}}],
        "partialFingerprints": {"doctor/v1": print_},
    }


def _uri(where: str) -> str:
    """*where* as a reference to a resource: an address, a file, or else the name of what says so."""
    if "://" in where:
        return where
    path = Path(where)
    return path.as_uri() if path.is_absolute() else path.as_posix()
