"""A FastAPI app with accounts, served as WSGI: ``stormpath-wsgi run examples.fastapi_app:application``."""

from a2wsgi import ASGIMiddleware
from fastapi import FastAPI

from stormpath_wsgi import StormpathMiddleware, groups_required, login_required, user

app = FastAPI()


@app.get("/")
async def home() -> dict[str, str]:
    return {"hello": user.given_name if user.is_authenticated else "stranger"}


@app.get("/members")
async def members() -> dict[str, str]:
    return {"for": "members"}


@app.get("/admins")
async def admins() -> dict[str, str]:
    return {"for": "admins"}


application = StormpathMiddleware(
    ASGIMiddleware(app), protect={"/members": login_required, "/admins": groups_required(["admins"])}
)
