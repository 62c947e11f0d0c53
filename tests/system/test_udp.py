"""UDP services from outside: boundaries, associations, real programs, floods."""

import json
import re
import struct
import subprocess
import threading
import time
from collections import Counter

import pytest

from support.net import LOOPBACK, free_port
from support.programs import OUR_END_IS_ITS_END, tool, under_sanitizer
from support.udp import Service, Visitor, expose, has_read, visiting
from support.waiting import holds_for, seconds, wait_for
from system.test_metrics import scrape

SIZES = (0, 1, 2, 148, 1200, 1420, 1472, 1473, 8000, 65_506, 65_507)

links = pytest.mark.parametrize("link", [(), ("--no-link",)], ids=["link", "no-link"])


def house(lab, service, *options, client_options=(), **more):
    """A server and a client with one UDP service; returns (server, client, outer port)."""
    port = free_port()
    server = lab.frps("--outer-ports", port, *options)
    client = expose(lab, server, "a", [{"name": "u", "kind": "udp", "local-port": service.port,
                                        "outer-port": port, **more}], *client_options)
    return server, client, port


def dropped(server):
    """The datagrams that the server has lost, by reason."""
    return {why: number for (name, why), number in
            ((key, value) for key, value in scrape(server).items() if isinstance(key, tuple))
            if name == "frpx_udp_datagrams_dropped_total"}


@links
def test_boundaries_are_kept_from_0_to_65507_bytes(lab, link):
    service = lab.add(Service())
    _, _, port = house(lab, service, *link)
    with visiting(port) as visitor:
        visitor.ask(b"hello")
        visitor.receive_all(0.3)
        for number, size in enumerate(SIZES):
            datagram = bytes([number]) * size
            visitor.send(datagram)
            assert visitor.receive() == datagram, size


@links
def test_bytes_are_counted_each_way(lab, link):
    service = lab.add(Service())
    server, _, port = house(lab, service, *link)
    with visiting(port) as visitor:
        visitor.ask(b"hello")
        visitor.receive_all(0.3)
        visitor.send(b"12345678")
        assert visitor.receive() == b"12345678"
        told, = server.api("/api/services?name=u").json()["data"]
        assert told["bytes_in"] >= 13 and told["bytes_in"] == told["bytes_out"]
        counted = scrape(server)
        assert counted["frpx_udp_bytes_total", "to_service"] == told["bytes_in"]
        assert counted["frpx_udp_bytes_total", "to_visitor"] == told["bytes_out"]


@links
def test_each_visitor_is_a_peer_of_its_own_for_the_service(lab, link):
    service = lab.add(Service())
    _, _, port = house(lab, service, *link)
    with visiting(port) as one, visiting(port) as two, visiting(port, "127.0.0.9") as three:
        for name, visitor in ((b"one", one), (b"two", two), (b"three", three)):
            assert visitor.ask(name) == name
        for name, visitor in ((b"1", one), (b"2", two), (b"3", three)):
            visitor.receive_all(0.1)
            assert visitor.ask(name) == name
    assert len(service.peers) == 3


def test_the_first_datagram_arrives_though_the_service_is_named(lab):
    service = lab.add(Service())
    _, _, port = house(lab, service, **{"local-addr": "localhost"})
    for _ in range(5):
        with visiting(port) as visitor:
            visitor.send(b"only once")
            assert visitor.receive() == b"only once"


def test_an_idle_association_ends_and_the_next_datagram_makes_another(lab):
    service = lab.add(Service())
    server, client, port = house(lab, service, "--udp-idle", "500ms")
    with visiting(port) as visitor:
        visitor.ask(b"before")
        sockets = client.fds()
        holds_for(lambda: visitor.ask(b"on and on"), 1, "what is used stays, however long")
        assert len(service.peers) == 1
        wait_for(lambda: client.fds() < sockets, 10, "the client closes its local socket")
        visitor.ask(b"after")
        assert len(service.peers) == 2
    assert server.running


def test_a_service_that_comes_late_or_back_is_reached(lab):
    service = Service()
    _, _, port = house(lab, service)
    with visiting(port) as visitor:
        assert visitor.ask(b"first") == b"first"
        service.stop()
        visitor.send(b"to nobody")
        assert visitor.receive(0.3) is None
        lab.add(Service(port=service.port))
        assert visitor.ask(b"second") == b"second"


def test_who_is_denied_is_not_served(lab):
    service = lab.add(Service())
    port = free_port()
    server = lab.frps("--outer-ports", port)
    folder = lab.folder / "client-a"
    folder.mkdir()
    (folder / "frpc.toml").write_text(
        f'[[services]]\nname = "u"\nkind = "udp"\nlocal-port = {service.port}\n'
        f'outer-port = {port}\ndeny = ["127.0.0.8/29"]\n')
    client = lab.frpc(server, "a", 1, "--config", folder / "frpc.toml")
    client.says("u.*is open")
    with visiting(port) as allowed, visiting(port, "127.0.0.9") as denied:
        denied.send(b"let me in")
        assert allowed.ask(b"hello") == b"hello"
        assert denied.receive(0.3) is None
    assert len(service.peers) == 1


class Asker:
    """A visitor that the lab ends, which asks who serves it."""

    def __init__(self, port, source=LOOPBACK):
        self._visitor = Visitor(port, source)
        self._asked = 0

    def who(self, limit=10):
        """The name that the service of its client says, to this question and no older one."""
        self._asked += 1
        question = b"%d" % self._asked
        def answer():
            self._visitor.send(question)
            got = self._visitor.receive(0.2) or b""
            return got.split()[0] if got.endswith(b" " + question) else None
        return wait_for(answer, limit, "the service says who it is")

    def stop(self):
        self._visitor.close()


def group(lab, *options, weights=None):
    """A server with a group of two clients, each before a service that says its name to whoever
    asks; returns (clients, outer port)."""
    port = free_port()
    server = lab.frps("--outer-ports", port, *options)
    clients = {}
    for name in ("a", "b"):
        tag = name.encode() + b" "
        service = lab.add(Service(lambda datagram, _, send, tag=tag: send(tag + datagram)))
        clients[name] = expose(lab, server, name, [
            {"name": "u", "kind": "udp", "local-port": service.port, "outer-port": port,
             "group": "both", **({"weight": weights[name]} if weights else {})}])
    return clients, port


@pytest.mark.parametrize("policy", ["round-robin", "least-inflight"])
def test_a_group_by_policy(lab, policy):
    _, port = group(lab, "--group-policy", policy)
    # All of them stay, so that the policy has something to look at.
    served = [lab.add(Asker(port)).who() for _ in range(20)]
    assert all({served[i], served[i + 1]} == {b"a", b"b"} for i in range(0, 20, 2)), served


def test_a_group_by_weight(lab):
    _, port = group(lab, "--group-policy", "round-robin", weights={"a": 1, "b": 3})
    shares = Counter(lab.add(Asker(port)).who() for _ in range(20))
    assert abs(shares[b"a"] - 5) <= 2 and abs(shares[b"b"] - 15) <= 2


def test_a_group_sticks_to_the_visitors_address(lab):
    _, port = group(lab, "--group-policy", "sticky")
    homes = set()
    for last in range(2, 14):
        source = f"127.0.0.{last}"
        served = {lab.add(Asker(port, source)).who() for _ in range(3)}
        assert len(served) == 1, f"{source} is one visitor, whatever its ports"
        homes |= served
    assert homes == {b"a", b"b"}


def test_a_group_keeps_each_visitor_at_its_client_until_that_one_dies(lab):
    clients, port = group(lab, "--client-silence", "2s")
    visitors = [lab.add(Asker(port)) for _ in range(20)]
    first = [each.who() for each in visitors]
    assert set(first) == {b"a", b"b"}, "twenty visitors are spread over both"
    for _ in range(3):
        assert [each.who() for each in visitors] == first
    clients["a"].kill()
    assert {each.who(limit=20) for each in visitors} == {b"b"}


# --- real programs ----------------------------------------------------------------------------


def test_a_real_dns_server(lab):
    dnsmasq, dig = tool("dnsmasq"), tool("dig")
    local = free_port()
    long_text = ",".join("x" * 250 for _ in range(12))  # 3 KB: more than one packet of Ethernet
    log = open(lab.folder / "dnsmasq.log", "wb")
    process = subprocess.Popen(
        [*OUR_END_IS_ITS_END, dnsmasq, "--keep-in-foreground", f"--port={local}",
         "--listen-address=127.0.0.1", "--bind-interfaces", "--no-resolv", "--no-hosts",
         "--conf-file=/dev/null", "--user=", "--edns-packet-max=8192",
         *(f"--address=/host{i}.example/192.0.2.{i}" for i in range(1, 101)),
         f"--txt-record=long.example,{long_text}"], stdout=log, stderr=log)
    try:
        service = type("", (), {"port": local})
        _, _, port = house(lab, service)
        def asked(*question):
            done = subprocess.run([dig, "@127.0.0.1", "-p", str(port), "+short", "+tries=5",
                                   "+time=1", "+ignore", *question], text=True,
                                  capture_output=True, timeout=seconds(30), check=False)
            return done.stdout
        wait_for(lambda: asked("host1.example") == "192.0.2.1\n", 10, "the name server answers")
        batch = lab.folder / "questions"
        batch.write_text("".join(f"host{i}.example\n" for i in range(1, 101)))
        assert asked("-f", batch) == "".join(f"192.0.2.{i}\n" for i in range(1, 101))
        assert asked("+bufsize=8192", "TXT", "long.example").count("x" * 250) == 12
    finally:
        process.kill()
        process.wait()
        log.close()


@pytest.mark.parametrize("way", [(), ("-R",)], ids=["up", "down"])
def test_iperf3(lab, way):
    iperf3 = tool("iperf3")
    local, port = free_port(), free_port()
    process = subprocess.Popen([*OUR_END_IS_ITS_END, iperf3, "-s", "-B", "127.0.0.1", "-p",
                                str(local)], stdout=subprocess.DEVNULL)
    try:
        server = lab.frps("--outer-ports", port)
        # iperf3 arranges a test by TCP, on the port of the same number. The rate is one at which its
        # own buffers, which are small, bear a busy machine.
        expose(lab, server, "a", [
            {"name": f"iperf-{kind}", "kind": kind, "local-port": local, "outer-port": port}
            for kind in ("tcp", "udp")])
        done = subprocess.run([iperf3, "-c", "127.0.0.1", "-p", str(port), "-u", "-b", "10M", "-l",
                               "1200", "-t", "2", "-J", *way], text=True, capture_output=True,
                              timeout=seconds(60), check=False)
        report = json.loads(done.stdout)
        assert "error" not in report, report["error"]
        total = report["end"]["sum"]
        assert total["packets"] > 1000
        assert total["lost_percent"] < (50 if under_sanitizer() else 5), total
    finally:
        process.kill()
        process.wait()


# --- WireGuard's traffic ----------------------------------------------------------------------

HANDSHAKE, RESPONSE, KEEPALIVE, DATA = 148, 92, 32, 1420


def wireguard_packet(number, size):
    return struct.pack(">I", number) + bytes((number + i) & 0xff for i in range(size - 4))


class Tunnel:
    """The far end: answers handshakes, and each burst of data with one of its own."""

    def __init__(self, burst):
        self.burst, self.intact, self.keepalives = burst, 0, 0
        self.bursts = {}

    def __call__(self, datagram, peer, send):
        if len(datagram) == HANDSHAKE:
            send(wireguard_packet(0, RESPONSE))
        elif len(datagram) == KEEPALIVE:
            self.keepalives += 1
        else:
            number = struct.unpack(">I", datagram[:4])[0]
            self.intact += datagram == wireguard_packet(number, DATA)
            if number % self.burst == self.burst - 1:
                for i in range(self.burst):
                    send(wireguard_packet(number - i, DATA))


@links
def test_traffic_like_wireguards(lab, link):
    burst, rounds = 40, 50
    far = Tunnel(burst)
    service = lab.add(Service(far))
    _, _, port = house(lab, service, *link)
    with visiting(port) as near:
        assert len(near.ask(wireguard_packet(7, HANDSHAKE))) == RESPONSE
        near.receive_all(0.2)
        back = 0
        for number in range(rounds):
            for i in range(burst):
                near.send(wireguard_packet(number * burst + i, DATA))
            near.send(b"\0" * KEEPALIVE)
            for _ in range(burst):
                packet = near.receive(2)
                if packet is None:
                    break
                back += packet == wireguard_packet(struct.unpack(">I", packet[:4])[0], DATA)
        wait_for(lambda: far.keepalives == rounds, 5, "all keepalives arrive")
    assert far.intact == rounds * burst
    assert back == rounds * burst
    assert len(service.peers) == 1


# --- bounds -----------------------------------------------------------------------------------


def test_ten_thousand_visitors_and_not_one_more(lab):
    service = lab.add(Service(lambda *_: None))
    server, client, port = house(lab, service)
    idle = client.fds()
    most = 10_000
    for number in range(most + 50):
        with visiting(port, f"127.1.{number // 250}.{1 + number % 250}") as visitor:
            visitor.send(b"%d" % number)
        if number % 50 == 49 and number < most:  # a burst that any kernel's buffer takes
            wait_for(lambda number=number: len(service.got) == number + 1, 10,
                     f"{number + 1} arrive")
    with visiting(port, "127.2.0.1") as latest:  # pushes out the oldest
        def served():
            latest.send(b"latest")
            return service.got[-1][1] == b"latest"
        wait_for(served, 10, "the latest is served")
    assert most - 100 < client.fds() - idle <= most
    assert client.memory() < 200 << 20
    assert server.memory() < 200 << 20


def test_a_flood_at_a_client_that_does_not_read_stays_within_bounds(lab):
    service = lab.add(Service(lambda *_: None))
    server, client, port = house(lab, service)
    with visiting(port) as visitor, visiting(port) as other:
        visitor.send(b"first")
        wait_for(lambda: service.got, 10, "the way is open")
        before = server.memory()
        client.freeze()
        last = 20_000
        for number in range(last + 1):  # 160 MB
            visitor.send(struct.pack(">I", number) + b"." * 7996)
        wait_for(lambda: has_read(port), 10, "the server has read what the kernel took")
        visitor.send(b"newest")
        other.send(b"another")
        assert server.memory() - before < 64 << 20
        client.thaw()
        wait_for(lambda: any(d == b"newest" for _, d in service.got), 10, "the newest arrives")
        wait_for(lambda: any(d == b"another" for _, d in service.got), 10, "the other is served")
        assert len(service.got) < last / 4, "most were dropped"
        lost = dropped(server)
        assert lost["queue"] > 0 and sum(lost.values()) > last / 2, "and counted"
        visitor.send(b"and it goes on")
        wait_for(lambda: service.got[-1][1] == b"and it goes on", 10, "it goes on")


def test_a_flood_from_the_service_stays_within_bounds(lab):
    def pour(datagram, _peer, send):
        for number in range(5_000):
            send(struct.pack(">I", number) + b"." * 7996)
    service = lab.add(Service(pour))
    server, client, port = house(lab, service)
    with visiting(port) as visitor:
        server.freeze()
        visitor.send(b"pour")
        server.thaw()
        wait_for(lambda: service.got, 10, "the service hears")
        visitor.receive_all(0.5)
    assert client.memory() < 150 << 20
    assert server.memory() < 150 << 20


def test_a_client_tells_what_it_has_lost(lab):
    frozen, flooded = threading.Event(), threading.Event()

    def handle(datagram, _peer, send):
        if datagram != b"flood":
            return send(datagram)
        frozen.wait(seconds(10))
        for _ in range(2000):
            send(b"." * 8000)
        return flooded.set()
    service = lab.add(Service(handle))
    data = lab.folder / "client-data"
    _, client, port = house(lab, service, client_options=("--data-dir", data))

    def lost():
        told = lab.run("frpc", "status", "-c", "a", "--data-dir", data).stdout
        return [int(count) for count in re.findall(r"(\d+) (?:kernel|queue)", told)]
    with visiting(port) as visitor:
        visitor.ask(b"hello")
        assert lost() == [0, 0]
        visitor.send(b"flood")
        wait_for(lambda: service.got[-1][1] == b"flood", 10, "it has arrived")
        client.freeze()
        frozen.set()
        assert flooded.wait(seconds(10))
        client.thaw()
        visitor.ask(b"more")
        wait_for(lambda: lost()[0] > 0, 10, "its kernel dropped some")


def test_a_bandwidth_limit_drops_and_does_not_delay(lab):
    service = lab.add(Service(lambda *_: None))
    server, _, port = house(lab, service, bandwidth="100k")
    with visiting(port) as visitor:
        visitor.send(b"first")
        wait_for(lambda: service.got, 10, "the way is open")
        begin, sent = time.monotonic(), [0]

        def send_some():  # far more than may pass
            for _ in range(5):
                visitor.send(b"x" * 1000)
            sent[0] += 5
            return True
        holds_for(send_some, 3, "the visitor sends")
        took = time.monotonic() - begin
        wait_for(lambda: has_read(port), 5, "all are read")

        def all_known():
            return len(service.got) - 1 + sum(dropped(server).values()) == sent[0]
        wait_for(all_known, 5, "each has passed or is counted as lost")
    passed = sum(len(d) for _, d in service.got)
    assert 0.8 * 100_000 * took < passed < 100_000 * (took + 0.2)
