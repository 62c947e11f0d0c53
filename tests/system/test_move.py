"""MOVE: bulk leaves the link for a connection of its own, while both are cut and slowed.

The promise: whatever ends first, a visitor sees all bytes in order or a cut; never a wrong byte, one
twice, or an end that looks complete. And what is left over works again by itself.
"""

import concurrent.futures
import hashlib
import random
import socket
import threading

import pytest

from support import http_bytes, net, raw_http, services
from support.chaos_proxy import ChaosProxy
from support.fake_ollama import FakeOllama, seeded, seeded_hash
from support.net import free_ports
from support.waiting import wait_for

SIZE = 1_500_000
UPLOAD = b"".join(seeded(3, SIZE))
MOVE_AFTER = "65536"


class House:
    """A server and a client of which links and own connections pass a chaos proxy."""

    def __init__(self, lab, move_after=MOVE_AFTER):
        self.server = lab.frps("--workers", "1", "--move-after", move_after,
                               "--response-stall-timeout", "3s", "--body-stall-timeout", "3s")
        self.service = lab.add(FakeOllama("a"))
        self.proxy = lab.add(ChaosProxy(self.server.proxy))

        class Through:
            control, proxy = self.server.control, self.proxy.port

        lab.frpc(Through, "a", self.service.port)
        self.server.has("a")
        wait_for(lambda: b"\nfrpx_links 1\n" in self.server.api("/metrics").body, 15,
                 "the link is up")

    @property
    def own_connections(self):
        return self.proxy.connections - 1

    def get(self, seed=5, visitor=None):
        return self._ask(visitor, "GET", f"/bytes?size={SIZE}&seed={seed}", None,
                         lambda answer: answer.sha256 == seeded_hash(seed, SIZE))

    def post(self, visitor=None):
        wanted = hashlib.sha256(UPLOAD).hexdigest()
        return self._ask(visitor, "POST", "/x", UPLOAD,
                         lambda answer: answer.json()["sha256"] == wanted)

    def _ask(self, visitor, method, target, body, is_right):
        try:
            if visitor is not None:
                answer = visitor.ask(method, target, body)
            else:
                with raw_http.Visitor(self.server.public, 20) as own:
                    answer = own.ask(method, target, body)
        except (http_bytes.Ended, ConnectionError, BrokenPipeError):
            return "cut"
        if answer.status != 200:
            assert answer.json()["success"] is False
            return answer.status
        assert is_right(answer), f"{method}: a wrong answer that looks right"
        return "right"


@pytest.fixture
def house(lab):
    return House(lab)


def test_bulk_of_both_directions_moves_and_stays_right(house):
    """And further requests, small and large, go on by the connection that the stream has now."""
    with raw_http.Visitor(house.server.public, 20) as visitor:
        for seed in range(4):
            assert house.get(seed, visitor) == "right"
            assert house.post(visitor) == "right"
            assert visitor.ask("GET", "/small").status == 200
    assert 1 <= house.own_connections <= 2, "once for each stream"


def test_nothing_moves_when_it_is_told_not_to(lab):
    house = House(lab, move_after="0")
    assert house.get() == house.post() == "right"
    assert house.own_connections == 0


def test_an_own_connection_that_cannot_be_made_leaves_the_stream_on_its_link(house):
    house.proxy.refuse()
    for _ in range(3):
        assert house.get() == house.post() == "right"
    assert house.own_connections == 0


@pytest.mark.parametrize("seed", range(6))
def test_random_cuts_and_stalls_lose_and_double_nothing(house, seed):
    chance = random.Random(seed)
    outcomes = []
    for _ in range(8):
        which = chance.choice([house.proxy.up, house.proxy.down])
        which.mode, which.delay = chance.choice(["pass", "delay"]), 0.002
        which.passed, which.end_how = 0, chance.choice(["reset", "cut"])
        which.end_after = chance.randrange(1, 2 * SIZE)
        asked = [lambda: house.get(1), lambda: house.get(2), house.post]
        visitors = [threading.Thread(target=lambda ask=ask: outcomes.append(ask()))
                    for ask in asked]
        for visitor in visitors:
            visitor.start()
        for visitor in visitors:
            visitor.join()
        house.proxy.heal()
        wait_for(lambda: house.get() == "right", 20, "it works again by itself")
    assert len(outcomes) == 8 * 3, "a thread saw a wrong byte"
    assert set(outcomes) <= {"right", "cut", 502, 503, 504}
    assert "right" in outcomes and set(outcomes) != {"right"}, "the accidents missed"


def echo(visitor, data):
    """What comes back of `data` from a service that echoes; cut short if the connection ends."""

    def send():
        try:
            visitor.send(data)
        except OSError:
            pass  # the reader finds out

    sending = threading.Thread(target=send)
    sending.start()
    back = bytearray()
    try:
        while len(back) < len(data) and (piece := visitor.reader.some(65536)):
            back += piece
    except (http_bytes.Ended, ConnectionError):
        pass
    sending.join()
    return bytes(back)


@pytest.mark.parametrize("end", ["reset_all", "cut_all"])
@pytest.mark.parametrize("after", [1, 300_000])
def test_a_relay_whose_own_connection_ends_is_reset(house, end, after):
    """Both directions of an upgraded visitor have moved; their connection ends midway."""
    upgrade = raw_http.request("GET", "/upgrade", headers={
        "Connection": "upgrade", "Upgrade": "websocket"})
    with raw_http.Visitor(house.server.public, 20) as visitor:
        visitor.send(upgrade)
        assert visitor.response().status == 101
        assert echo(visitor, UPLOAD) == UPLOAD
        assert house.own_connections == 1
        house.proxy.down.passed, house.proxy.down.end_after = 0, after
        house.proxy.down.end_how = end.removesuffix("_all")
        back = echo(visitor, UPLOAD)
        assert len(back) < len(UPLOAD) and UPLOAD.startswith(back)
    house.proxy.heal()
    wait_for(lambda: house.get() == "right", 20, "it works again by itself")


@pytest.mark.parametrize("who_sends", ["service", "visitor"])
def test_bulk_that_ends_while_it_moves_arrives_whole(lab, who_sends):
    """The end of one direction, or both, comes by the link while the own connection is being made."""
    [port] = free_ports(1)
    server = lab.frps("--workers", "1", "--move-after", MOVE_AFTER, "--outer-ports", str(port))

    def serve(sock):
        if who_sends == "visitor":
            net.end_of(sock)
        else:
            sock.sendall(UPLOAD[:int(sock.recv(10))])

    local = lab.add(net.Listener(serve))
    services.expose(lab, server, "a", {"name": "s", "local_port": local.port, "outer_port": port})

    def visit(size):
        with net.connect(port) as sock:
            if who_sends == "service":
                sock.sendall(b"%010d" % size)
                assert net.end_of(sock) == ("fin", UPLOAD[:size])
            else:
                sock.sendall(UPLOAD[:size])
                sock.shutdown(socket.SHUT_WR)
                assert net.end_of(sock) == ("fin", b"")

    with concurrent.futures.ThreadPoolExecutor(8) as visitors:
        sizes = [65_000 + 1000 * (i % 80) for i in range(400)]
        assert len(list(visitors.map(visit, sizes))) == len(sizes)
