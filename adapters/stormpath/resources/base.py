"""What all resources have in common.

Every resource of ours can be read and written like a dictionary, saved and deleted, so the four mixins that stood for
that are the class :class:`~stormpath_wsgi.client.Resource` itself.
"""

from stormpath_wsgi.client import Collection, Expansion, HasStatus, Resource

AutoSaveMixin = DeleteMixin = DictMixin = SaveMixin = Resource
CollectionResource = Collection
StatusMixin = HasStatus

__all__ = [
    "AutoSaveMixin",
    "CollectionResource",
    "DeleteMixin",
    "DictMixin",
    "Expansion",
    "Resource",
    "SaveMixin",
    "StatusMixin",
]
