"""The cookie says for how long, and on which hosts."""

from flask.testing import FlaskClient

ADA = {"given_name": "Ada", "surname": "Lovelace", "email": "ada@example.com", "password": "woot1LoveCookies!"}


def test_a_sign_in_lasts_two_weeks_on_all_hosts_of_the_domain(client: FlaskClient) -> None:
    answer = client.post("/register", data=ADA, base_url="https://example.com")
    [ours] = [each for each in answer.headers.getlist("Set-Cookie") if "stormpath_session" in each]
    assert f"Max-Age={14 * 24 * 3600}" in ours
    assert "Domain=example.com" in ours
    assert "HttpOnly" in ours
    assert client.get("/", base_url="https://shop.example.com").text == "True"
    client.post("/logout", base_url="https://example.com")
    client.post("/login", data={"login": ADA["email"], "password": ADA["password"]}, base_url="https://example.com")
    assert client.get("/", base_url="https://shop.example.com").text == "True"
