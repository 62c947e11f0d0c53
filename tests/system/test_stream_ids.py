"""Whoever knows the one-time id of a stream can take it, so nothing but the wire shows one."""

import hashlib
import re

from support import net, raw_http
from support.fake_ollama import FakeOllama
from support.public_frpx import PublicClient, send_command
from support.waiting import wait_for


def fingerprint(stream_id):
    return hashlib.sha256(stream_id.encode()).hexdigest()[:16]


def test_ids_of_streams_are_shown_by_their_fingerprints_alone(lab):
    """With the id itself anybody could take the stream of a visitor."""
    server = lab.frps("--log-level", "trace", "--stream-timeout", "20s",
                      "--stream-total-timeout", "30s")
    slow = PublicClient(server, "slow", 1, deaf=True).start().registered()
    with raw_http.Visitor(server.public) as visitor:
        visitor.send(raw_http.request("GET", "/"))
        [order] = wait_for(lambda: slow.orders, 10, "a stream is asked for")
        asked = server.api("/api/connections/pending").json()["data"]
        assert asked == {"count": 1, "connection_ids": [fingerprint(order)]}
        for target in ("/metrics", "/api/stats", "/api/connections", "/api/clients", "/api/tunnels",
                       "/api/services", "/api/traffic", "/api/monitoring"):
            assert order not in server.api(target).body.decode(), target
        with net.connect(server.proxy) as sock:
            send_command(sock, "NewProxyConn", proxy_conn_id=order[:-1] + "f")
            assert net.end_of(sock)[0] != "open", "an id that nobody waits for"
    slow.stop()
    with net.connect(server.proxy) as sock:
        send_command(sock, "NewProxyConn", proxy_conn_id=order)
        assert net.end_of(sock)[0] != "open", "it was for once"
    server.says(f"nobody waits for {fingerprint(order)}")
    assert not re.search(re.escape(order[:-2]), server.log(), re.IGNORECASE)


def test_a_client_does_not_log_the_ids_of_its_streams(lab):
    server = lab.frps()
    client = lab.frpc(server, "a", lab.add(FakeOllama("a")).port, "--no-link",
                      "--log-level", "trace")
    server.has("a")
    assert server.fetch(target="/api/version").status == 200
    client.says("Stream [0-9a-f]{16} joined")
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-", client.log())
