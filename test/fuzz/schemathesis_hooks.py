"""What schemathesis cannot know of this API by its document alone."""

import hashlib
import hmac
import json
import os
import re
import uuid
from urllib.parse import urlsplit

import requests
import schemathesis

PROBLEM_TYPE = re.compile(r'"type":"(http[^"]*/problems/[^"]*)"')
known_types = set()


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """An answer that only the catch-all names counts as undocumented."""
    for operations in raw_schema["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("default", None)


@schemathesis.hook
def filter_body(context, body):
    """Names that reach prototypes are refused everywhere; test/integration/http-nonsense.test.ts sends them."""
    return "__proto__" not in repr(body)


@schemathesis.serializer("application/x-ndjson")
def write_lines(context, value):
    lines = value if isinstance(value, list) else [value]
    return "\n".join(json.dumps(line) for line in lines).encode("utf-8", "replace")


@schemathesis.check
def problem_types_have_pages(context, response, case):
    """Every `type` in an answer, be it the answer itself or a job's error, leads to its page."""
    for url in set(PROBLEM_TYPE.findall(response.text)) - known_types:
        page = requests.get(url, headers={"Accept": "text/html"}, timeout=20)
        assert page.status_code == 200, f"{url} is answered with {page.status_code}"
        assert urlsplit(url).path.rsplit("/", 1)[1] in page.text, f"the page of {url} is about something else"
        known_types.add(url)


class Signature:
    """Signs a callback as Meta does: over the raw bytes, with the app's secret."""

    def __call__(self, request):
        body = request.body or b""
        if isinstance(body, str):
            body = body.encode()
        secret = os.environ["WAYPOST_FUZZ_APP_SECRET"].encode()
        request.headers["X-Hub-Signature-256"] = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
        return request


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.operation.label == "POST /v1/channels/{id}/callbacks":
        kwargs["auth"] = Signature()
    # A valid key that came before with another body is refused; test/integration/http-idempotency.test.ts has that.
    if case.headers and case.meta and case.meta.generation.mode.is_positive and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = uuid.uuid4().hex
