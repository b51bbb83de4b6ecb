"""What a server calls: ``gunicorn mysite.wsgi``."""

import os

from django_stormpath.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")
application = get_wsgi_application()
