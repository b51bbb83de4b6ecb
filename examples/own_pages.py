"""A site with HTML of its own, on the flows alone: ``stormpath-wsgi run examples.own_pages:application``."""

from html import escape

from webob import Request, Response

from stormpath_wsgi import StormpathMiddleware, user
from stormpath_wsgi.events import Declined
from stormpath_wsgi.flows import RegistrationRefused, SignInRefused, flows_of
from stormpath_wsgi.session import session_of

STRANGER = """<p role="alert">{}</p><form method="post"><input name="email" type="email" aria-label="E-mail">
<input name="password" type="password" aria-label="Password"> <button name="action" value="in">Sign in</button>
<button name="action" value="up">Sign up</button></form>"""
MEMBER = """<p>Hello, {}!</p><form method="post"><button name="action" value="out">Sign out</button></form>"""


def site(environ, start_response):
    request = Request(environ)
    return (act(request) if request.method == "POST" else page())(environ, start_response)


def page(message="", status=200, **headers):
    main = MEMBER.format(escape(user.email)) if user.is_authenticated else STRANGER.format(escape(message))
    return Response(f"<!doctype html><title>My site</title>{main}", status, **headers)


def act(request):
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return page("This form was sent by another site.", 403)
    flows, session = flows_of(request.environ), session_of(request.environ)
    email, password, action = (request.POST.get(name, "") for name in ("email", "password", "action"))
    try:
        if action == "in":
            flows.sign_in.with_password(session, email, password)
        elif action == "up":
            flows.registration(session, {"email": email, "password": password}, signs_in=True)
        elif action == "out":
            flows.sign_out(session)
    except (SignInRefused, RegistrationRefused) as refused:
        if (seconds := refused.retry_after) is not None:
            return page(f"Too many tries. Please wait {seconds} seconds.", 429, retry_after=seconds)
        other = f"Please choose another {refused.field or 'address'}."
        return page("That is not the password, or there is no such account." if action == "in" else other, 400)
    except Declined as refused:
        return page(refused.message, 403)
    return Response(status=303, location="/")


application = StormpathMiddleware(
    site, web={name: {"enabled": False} for name in ("login", "register", "logout", "me")}
)
