"""gunicorn for a site with stormpath-wsgi: ``gunicorn -c deploy/gunicorn.conf.py yoursite:application``.

The values, with their reasons, are those of ``stormpath-wsgi run``; what your site does otherwise goes below.
"""

from stormpath_wsgi.cli.gunicorn_conf import *  # noqa: F403  (gunicorn reads the names of this file)

# bind = "unix:/run/yoursite/gunicorn.sock"
# forwarded_allow_ips = "10.0.0.5"  # your proxy
