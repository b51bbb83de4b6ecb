"""A server for development on one machine: ready persons, an inbox, and why somebody may not see a page.

Whoever reaches it can sign in as anybody. So it answers browsers of this machine only, it has a directory of its own in
memory, and nothing but the command ``stormpath-wsgi dev`` starts it: there is no setting for it.
"""
