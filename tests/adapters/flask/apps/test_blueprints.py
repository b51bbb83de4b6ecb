"""The blueprints' views are theirs, whatever else there is now."""

from flask.testing import FlaskClient

ADA = {"given_name": "Ada", "surname": "Lovelace", "email": "ada@example.com", "password": "woot1LoveCookies!"}


def test_views_of_blueprints_are_guarded_and_reached(client: FlaskClient) -> None:
    assert client.get("/account").location == "/login?next=%2Faccount"
    assert client.get("/desk/").location == "/login?next=/desk/"
    client.post("/register", data=ADA)
    assert client.get("/account").text == "profile of ada@example.com"
    assert client.get("/desk/").text == "papers"
