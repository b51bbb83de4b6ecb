"""gunicorn for a site with stormpath-wsgi: ``gunicorn -c deploy/gunicorn.conf.py yoursite:application``.

The values, with their reasons, are those of ``stormpath-wsgi run``, but for the number of workers: two per core, or
WEB_CONCURRENCY. What your site does otherwise goes below.
"""

from stormpath_wsgi.cli.gunicorn_conf import *  # noqa: F403  (gunicorn reads the names of this file)

# An application that keeps anything in the memory of its process, such as locks, sessions or chats, needs one worker:
# workers = 1

# Loads the application once, before the workers are forked. It saves memory, if no threads are started while it is
# imported; they would be dead in the workers. SIGHUP brings no new code then.
# preload_app = True

# bind = "unix:/run/yoursite/gunicorn.sock"
# STORMPATH_PROXIES=10.0.0.5, in the environment, names your proxy; through a unix socket: STORMPATH_PROXIES=unix
