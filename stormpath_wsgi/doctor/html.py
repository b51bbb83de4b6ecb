"""A report as one HTML page, which loads nothing."""

from __future__ import annotations

from jinja2 import Environment

from stormpath_wsgi.doctor.examination import Report
from stormpath_wsgi.doctor.text import summary

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>{{ report.target }}</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem; }
article { border-inline-start: .25rem solid; padding-inline-start: 1rem; margin: 1.5rem 0; }
h2 { font-size: 1.1rem; margin: 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; margin: .25rem 0; }
dd { margin: 0; overflow-wrap: anywhere; }
</style>
</head>
<body>
<h1>{{ report.target }}</h1>
<p>{{ summary }}</p>
{% for finding in report.findings %}
<article id="{{ finding.check.id }}-{{ loop.index }}">
<h2>{{ finding.check.grade|string|upper }}: {{ finding.check.title }}</h2>
<dl>
<dt>Seen</dt><dd>{{ finding.seen.what }}</dd>
<dt>At</dt><dd>{{ finding.seen.where }}</dd>
<dt>Why</dt><dd>{{ finding.check.why }}</dd>
<dt>Mend</dt><dd><code>{{ finding.check.mend }}</code></dd>
<dt>Docs</dt><dd>{{ finding.check.docs }}</dd>
</dl>
</article>
{% endfor %}
{% if report.left_out %}
<h2>Not looked at</h2>
<dl>
{% for check, why in report.left_out %}<dt>{{ check.id }}</dt><dd>{{ why }}</dd>
{% endfor %}
</dl>
{% endif %}
</body>
</html>
"""


def written(report: Report) -> str:
    """The *report* as a page, the worst findings first."""
    return Environment(autoescape=True).from_string(_PAGE).render(report=report, summary=summary(report))
