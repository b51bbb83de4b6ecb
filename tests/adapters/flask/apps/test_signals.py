"""Each receiver is called once, and what it writes is kept."""

from types import ModuleType

from flask.testing import FlaskClient

ADA = {"given_name": "Ada", "surname": "Lovelace", "email": "ada@example.com", "password": "woot1LoveCookies!"}


def test_receivers_are_called_once(module: ModuleType, client: FlaskClient) -> None:
    client.post("/register", data=ADA)
    assert client.get("/").text == "1 ['Welcome, Ada!']"
    client.post("/logout")
    client.post("/login", data={"login": ADA["email"], "password": ADA["password"]})
    assert client.get("/").text == "2 []"
    client.get("/marry")
    client.get("/leave")
    assert module.told == ["created", "in", "out", "in", "updated King", "deleted ada@example.com"]
