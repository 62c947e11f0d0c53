"""Services, leases, traffic, log level and reload at the REST API."""

import json
import os

import pytest

from support import net, services
from support.net import free_ports
from support.waiting import wait_for


def data(server, target, method="GET", body=None, status=200):
    answer = server.api(target, method,
                        body=None if body is None else json.dumps(body).encode())
    assert answer.status == status, answer
    return answer.json()["data"]


def bytes_of(server, name):
    service, = data(server, f"/api/services?name={name}")
    return service["bytes_in"], service["bytes_out"]


@pytest.fixture
def house(lab):
    """A server with a client that serves the public port, and one with a TCP service."""
    ports = free_ports(2)
    server, _, _ = lab.house("web", options=("--outer-ports", services.ranges(ports)))
    echo = lab.add(net.Listener(services.echo))
    client = services.expose(lab, server, "box", {"name": "ssh", "local_port": echo.port})
    return server, client, services.port_of(client, "ssh")


def test_services_and_tunnels(house):
    server, client, port = house
    listed = {each["name"]: each for each in data(server, "/api/services")}
    assert set(listed) == {"default", "ssh"}
    assert listed["default"]["outer_port"] == server.public
    assert "web" in listed["default"]["clients"]
    ssh = listed["ssh"]
    assert (ssh["kind"], ssh["outer_port"], ssh["clients"]) == ("tcp", port, ["box"])
    assert ssh["account"] == "test@example.com" and ssh["visitors"] == 0
    with net.connect(port) as sock:
        sock.sendall(b"ping")
        assert sock.recv(4) == b"ping"
        assert data(server, "/api/services?name=ssh")[0]["visitors"] == 1
        assert bytes_of(server, "ssh") == (4, 4), "it is here still"
        sock.sendall(b"more")
        assert sock.recv(4) == b"more"
        assert bytes_of(server, "ssh") == (8, 8)
    wait_for(lambda: data(server, "/api/services?name=ssh")[0]["visitors"] == 0, 10, "it left")
    assert bytes_of(server, "ssh") == (8, 8)
    tunnels = data(server, "/api/tunnels?client_id=box&service=ssh")
    assert [each["outer_port"] for each in tunnels] == [port]
    client.stop()
    wait_for(lambda: data(server, "/api/tunnels?service=ssh") == [], 10, "it is closed")


def test_leases_are_released_by_port_or_name(house):
    server, _, port = house
    lease, = data(server, "/api/leases")
    assert (lease["name"], lease["kind"], lease["outer_port"]) == (
        "test@example.com/ssh", "tcp", port)
    assert data(server, f"/api/leases/{port}", "DELETE")["name"] == lease["name"]
    assert data(server, "/api/leases") == []
    data(server, "/api/leases/test@example.com%2Fssh", "DELETE", status=404)
    assert data(server, "/api/audit?limit=1")[0]["action"] == "release lease"


def test_a_server_without_outer_ports_has_no_leases(lab):
    server = lab.frps()
    assert data(server, "/api/leases") == []
    data(server, "/api/leases/22", "DELETE", status=404)


def test_lists_come_in_pages(lab):
    server, _, _ = lab.house("a", "b", "c")
    answer = server.api("/api/clients?limit=1&offset=1")
    assert len(answer.json()["data"]) == 1 and answer.get("X-Total-Count") == "3"
    assert server.api("/api/clients").get("X-Total-Count") is None
    assert [c["client_id"] for c in data(server, "/api/clients?client_id=b")] == ["b"]


def test_traffic_is_told(lab):
    server, _, _ = lab.house("a")
    for _ in range(5):
        assert server.fetch().status == 200

    def requests():
        return sum(each["requests"] for each in data(server, "/api/traffic")["samples"])
    wait_for(lambda: requests() == 5, 15, "they are told")
    busy = [s for s in data(server, "/api/traffic")["samples"] if s["requests"]]
    assert all(0 < s["p50_ms"] <= s["p99_ms"] and s["active_clients"] == 1 for s in busy)


def test_the_log_tells_more_on_demand(lab):
    server = lab.frps()
    assert data(server, "/api/log-level") == {"level": "info"}
    assert "debug" not in server.log()
    assert data(server, "/api/log-level", "PUT", {"level": "debug"}) == {"level": "debug"}
    server.fetch(key="wrong")
    server.says(r"debug")


@pytest.mark.parametrize("way", ["api", "signal"])
def test_the_configuration_is_read_anew(lab, way):
    file = lab.folder / "frps.toml"
    file.write_text('log-level = "info"\n')
    server = lab.frps("--config", file)
    file.write_text('log-level = "debug"\nmax-clients = 7\n')
    if way == "api":
        assert data(server, "/api/reload", "POST") == {
            "applied": ["log-level"], "needs_restart": ["max-clients"]}
    else:
        server.process.send_signal(1)  # SIGHUP
        server.says("read anew: 1 options applied, 1 wait")
    assert data(server, "/api/log-level") == {"level": "debug"}
    file.unlink()
    os.mkfifo(file)
    refused = server.api("/api/reload", "POST")
    assert refused.status == 409 and "not a regular file" in refused.json()["message"]
    file.unlink()
    file.write_text('log-level = "loud"\n')
    refused = server.api("/api/reload", "POST")
    assert refused.status == 409 and "loud" in refused.json()["message"]
    assert data(server, "/api/log-level") == {"level": "debug"}
