"""Django on :mod:`stormpath_wsgi`: who is signed in is ``request.user``, a row of the project's own user model.

``django_stormpath.wsgi`` wraps the project, ``django_stormpath.middleware`` sets ``request.user``, and
``django_stormpath.backends`` keeps the rows. Our session alone says who somebody is; Django's session signs nobody in.
"""
