"""Those who call the REST API: with HTTP Basic, or with signed requests."""

from __future__ import annotations

import base64
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from werkzeug.test import Client, TestResponse

from stormpath_wsgi import sauthc1

HOST = "id.example.org"


@dataclass
class Caller:
    """Somebody with an API key, who speaks HTTP Basic unless the headers say otherwise."""

    client: Client
    id: str
    secret: str = field(repr=False)

    def call(self, method: str, path: str, document: Any = None, /, **options: Any) -> TestResponse:
        """Sends *document* as JSON to *path* below the base path."""
        if document is not None:
            options |= {"data": json.dumps(document), "content_type": "application/json"}
        headers = {"Authorization": basic(self.id, self.secret), **options.pop("headers", {})}
        return self.client.open(
            f"/v1/{path}", f"https://{HOST}", method=method, headers=headers, buffered=True, **options
        )

    def get(self, path: str, /, **query: str) -> TestResponse:
        return self.call("GET", path, query_string=query)

    def post(self, path: str, document: Any = None, /, **query: str) -> TestResponse:
        return self.call("POST", path, document, query_string=query)

    def delete(self, path: str) -> TestResponse:
        return self.call("DELETE", path)


def basic(key_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{key_id}:{secret}".encode()).decode()


def signed(
    key: tuple[str, str],
    method: str,
    url: str,
    body: bytes = b"",
    *,
    at: float,
    nonce: str | None = None,
    as_path: str | None = None,
    query: str | None = None,
    **headers: str,
) -> dict[str, str]:
    """The headers of a signed request to *url*. *as_path*, *query*: what is signed in place of those of the url."""
    (key_id, secret), target = key, urlsplit(url)
    nonce, date = nonce or str(uuid.uuid4()), time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at))
    stamps = {"host": target.netloc, "x-stormpath-date": date, **headers}
    message = sauthc1.Message(
        method=method,
        path=target.path if as_path is None else as_path,
        query=target.query if query is None else query,
        headers=sorted(stamps.items()),
        payload=sauthc1.payload_hash(body),
    )
    signature = sauthc1.sign(message, secret, key_id=key_id, date=date, nonce=nonce)
    identity = sauthc1.sauthc1_id(key_id, date, nonce)
    fields = f"sauthc1Id={identity}, sauthc1SignedHeaders={';'.join(sorted(stamps))}, sauthc1Signature={signature}"
    return {**stamps, "Authorization": f"SAuthc1 {fields}"}


def refusal(answer: TestResponse) -> tuple[int, int]:
    """Status and code of an error, whose body is whole."""
    document = answer.json
    assert document is not None and answer.content_type == "application/json;charset=UTF-8"
    assert document["status"] == answer.status_code
    assert document["message"] and document["developerMessage"] and document["moreInfo"]
    assert document["requestId"] == answer.headers["Stormpath-Request-Id"]
    return answer.status_code, document["code"]
