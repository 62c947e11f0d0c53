"""What programs that speak with models are told when the gateway itself answers.

Each refusal carries the error in the form of the caller's API beside the envelope of all others."""

import json

import pytest

from support import raw_http
from support.fake_ollama import FakeOllama
from support.h2_visitor import H2Visitor

PATHS = {
    "OpenAI": "/v1/chat/completions",
    "OpenAI, no model path": "/v1/files",
    "OpenAI, rerank": "/rerank",
    "OpenAI, a query": "/v1//chat/completions/?x=1",
    "Anthropic": "/v1/messages",
    "Anthropic, batches": "/v1/messages/batches",
    "Ollama": "/api/chat",
    "Ollama, no model path": "/api/pull",
    "none": "/x",
}
ENVELOPE = {"success", "data", "message", "timestamp"}

ANTHROPIC = {400: "invalid_request_error", 401: "authentication_error", 403: "permission_error",
             404: "not_found_error", 408: "invalid_request_error", 413: "request_too_large",
             415: "invalid_request_error", 429: "rate_limit_error", 431: "invalid_request_error",
             502: "api_error", 503: "overloaded_error", 504: "timeout_error"}


def is_told(api, answer, status, message=None, code=None):
    """Assert the whole body: the envelope, and beside it the error as this API has it."""
    assert answer.status == status, (api, answer.status, bytes(answer.body))
    said = json.loads(bytes(answer.body))
    assert said["success"] is False and said["data"] is None and said["timestamp"]
    text = said["message"]
    assert text and message in (None, text)
    more = {name: value for name, value in said.items() if name not in ENVELOPE}
    kind = api.split(",")[0]
    if kind == "none":
        assert more == {}
    elif kind == "Ollama":
        assert more == {"error": text}
    elif kind == "Anthropic":
        assert set(more) == {"type", "error", "request_id"} and more["type"] == "error"
        assert more["error"] == {"type": ANTHROPIC[status], "message": text}
        assert more["request_id"] == answer.get("x-request-id")
    else:
        assert set(more) == {"error"} and set(more["error"]) == {"message", "type", "param", "code"}
        assert more["error"]["message"] == text and more["error"]["param"] is None
        assert more["error"]["code"] == (code or more["error"]["code"]) and more["error"]["type"]


BODY = b'{"model":"mine"}'


@pytest.mark.parametrize("api", PATHS)
def test_without_a_client_or_a_key(lab, api):
    server = lab.frps("--max-body", "1000")
    path = PATHS[api]
    post = lambda **more: server.fetch("POST", path, BODY, **more)
    is_told(api, post(key=None), 401, "Missing API key in Authorization header", "invalid_api_key")
    is_told(api, post(key="wrong"), 401, "Invalid API key", "invalid_api_key")
    is_told(api, post(headers={"x-api-key": "another"}), 400)
    is_told(api, post(), 503, "No active clients available", "service_unavailable")
    is_told(api, server.fetch("POST", path, b"x" * 1001), 413, code="request_too_large")
    # What is refused before it is read as a request, too: as far as its path is known.
    is_told(api, post(headers={"X-Large": "y" * 40_000}), 431, code="request_too_large")
    is_told(api, post(headers=[(f"X-{n}", "y") for n in range(200)]), 431)
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: abc123\r\n"
    broken = raw_http.fetch_raw(server.public, head + "no field\r\n\r\n")
    is_told(api, broken, 400, "Invalid HTTP request format")
    two_lengths = head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nx"
    is_told(api, raw_http.fetch_raw(server.public, two_lengths), 400, "Invalid HTTP request format")
    with H2Visitor(server.public) as visitor:
        is_told(api, visitor.fetch("POST", path, BODY, key=False), 401, code="invalid_api_key")
        is_told(api, visitor.fetch("POST", path, BODY), 503)
    with H2Visitor(server.public) as visitor:
        large = [("x-large", "y" * 35_000)]
        is_told(api, visitor.fetch("POST", path, headers=large), 431, code="request_too_large")


@pytest.mark.parametrize("api", PATHS)
def test_a_head_that_does_not_end(lab, api):
    server = lab.frps("--request-head-timeout", "300ms")
    with server.visitor() as visitor:
        visitor.send(f"POST {PATHS[api]} HTTP/1.1\r\nHost: x\r\n")
        is_told(api, visitor.response(), 408, code="timeout")


@pytest.mark.parametrize("api", PATHS)
def test_with_a_service_that_misbehaves(lab, api):
    server, services, _ = lab.house("a", options=[
        "--body-stall-timeout", "300ms", "--response-head-timeout", "400ms"])
    path = PATHS[api]
    head = raw_http.request("POST", path, headers={"Content-Length": "100"})
    with server.visitor() as visitor:
        is_told(api, visitor.send(head + b"short").response(), 408, code="timeout")
    services["a"].mode = "rubbish"
    is_told(api, server.fetch("POST", path, BODY), 502, code="bad_gateway")
    services["a"].mode = "hang"
    is_told(api, server.fetch("POST", path, BODY), 504, code="timeout")


@pytest.mark.parametrize("api", PATHS)
def test_what_a_key_may_not(lab, api):
    data = lab.folder / "frps-data"
    user = ("me@example.com", "a good password")

    def run(*arguments, env=None):
        done = lab.run("frps", *arguments, "--data-dir", data, "--json", env=env)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    lab.run("frps", "user", "add", user[0], "--data-dir", data, env={"FRPX_PASSWORD": user[1]})
    server = lab.frps("--unknown-model", "reject", demo=False)
    service = lab.add(FakeOllama("a", ["mine"]))
    lab.frpc(server, "a", service.port, user=user)
    server.learns("a", "mine")
    listed, rare, bound, free = (
        run("key", "add", "--name", name, *limits)["key"] for name, limits in (
            ("listed", ["--models", "mine"]), ("rare", ["--rpm", "1"]),
            ("bound", ["--clients", "other"]), ("free", [])))
    path = PATHS[api]
    names_model = api in ("OpenAI", "OpenAI, rerank", "OpenAI, a query", "Anthropic", "Ollama")
    post = lambda key, body=BODY, **more: server.fetch("POST", path, body, key=key, **more)

    is_told(api, post(bound, headers={"client_id": "a"}), 403, code="client_not_allowed")
    post(rare)
    too_many = post(rare)
    is_told(api, too_many, 429, code="rate_limit_exceeded")
    assert int(too_many.get("Retry-After")) > 0
    if names_model:
        is_told(api, post(listed, b'{"model":"other"}'), 403, code="model_not_allowed")
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        is_told(api, post(listed, headers=form), 415, code="unsupported_media_type")
        is_told(api, post(listed, b"{}"), 400, code="model_missing")
        is_told(api, post(free, b'{"model":"other"}'), 404, "The model 'other' does not exist",
                "model_not_found")
    else:
        is_told(api, post(listed), 403, code="path_not_allowed")
