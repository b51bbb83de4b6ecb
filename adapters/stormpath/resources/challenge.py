"""Challenges of second factors."""

from stormpath_wsgi.client import Challenge, Collection

ChallengeList = Collection

__all__ = ["Challenge", "ChallengeList"]
