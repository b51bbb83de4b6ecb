"""What was found, written in three ways."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import jsonschema_rs
import pytest
from doctor.sarif_schema import SCHEMA
from support.broken_site import ADA, BrokenSite

from stormpath_wsgi.doctor import html, sarif, text
from stormpath_wsgi.doctor.check import Finding, Grade, Seen
from stormpath_wsgi.doctor.connection import InProcess
from stormpath_wsgi.doctor.examination import Report, declared, examine
from stormpath_wsgi.doctor.site import Places, Site

#: What a page of a site may say, and a report repeats.
HOSTILE = "<script>alert(1)</script>\x1b[31m"


@pytest.fixture(scope="module")
def report() -> Report:
    app = BrokenSite()
    site = Site(InProcess(app, "https://localhost", clock=app.clock), Places.of(), ADA, clock=app.clock)
    return examine("https://localhost", site, None)


@pytest.fixture(scope="module")
def log(report: Report) -> Any:
    return json.loads(sarif.written(report))


def test_the_worst_comes_first_and_tells_what_to_write(report: Report) -> None:
    grades = [finding.check.grade for finding in report.findings]
    assert grades == sorted(grades, reverse=True) and grades[0] is Grade.HIGH and report.worst is Grade.HIGH
    written = text.written(report)
    for finding in report.findings:
        for said in (finding.check.title, finding.check.mend, finding.seen.what, finding.seen.where):
            assert said in written


def test_what_was_not_looked_at_is_told_with_the_reason(report: Report) -> None:
    said = {check.id: why for check, why in report.left_out}
    assert said["key-weak"] == "it needs the settings: --config"
    assert said["guessing"] == "it needs an account of its own: --make-account"
    assert "guessing" in text.written(report) and "guessing" in html.written(report)
    assert {check.id for check in report.done} | said.keys() == {check.id for check in declared()}


def test_the_log_of_sarif_keeps_to_its_schema(log: Any) -> None:
    validator = jsonschema_rs.validator_for(SCHEMA, validate_formats=True)
    assert [f"{'/'.join(map(str, error.instance_path))}: {error.message}" for error in validator.iter_errors(log)] == []


def test_each_result_of_sarif_names_its_rule(log: Any, report: Report) -> None:
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == [
        result["ruleId"] for result in run["results"]
    ]
    assert len({result["partialFingerprints"]["doctor/v1"] for result in run["results"]}) == len(report.findings)
    assert {result["level"] for result in run["results"]} == {"error", "warning", "note"}


def test_the_page_loads_nothing_and_believes_nothing(report: Report) -> None:
    hostile = Finding(report.findings[0].check, Seen(HOSTILE, HOSTILE))
    page = html.written(Report(HOSTILE, report.done, [hostile], []))
    parser = Tags()
    parser.feed(page)
    assert not {"script", "img", "link", "iframe"} & {tag for tag, _ in parser.found}
    assert not any({"src", "href", "onclick"} & attributes.keys() for _, attributes in parser.found)


class Tags(HTMLParser):
    """The tags of a page, with their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
