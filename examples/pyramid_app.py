"""A Pyramid app with accounts: ``stormpath-wsgi run examples.pyramid_app:application``."""

from pyramid.authorization import Allow, Authenticated
from pyramid.config import Configurator
from pyramid.response import Response

from pyramid_stormpath import make_wsgi_app, principal_of_group


class Root:
    """Who may do what, on the whole site."""

    __acl__ = [  # noqa: RUF012  # as Pyramid's documentation writes it
        (Allow, Authenticated, "read"),
        (Allow, principal_of_group("admins"), "administer"),
    ]

    def __init__(self, request):
        pass


def home(request):
    user = request.identity
    return Response(f"Hello, {user.given_name if user else 'stranger'}!", content_type="text/plain")


def members(request):
    return Response("For members.", content_type="text/plain")


def admins(request):
    return Response("For admins.", content_type="text/plain")


with Configurator(root_factory=Root) as config:
    config.include("pyramid_stormpath")
    config.add_route("home", "/")
    config.add_route("members", "/members")
    config.add_route("admins", "/admins")
    config.add_view(home, route_name="home")
    config.add_view(members, route_name="members", permission="read")
    config.add_view(admins, route_name="admins", permission="administer")
    application = make_wsgi_app(config)
