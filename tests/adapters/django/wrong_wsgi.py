"""A ``wsgi.py`` with a setting that there is not."""

from django_stormpath.wsgi import get_wsgi_application

application = get_wsgi_application(no_such_setting=True)
