"""From registering to signing out, by the links that the app has."""

from flask.testing import FlaskClient

ADA = {"given_name": "Ada", "surname": "Lovelace", "email": "ada@example.com", "password": "woot1LoveCookies!"}


def test_a_visitor_registers_and_signs_in_and_out(client: FlaskClient) -> None:
    assert client.get("/secret").location == "/login?next=%2Fsecret"
    assert (
        client.post("/register", data={"email": "ada@example.com", "password": "woot1LoveCookies!"}).status_code == 200
    )
    assert client.post("/register", data=ADA).status_code == 302
    assert client.get("/secret").text == "Hello Ada"
    assert "Sign out" in client.get("/logout").text
    assert client.post("/logout").location == "/"
    assert client.get("/secret").status_code == 302
    login = {"login": "ada@example.com", "password": "woot1LoveCookies!"}
    assert client.post("/login?next=/secret", data=login).location == "/secret"
    assert client.get("/secret").text == "Hello Ada"


def test_a_wrong_password_is_no_error(client: FlaskClient) -> None:
    assert client.post("/login", data={"login": "ada@example.com", "password": "wrong"}).status_code == 200
