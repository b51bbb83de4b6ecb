"""The client answers in views, and the old forms check what they did."""

from flask.testing import FlaskClient

ADA = {"given_name": "Ada", "surname": "Lovelace", "email": "ada@example.com", "password": "woot1LoveCookies!"}


def test_the_apps_own_pages_register_and_sign_in(client: FlaskClient) -> None:
    assert "Surname is required." in client.post("/join", data={**ADA, "surname": ""}).text
    assert "You must provide a valid email address." in client.post("/join", data={**ADA, "email": "x"}).text
    assert client.post("/join", data=ADA).location == "/people"
    assert client.post("/join", data=ADA).text.startswith("409 ")
    assert client.get("/logout").location == "/"
    assert "Password required." in client.post("/login", data={"login": "ada@example.com"}).text
    assert client.post("/login", data={"login": "ada@example.com", "password": "wrong"}).text == "7100"
    assert client.post("/login", data={"login": ADA["email"], "password": ADA["password"]}).location == "/people"


def test_views_search_and_make(client: FlaskClient) -> None:
    client.post("/join", data=ADA)
    assert client.get("/people").text == "Ada Lovelace"
    assert client.get("/people?email=ada@example.com").text == "Ada Lovelace"
    assert client.get("/people?email=nobody@example.com").text == ""
    assert client.get("/groups/admins").text == "admins True"
