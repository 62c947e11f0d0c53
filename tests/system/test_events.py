"""GET /api/events: what happens, while it happens, to a listener such as curl."""

import json
import subprocess

import pytest

from support import net, raw_http, services
from support.net import free_ports
from support.waiting import wait_for


class Listener:
    """A curl that listens."""

    def __init__(self, lab, server, *options):
        self.log = lab.folder / f"events-{id(self)}"
        with open(self.log, "wb") as out:
            self.process = subprocess.Popen(
                ["curl", "-sN", *options, f"http://127.0.0.1:{server.api_port}/api/events"],
                stdout=out)
        lab.add(self)

    def text(self):
        return self.log.read_text()

    def events(self):
        """(id, type, data) of each."""
        heard = []
        for block in self.text().split("\n\n")[:-1]:
            fields = dict(line.split(": ", 1) for line in block.splitlines())
            if "data" in fields:
                data = json.loads(fields["data"])
                assert data["type"] == fields["event"]
                heard.append((int(fields.get("id", 0)), fields["event"], data))
        return heard

    def hears(self, event, /, **members):
        return wait_for(lambda: next(
            (e for e in self.events() if e[1] == event and members.items() <= e[2].items()), None),
            10, lambda: f"{event} {members}: {self.text()}")

    def stop(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def listening(lab):
    """A server, and a listener that hears already."""
    server = lab.frps("--outer-ports", services.ranges(free_ports(1)))
    listener = Listener(lab, server)

    def heard():
        server.api("/api/users", "POST", body=b'{"email":"probe@example.com","password":"x"}')
        server.api("/api/users/probe@example.com", "DELETE")
        return "user.removed" in listener.text()
    wait_for(heard, 10, "the listener is there")
    return server, listener


def test_clients_and_tunnels_come_and_go(lab, listening):
    server, listener = listening
    echo = lab.add(net.Listener(services.echo))
    client = services.expose(lab, server, "a", {"name": "ssh", "local_port": echo.port})
    came = listener.hears("client.came", client_id="a")
    assert came[2]["user"] == "test@example.com" and came[2]["draining"] is False
    opened = listener.hears("tunnel.opened", service="ssh", kind="tcp")
    assert opened[2]["outer_port"] == services.port_of(client, "ssh")
    server.api("/api/clients/a/drain", "POST")
    listener.hears("client.changed", client_id="a", draining=True)
    server.api("/api/clients/a/undrain", "POST")
    listener.hears("client.changed", client_id="a", draining=False)
    client.stop()
    listener.hears("client.left", client_id="a")
    listener.hears("tunnel.closed", service="ssh")
    ids = [event[0] for event in listener.events()]
    assert ids == list(range(ids[0], ids[0] + len(ids))), "they count up, and none is missing"


def test_changes_of_keys_are_told_without_the_key(listening):
    server, listener = listening
    key = server.api("/api/keys", "POST", body=b'{"name":"laptop"}').json()["data"]
    listener.hears("key.made", name="laptop")
    server.api("/api/keys/laptop", "PATCH", body=b'{"rpm":3}')
    listener.hears("key.changed", name="laptop")
    server.api("/api/keys/laptop", "DELETE")
    listener.hears("key.revoked", name="laptop")
    assert key["key"] not in listener.text()
    assert server.api("/api/keys/laptop", "DELETE").status == 404
    server.api("/api/keys", "POST", body=b'{"name":"next"}')
    listener.hears("key.made", name="next")
    assert [e[1] for e in listener.events()].count("key.revoked") == 1, "a refusal is no event"


def test_changes_by_commands_are_told_too(lab):
    server = lab.frps(demo=False)
    listener = Listener(lab, server)
    data = ("--data-dir", lab.folder / "frps-data")

    def heard():
        server.api("/api/log-level", "PUT", body=b'{"level":"info"}')
        return listener.events()
    wait_for(heard, 10, "the listener is there")
    for name in ("one", "two"):
        assert lab.run("frps", "key", "add", "--name", name, *data).returncode == 0
        listener.hears("key.made", name=name)
    assert lab.run("frps", "key", "revoke", "one", *data).returncode == 0
    listener.hears("key.revoked", name="one")
    told = [each[1:] for each in listener.events() if each[1] != "log.level"]
    assert [(event, each["name"]) for event, each in told] == [
        ("key.made", "one"), ("key.made", "two"), ("key.revoked", "one")], "each once"


def test_a_listener_that_comes_back_misses_nothing(lab, listening):
    server, listener = listening
    server.api("/api/keys", "POST", body=b'{"name":"one"}')
    last = listener.hears("key.made", name="one")[0]
    listener.stop()
    server.api("/api/keys", "POST", body=b'{"name":"two"}')
    again = Listener(lab, server, "-H", f"Last-Event-ID: {last}")
    assert again.hears("key.made", name="two")[0] == last + 1
    assert again.events()[0][0] == last + 1, "and hears nothing twice"
    assert server.api("/api/events", headers={"Last-Event-ID": "x"}).status == 400


def test_listeners_are_bounded_and_let_go(lab):
    server = lab.frps()
    listeners = [raw_http.Visitor(server.api_port) for _ in range(64)]
    asks = raw_http.request("GET", "/api/events", key=None, host=f"127.0.0.1:{server.api_port}")
    for each in listeners:
        each.send(asks)
        assert each.head().start.split()[1] == "200"
    assert server.api("/api/events").status == 503
    listeners.pop().close()

    def is_let_in():
        with raw_http.Visitor(server.api_port) as visitor:
            visitor.send(asks)
            return visitor.head().start.split()[1] == "200"
    wait_for(is_let_in, 5, "the place of one that left is free")
    for each in listeners:
        each.close()


def test_the_end_of_the_server_is_told(lab, listening):
    server, listener = listening
    server.stop()
    listener.hears("server.draining")
    assert listener.process.wait(10) == 0, "the answer ended in order"
