"""The wire form of the REST API: paths, bodies, ranges, and how a row is written as JSON."""
