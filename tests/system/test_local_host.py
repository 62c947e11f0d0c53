"""A service that lists models hears its local address as Host: Ollama answers 403 to others."""

import json

import pytest

from support.fake_ollama import FakeOllama
from support.h2_visitor import H2Visitor
from support.public_frpx import PublicClient

CHAT = "/v1/chat/completions"
OUTSIDE = "gpu.example.com"
BODY = json.dumps({"messages": [], "model": "tiny"}).encode()


def site(lab, models=("tiny",), options=(), client=(), local="127.0.0.1"):
    """A server and a client before an Ollama on its default address."""
    server = lab.frps(*options)
    service = lab.add(FakeOllama("a", models))
    service.checks_host = True
    lab.frpc(server, "a", service.port, "--local-addr", local, *client)
    server.has("a")
    server.learns("a", *models)
    return server, service


@pytest.mark.parametrize("local", ["127.0.0.1", "localhost"])
def test_ollama_is_reached_under_any_name(lab, local):
    server, service = site(lab, local=local)
    for method, target, body in (("POST", CHAT, BODY), ("POST", "/api/chat", BODY),
                                 ("GET", "/x?y", None), ("HEAD", "/", None), ("PUT", "/x", b"x")):
        with server.visitor() as visitor:
            for _ in range(2):
                answer = visitor.ask(method, target, body, host=OUTSIDE)
                assert answer.status == 200, (method, target)
    with H2Visitor(server.public) as visitor:
        stream = visitor.raw_request([
            (":method", "POST"), (":scheme", "http"), (":path", CHAT), (":authority", OUTSIDE),
            ("authorization", "Bearer abc123")], BODY)
        assert visitor.answer(stream).status == 200
    reached = [r for r in service.requests if r.path in (CHAT, "/api/chat", "/x", "/")]
    assert len(reached) == 11
    for request in reached:
        assert request.get("Host") == f"{local}:{service.port}"
        assert request.get("X-Forwarded-Host") == OUTSIDE
        assert f"host={OUTSIDE}" in request.get("Forwarded")


def test_a_page_of_the_same_site_stays_one(lab):
    """Ollama compares Origin with Host; pages of other sites stay such."""
    server, service = site(lab)

    def ask(origin):
        answer = server.fetch("POST", "/api/chat", BODY, host=OUTSIDE, headers={"Origin": origin})
        return answer.status, service.seen("/api/chat")[-1].get("Origin")

    own = f"http://127.0.0.1:{service.port}"
    assert ask(f"https://{OUTSIDE}") == (200, own)
    assert ask(f"http://{OUTSIDE}") == (200, own)
    assert ask(f"http://{OUTSIDE.upper()}") == (200, own)
    for foreign in ("https://evil.example", f"https://{OUTSIDE}.evil.example", "null",
                    f"https://{OUTSIDE}:8443"):
        assert ask(foreign) == (403, foreign)


def test_a_websocket_is_upgraded(lab):
    server, service = site(lab)
    with server.visitor() as visitor:
        answer = visitor.ask("GET", "/websocket", host=OUTSIDE, headers={
            "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Origin": f"https://{OUTSIDE}"})
        assert answer.status == 101
    assert service.first("/websocket").get("Host") == f"127.0.0.1:{service.port}"


def test_any_other_service_hears_the_visitors_host(lab):
    server, services, _ = lab.house("a", models=[])
    for _ in range(2):
        assert server.fetch("GET", "/x", host=OUTSIDE, headers={"Origin": f"http://{OUTSIDE}"}) \
            .status == 200
    for request in services["a"].seen("/x"):
        assert (request.get("Host"), request.get("Origin")) == (OUTSIDE, f"http://{OUTSIDE}")
    services["a"].models.append("new")
    server.learns("a", "new", limit=15)
    assert server.fetch("GET", "/y", host=OUTSIDE).status == 200
    assert services["a"].first("/y").get("Host") == f"127.0.0.1:{services['a'].port}"


def test_each_client_hears_its_own_when_another_is_tried(lab):
    server = lab.frps("--policy", "round-robin")
    services = {}
    for name, models in (("a", ["tiny"]), ("b", ["tiny"]), ("c", [])):
        services[name] = lab.add(FakeOllama(name, models))
        lab.frpc(server, name, services[name].port)
    server.has("a", "b", "c")
    for name, service in services.items():
        server.learns(name, *service.models)
    services["a"].declining = services["b"].declining = ("503 Loading",)
    body = b"x" * 50_000
    for _ in range(6):
        answer = server.fetch("PUT", "/x", body, host=OUTSIDE)
        assert (answer.status, answer.get("X-Frpx-Client")) == (200, "c")
    hosts = {name: {r.get("Host") for r in service.seen("/x")} for name, service in services.items()}
    assert hosts == {"a": {f"127.0.0.1:{services['a'].port}"},
                     "b": {f"127.0.0.1:{services['b'].port}"}, "c": {OUTSIDE}}
    for service in services.values():
        assert {r.size for r in service.seen("/x")} == {len(body)}
        assert {r.get("Content-Length") for r in service.seen("/x")} == {str(len(body))}


def test_a_public_client_is_taken_to_stand_for_ollama_on_its_default_port(lab):
    """It asks nobody else for models, whatever its services are."""
    server = lab.frps()
    service = lab.add(FakeOllama("a", []))
    service.checks_host = True
    lab.add(PublicClient(server, "a", service.port, models=["tiny"], heartbeat=0.1).start())
    server.learns("a", "tiny")
    assert server.fetch("POST", "/api/chat", BODY, host=OUTSIDE).status == 200
    request = service.first("/api/chat")
    assert (request.get("Host"), request.get("X-Forwarded-Host")) == ("localhost:11434", OUTSIDE)
