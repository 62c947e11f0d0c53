"""Each link (visitor to server, server to client, client to service) under each accident.

The promise: a visitor sees a right answer, an error in the envelope, or a cut; soon; and when the
accident is over, everything works again by itself.
"""

import pytest

from support import http_bytes, raw_http
from support.chaos_proxy import ChaosProxy
from support.fake_ollama import FakeOllama, seeded_hash
from support.waiting import wait_for

SIZE = 200_000
TARGET = f"/bytes?size={SIZE}&seed=5"


class House:
    """A server, a client and a service with a chaos proxy on every link between them."""

    def __init__(self, lab, *options):
        self.server = lab.frps(
            "--stream-timeout", "500ms", "--stream-total-timeout", "1s",
            "--response-head-timeout", "1s", "--response-stall-timeout", "1s",
            "--body-stall-timeout", "1s", "--request-head-timeout", "1s", *options)
        self.service = lab.add(FakeOllama("a"))
        self.links = {
            "visitor": lab.add(ChaosProxy(self.server.public)),
            "control": lab.add(ChaosProxy(self.server.control)),
            "proxy": lab.add(ChaosProxy(self.server.proxy)),
            "service": lab.add(ChaosProxy(self.service.port)),
        }

        class Through:
            control, proxy = self.links["control"].port, self.links["proxy"].port

        self.client = lab.frpc(Through, "a", self.links["service"].port)
        self.server.has("a")

    def visit(self, timeout=15):
        """One request: "right", the status of an error in the envelope, or "cut"."""
        try:
            with raw_http.Visitor(self.links["visitor"].port, timeout) as visitor:
                answer = visitor.ask("GET", TARGET)
        except (http_bytes.Ended, ConnectionError):
            return "cut"
        if answer.status == 200:
            assert answer.sha256 == seeded_hash(5, SIZE), "a wrong answer that looks right"
            return "right"
        assert answer.json()["success"] is False
        return answer.status

    def heals(self, limit=25):
        for link in self.links.values():
            link.heal()
        wait_for(lambda: self.visit() == "right", limit, "it works again by itself")


@pytest.fixture
def house(lab):
    return House(lab)


LINKS = ["visitor", "control", "proxy", "service"]


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("mode", ["slice", "delay"])
def test_slow_is_right(house, link, mode):
    """Single bytes, and pieces that come late, change nothing but the time."""
    house.links[link].up.mode = mode
    house.links[link].down.mode = mode
    house.links[link].up.delay = house.links[link].down.delay = 0.02
    with raw_http.Visitor(house.links["visitor"].port, 30) as visitor:
        for size in (0, 1, 5000):
            answer = visitor.ask("GET", f"/bytes?size={size}&seed=2")
            assert (answer.status, answer.sha256) == (200, seeded_hash(2, size))
            answer = visitor.ask("POST", "/x", b"u" * size).json()
            assert answer["size"] == size
    house.heals()


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("accident", ["reset_all", "cut_all"])
def test_connections_that_end(house, link, accident):
    """Between requests: the next one is right, at once or when the client is back."""
    assert house.visit() == "right"
    getattr(house.links[link], accident)()
    wait_for(lambda: house.visit() == "right", 15, "the next requests are right")


REFUSED = {502, 503, 504}


@pytest.mark.parametrize("how", ["reset", "cut"])
@pytest.mark.parametrize("link, after, seen", [
    ("visitor", 1, {"cut"}), ("visitor", 100, {"cut"}), ("visitor", 50_000, {"cut"}),
    # Before a byte of the answer has gone to the visitor it is an error, later a cut.
    ("service", 1, REFUSED), ("service", 10_000, {"cut"}), ("service", 50_000, {"cut"}),
    # The link's own frames are among these bytes, and the end may overtake what was on its way.
    ("proxy", 1, REFUSED), ("proxy", 100, REFUSED), ("proxy", 50_000, REFUSED | {"cut"}),
])
def test_an_answer_that_is_cut_on_its_way(house, link, how, after, seen):
    direction = house.links[link].up if link == "proxy" else house.links[link].down
    assert house.visit() == "right"
    house.links[link].reset_all()
    direction.passed, direction.end_how, direction.end_after = 0, how, after
    assert house.visit() in seen
    house.heals()


@pytest.mark.parametrize("link", ["proxy", "service"])
def test_refused_connections(house, link):
    house.links[link].refuse()
    house.links[link].reset_all()
    # A connection that was being made at that very moment may still have come through.
    wait_for(lambda: house.visit() in (502, 503, 504), 5, "nothing goes through")
    house.links[link].accept()
    house.heals()


def test_a_control_port_that_refuses_for_a_while(house):
    house.links["control"].refuse()
    house.links["control"].reset_all()
    wait_for(lambda: house.visit() == 503, 5, "nobody serves")
    house.links["control"].accept()
    house.heals()


@pytest.mark.parametrize("link", ["proxy", "service"])
@pytest.mark.parametrize("direction", ["up", "down"])
def test_stalls_are_errors_in_time(house, link, direction):
    """Nothing hangs: the visitor is told, and when bytes flow again all is well."""
    house.links[link].reset_all()
    getattr(house.links[link], direction).mode = "stall"
    assert house.visit(timeout=8) in (502, 503, 504, "cut")
    house.heals()


@pytest.mark.parametrize("mode", ["stall", "swallow"])
def test_a_control_connection_without_heartbeats_ends_the_session(lab, mode):
    # Heartbeats come every 10 s; a client that speaks the public protocol has a limit of its own.
    house = House(lab, "--client-silence", "12s", "--public-client-silence", "12s")
    house.links["control"].up.mode = mode
    house.server.has(limit=20)
    assert house.visit() == 503
    house.heals()


def test_a_stalled_visitor_is_ended(house):
    house.links["visitor"].up.mode = "stall"
    with raw_http.Visitor(house.links["visitor"].port, 10) as visitor:
        visitor.send(raw_http.request("GET", TARGET))
        with house.server.visitor() as other:
            assert other.ask("GET", TARGET).status == 200, "others are served meanwhile"
    house.heals()
