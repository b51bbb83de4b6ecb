"""The programs that mirror LDAP and Active Directory."""

from stormpath_wsgi.client import Agent, Collection, Resource

#: The configuration of an agent is a dictionary, with two more in it.
AgentConfig = AgentAccountConfig = AgentGroupConfig = dict
AgentDownload = Resource
AgentList = Collection

__all__ = ["Agent", "AgentAccountConfig", "AgentConfig", "AgentDownload", "AgentGroupConfig", "AgentList"]
