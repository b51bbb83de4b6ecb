"""``python -m stormpath_wsgi.cli``: the command, where its script is not on the path."""

from stormpath_wsgi.cli import main

main()
