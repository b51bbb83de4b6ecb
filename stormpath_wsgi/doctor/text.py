"""A report as text, for people."""

from __future__ import annotations

from collections.abc import Iterator

from stormpath_wsgi.doctor.check import Finding
from stormpath_wsgi.doctor.examination import Report


def written(report: Report) -> str:
    """The *report*, the worst findings first."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    for finding in report.findings:
        yield from _finding(finding)
    if report.left_out:
        yield "Not looked at:"
        for check, why in report.left_out:
            yield f"  {check.id:<24} {why}"
        yield ""
    yield summary(report)


def _finding(finding: Finding) -> Iterator[str]:
    check, seen = finding.check, finding.seen
    yield f"{str(check.grade).upper():<8}{check.title} [{check.id}]"
    yield f"  seen  {seen.what}"
    yield f"  at    {seen.where}"
    yield f"  why   {check.why}"
    yield f"  mend  {check.mend}"
    yield f"  docs  {check.docs}"
    yield ""


def summary(report: Report) -> str:
    """One sentence about all of it."""
    found = len(report.findings)
    what = "Nothing was found" if not found else f"{found} finding{'s' if found > 1 else ''}"
    return f"{report.target}: {what}. {len(report.done)} checks, {report.requests} requests."
