"""What AI clients send: keys in their forms, and the paths that name a model."""

import base64
import json
import subprocess

import pytest

from support import raw_http
from support.fake_ollama import FakeOllama
from support.h2_visitor import H2Visitor

KEY, OTHER_KEY = "abc123", "test-api-key-123"


def basic(password, user="me"):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


FORMS = {
    "Bearer": [("Authorization", f"Bearer {KEY}")],
    "bare": [("Authorization", KEY)],
    "Basic": [("Authorization", basic(KEY))],
    "Anthropic": [("x-api-key", KEY), ("anthropic-version", "2023-06-01")],
    "Claude Code": [("Authorization", f"Bearer {KEY}"), ("X-Api-Key", KEY)],
    "Azure": [("api-key", KEY)],
    "Continue": [("api-key", KEY), ("Authorization", f"Bearer {KEY}")],
    "Gemini": [("x-goog-api-key", KEY)],
    "all": [("Authorization", basic(KEY)), ("x-api-key", KEY), ("api-key", KEY),
            ("X-Goog-Api-Key", KEY)],
}
# What a visitor sends beside its key, so that a service might see one.
SMUGGLED = [("X_Api_Key", KEY), ("Api_Key", KEY), ("x-goog_api-key", KEY),
            ("Connection", "x-api-key, keep-alive")]


@pytest.fixture
def two(lab):
    """A server with the clients `a` (model m-a) and `b` (models m-b and org/m-b)."""
    server = lab.frps()
    services = {}
    for name, has in (("a", ["m-a"]), ("b", ["m-b", "org/m-b"])):
        services[name] = lab.add(FakeOllama(name, has))
        lab.frpc(server, name, services[name].port)
    for name, service in services.items():
        server.learns(name, *service.models)
    return server, services


def carries_key(request):
    """Whether a request as the service got it holds the key in any form."""
    text = json.dumps([request.target, request.fields, request.trailers])
    return any(form in text for form in (KEY, basic(KEY)))


@pytest.mark.parametrize("form", FORMS)
def test_a_key_is_taken_in_each_form_and_reaches_no_service(lab, form):
    server, services, _ = lab.house("a")
    for smuggled in ([], SMUGGLED):
        answer = server.fetch(target="/x", key=None, headers=FORMS[form] + smuggled)
        assert answer.status == 200, (form, answer)
    with H2Visitor(server.public) as visitor:
        fields = [(name.lower(), value) for name, value in FORMS[form]]
        assert visitor.fetch("GET", "/x", headers=fields, key=False).status == 200
    seen = services["a"].seen("/x")
    assert len(seen) == 3
    for request in seen:
        assert not carries_key(request), request.fields
        assert not [n for n, _ in request.fields if n.lower().replace("_", "-").endswith("api-key")]
    wanted = [n for n, _ in FORMS[form] if n == "anthropic-version"]
    assert [n for n, _ in seen[0].fields if n == "anthropic-version"] == wanted


@pytest.mark.parametrize("status, fields", [
    (400, [("Authorization", f"Bearer {KEY}"), ("x-api-key", OTHER_KEY)]),
    (400, [("x-api-key", KEY), ("x-api-key", OTHER_KEY)]),
    (400, [("api-key", KEY), ("x-goog-api-key", "wrong")]),
    (400, [("Authorization", basic(KEY)), ("x-api-key", OTHER_KEY)]),
    (401, [("x-api-key", "wrong")]),
    (401, [("Authorization", basic("wrong"))]),
    (401, [("Authorization", "Basic " + base64.b64encode(KEY.encode()).decode())]),
    (401, [("X_Api_Key", KEY)]),
    (401, [("x-api-key", "")]),
    (401, []),
])
def test_keys_that_differ_or_are_wrong(lab, status, fields):
    server, services, _ = lab.house("a")
    answer = server.fetch(target="/x", key=None, headers=fields)
    assert answer.status == status and answer.json()["success"] is False
    assert not services["a"].seen("/x")


def test_curl_git_and_browsers_are_asked_for_basic(lab):
    """They send a password when they are asked for one; SDKs are not to be."""
    server, _, _ = lab.house("a")
    for target, asked in (("/x", ["Bearer", "Basic"]), ("/v1/chat/completions", ["Bearer"])):
        answer = server.fetch(target=target, key=None)
        offered = [value.split(" ")[0] for value in answer.head.all("WWW-Authenticate")]
        assert offered == asked
    done = subprocess.run(["curl", "-sS", "--anyauth", "-o", "/dev/null", "-w", "%{http_code}",
                           f"http://me:{KEY}@127.0.0.1:{server.public}/x"],
                          capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout == "200"


PATHS = ["/v1/messages", "/v1/messages/count_tokens", "/v1/rerank", "/rerank", "/v2/rerank",
         "/v1/reranking", "/score", "/v1/score", "/api/show", "/v1//chat/completions",
         "/v1/chat/completions/", "//api/chat", "/v1/chat%2Fcompletions", "/v1/./messages"]


@pytest.mark.parametrize("path", PATHS)
def test_each_path_finds_its_model_and_passes_as_it_came(two, path):
    server, services = two
    for model, name in (("m-b", "b"), ("m-a", "a")) * 4:
        answer = server.fetch("POST", path + "?beta=true", json.dumps({"model": model}).encode())
        assert (answer.status, answer.get("X-Frpx-Client")) == (200, name)
    for service in services.values():
        assert [r.target for r in service.requests if r.method == "POST"] == [path + "?beta=true"] * 4


def test_the_older_member_of_show(two):
    server, _ = two
    for body in ({"name": "m-b"}, {"verbose": True, "name": "m-b"}, {"name": "m-a", "model": "m-b"},
                 {"model": "", "name": "m-b"}):
        for _ in range(6):
            answer = server.fetch("POST", "/api/show", json.dumps(body).encode())
            assert (answer.status, answer.get("X-Frpx-Client")) == (200, "b"), body


@pytest.mark.parametrize("path", ["/v1/models/m-b", "/v1/models/M-B:latest", "/v1/models/org/m-b",
                                  "/v1/models/org%2Fm-b", "/v1//models/m-b/"])
def test_a_model_in_the_path(two, path):
    server, services = two
    for method in ("GET", "HEAD") * 4:
        with server.visitor() as visitor:
            answer = visitor.ask(method, path)
        assert (answer.status, answer.get("X-Frpx-Client")) == (200, "b")
    assert {r.target for r in services["b"].requests if "m-b" in r.target.lower()} == {path}


def test_an_unknown_model_in_the_path(lab):
    server = lab.frps("--unknown-model", "reject")
    service = lab.add(FakeOllama("a", ["m-a"]))
    lab.frpc(server, "a", service.port)
    server.learns("a", "m-a")
    assert server.fetch(target="/v1/models/m-a").status == 200
    answer = server.fetch(target="/v1/models/m-x")
    assert answer.status == 404 and answer.json()["error"]["code"] == "model_not_found"


def test_the_list_however_its_path_is_written(two):
    server, _ = two
    for path in ("/v1/models", "/v1/models/", "//v1/models", "/v1/./models", "/v1/%6Dodels"):
        answer = server.fetch(target=path)
        assert [m["id"] for m in answer.json()["data"]] == ["m-a", "m-b", "org/m-b"], path


def test_a_key_in_a_trailer_reaches_no_service(lab):
    server, services, _ = lab.house("a")
    head = raw_http.request("POST", "/x", headers={"Transfer-Encoding": "chunked"})
    with server.visitor() as visitor:
        visitor.send(head + b"1\r\nx\r\n0\r\nX-Api-Key: abc123\r\nX-Sum: 1\r\n\r\n")
        assert visitor.response().status == 200
    assert services["a"].first("/x").trailers == [("X-Sum", "1")]
