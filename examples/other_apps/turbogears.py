"""A site made with TurboGears, whose pages say by themselves who may see them."""

from paste.deploy import loadapp

from stormpath_wsgi import StormpathMiddleware

application = StormpathMiddleware(
    loadapp("config:/srv/myapp/production.ini"),
    challenge_on_401=True,
    web={"register": {"enabled": False}},
)
