"""Who is in which group."""

from stormpath_wsgi.client import Collection, GroupMembership

GroupMembershipList = Collection

__all__ = ["GroupMembership", "GroupMembershipList"]
