"""The operators' REST API, first form."""

import json

import pytest

from support import raw_http
from support.public_frpx import PublicClient
from support.waiting import holds_for, wait_for


def data_of(answer, status=200):
    """Assert frpx's envelope; returns its data."""
    assert answer.status == status, answer
    assert answer.get("Content-Type").startswith("application/json")
    envelope = answer.json()
    assert set(envelope) == {"success", "data", "message", "timestamp"}
    assert envelope["success"] is (status == 200)
    if status == 200:
        assert envelope["message"] == "操作成功"
    else:
        assert envelope["data"] is None and envelope["message"]
    return envelope["data"]


def test_health(lab):
    server = lab.frps()
    health = data_of(server.api("/api/health"))
    assert health["status"] == "healthy"


def test_clients(lab):
    server, _, _ = lab.house("a", "b")
    server.learns("a", "tiny")
    listed = data_of(server.api("/api/clients"))
    assert sorted(c["client_id"] for c in listed) == ["a", "b"]
    one = data_of(server.api("/api/clients/a"))
    assert one["client_id"] == "a" and one["authed"] is True
    wait_for(lambda: data_of(server.api("/api/clients/a"))["system_info"], 10, "system info")
    assert "123456" not in json.dumps(listed)


def test_an_unknown_client_is_404(lab):
    server = lab.frps()
    data_of(server.api("/api/clients/nobody"), 404)
    data_of(server.api("/api/clients/nobody", "DELETE"), 404)
    data_of(server.api("/api/clients/" + "x" * 3000), 404)
    data_of(server.api("/api/clients/%2e%2e%2f"), 404)


def test_stats(lab):
    server, _, _ = lab.house("a", "b")
    before = data_of(server.api("/api/stats"))
    assert before["active_clients"] == 2 and before["uptime_seconds"] >= 0
    for _ in range(5):
        server.fetch()
    after = wait_for(lambda: (now := data_of(server.api("/api/stats")))["total_connections"]
                     >= before["total_connections"] + 5 and now, 5, "connections are counted")
    assert after["pending_connections"] == 0


def test_unknown_paths_and_methods(lab):
    server = lab.frps()
    data_of(server.api("/api/nothing"), 404)
    assert server.api("/api/health", "POST").status == 405
    assert server.api("/api/clients", "DELETE").status == 405


def test_keep_alive_and_head(lab):
    server = lab.frps()
    host = f"127.0.0.1:{server.api_port}"
    with raw_http.Visitor(server.api_port) as visitor:
        for _ in range(3):
            data_of(visitor.ask("GET", "/api/health", key=None, host=host))


@pytest.mark.parametrize("host", ["evil.example.com", "evil.example.com:18081", "127.0.0.1.nip.io",
                                  "localhost.evil.com", "169.254.1.1"])
def test_a_foreign_host_is_refused(lab, host):
    """Against DNS rebinding: a web page must not reach the API under its own name."""
    server, _, _ = lab.house("a")
    for method, target in (("GET", "/api/clients"), ("DELETE", "/api/clients/a")):
        answer = server.api(target, method, host=host)
        assert answer.status in (400, 403, 421)
        assert answer.json()["success"] is False
    server.has("a")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_its_own_hosts_are_accepted(lab, host):
    server = lab.frps()
    data_of(server.api("/api/health", host=host))
    data_of(server.api("/api/health", host=f"{host}:{server.api_port}"))


def test_a_foreign_origin_may_change_nothing(lab):
    server, _, _ = lab.house("a")
    answer = server.api("/api/clients/a", "DELETE", headers={"Origin": "http://evil.example.com"})
    assert answer.get("Access-Control-Allow-Origin") not in ("*", "http://evil.example.com")


def test_delete_ends_a_client_and_refuses_its_id(lab):
    server, services, clients = lab.house("a", "b")
    with server.visitor() as visitor:
        visitor.send(raw_http.request("GET", "/sse?count=2&gate=1", headers={"client_id": "a"}))
        services["a"].first("/sse")
        services["a"].release()
        next(visitor.pieces(visitor.head()))
        data_of(server.api("/api/clients/a", "DELETE"))
        server.has("b", limit=3)
        assert visitor.end() == "rst", "its streams end, and not as if they were complete"
    # 60 s long; the client itself must not die of it.
    holds_for(lambda: set(server.clients()) == {"b"}, 3, "the id stays refused")
    assert clients["a"].running
    refused = lab.add(PublicClient(server, "a", services["a"].port)).start()
    wait_for(lambda: refused.ended, 10, "a public client is refused as well")
    assert refused.refusal
    for _ in range(5):
        assert server.fetch().get("X-Frpx-Client") == "b"


def test_an_api_token_is_asked_for(lab):
    server = lab.frps("--api-token", "a-token-for-operators")
    data_of(server.api("/api/clients"), 401)
    data_of(server.api("/api/clients", headers={"Authorization": "Bearer wrong"}), 401)
    data_of(server.api("/api/clients",
                       headers={"Authorization": "Bearer a-token-for-operators"}))
    assert "a-token-for-operators" not in server.log()


@pytest.mark.parametrize("data", [
    b"\0\0\0\x02{}", b"GET /api/clients HTTP/1.1\r\n\r\n", b"GET /api/clients\r\n\r\n",
    b"GET /api/clients HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"POST /api/clients HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"])
def test_rubbish_on_the_api_port(lab, data):
    server = lab.frps()
    with raw_http.Visitor(server.api_port) as visitor:
        visitor.send(data)
        if not data.startswith(b"\0"):
            assert visitor.response().status in (400, 405)
    data_of(server.api("/api/health"))


def test_monitor_prints_the_clients(lab):
    server, _, _ = lab.house("client_A", "client_B")
    done = lab.run("frps", "--monitor", "--api-port", server.api_port)
    assert done.returncode == 0, done.stderr
    assert "client_A" in done.stdout and "client_B" in done.stdout
