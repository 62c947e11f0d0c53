"""Several clients behind one outer port."""

import select
from collections import Counter

import pytest

from support import net, services
from support.services import expose, server_with
from support.waiting import seconds, wait_for


def naming(lab, name):
    """A local service that says its name and hangs up."""
    return lab.add(net.Listener(lambda sock: sock.sendall(name)))


def test_a_name_in_use_is_refused_without_a_group(lab, echo):
    server, ports = server_with(lab)
    expose(lab, server, "a", {"name": "s", "local_port": echo.port, "outer_port": ports[0]})
    other = services.start(lab, server, "b",
                           {"name": "s", "local_port": echo.port, "outer_port": ports[1]})
    other.says("refused s: another client of this account has a service of that name")


@pytest.mark.parametrize("form", [[], ["--no-link"]], ids=["link", "own connections"])
def test_a_group_is_balanced_and_fails_over(lab, form):
    locals_ = {"a": naming(lab, b"a"), "b": naming(lab, b"b")}
    server, ports = server_with(lab)
    clients = {who: expose(lab, server, who,
                           {"name": "s", "local_port": local.port, "outer_port": ports[0],
                            "group": "g"}, more=form) for who, local in locals_.items()}

    def served():
        with net.connect(ports[0]) as sock:
            return net.end_of(sock)[1]
    seen = {served() for _ in range(40)}
    assert seen == {b"a", b"b"}
    if not form:  # on a link a client says whether it reached its service
        locals_["a"].pause()
        assert {served() for _ in range(20)} == {b"b"}, "the other is asked"
        locals_["a"].resume()
    clients["b"].kill()
    wait_for(lambda: {served() for _ in range(5)} == {b"a"}, 20, "the one that is left serves")


@pytest.mark.parametrize("policy", ["round-robin", "least-inflight"])
def test_a_group_by_policy(lab, policy):
    def staying(name):
        return lab.add(net.Listener(lambda sock: (sock.sendall(name), sock.recv(1))))
    server, ports = server_with(lab, 1, "--group-policy", policy)
    for who in (b"a", b"b"):
        expose(lab, server, who.decode(), {"name": "s", "local_port": staying(who).port,
                                           "outer_port": ports[0], "group": "g"})
    visitors = []
    for _ in range(10):  # who stays, so that the policy has something to look at
        visitors.append(net.connect(ports[0]))
        visitors.append(visitors[-1].recv(1))
    served = visitors[1::2]
    assert sorted(served) == [b"a"] * 5 + [b"b"] * 5
    assert all({served[i], served[i + 1]} == {b"a", b"b"} for i in range(0, 10, 2)), served
    for sock in visitors[::2]:
        sock.close()


@pytest.mark.parametrize("form", [[], ["--no-link"]], ids=["link", "own connections"])
def test_weights_divide_the_visitors_of_a_group(lab, form):
    server, ports = server_with(lab, 1, "--group-policy", "round-robin")
    for who, weight in ((b"a", 1), (b"b", 3)):
        expose(lab, server, who.decode(),
               {"name": "s", "local_port": naming(lab, who).port, "outer_port": ports[0],
                "group": "g", "weight": weight}, more=form)

    def served():
        with net.connect(ports[0]) as sock:
            return net.end_of(sock)[1]
    shares = Counter(served() for _ in range(40))
    assert abs(shares[b"a"] - 10) <= 3 and abs(shares[b"b"] - 30) <= 3


def test_how_long_a_clients_word_is_waited_for_is_an_option(lab):
    """By default 3 s; then the visitor of one that says nothing for longer is given to another."""
    server, ports = server_with(lab, 1, "--group-policy", "round-robin",
                                "--confirmation-timeout", "14s")
    clients = {who: expose(lab, server, who.decode(),
                           {"name": "s", "local_port": naming(lab, who).port,
                            "outer_port": ports[0], "group": "g"}) for who in (b"a", b"b")}
    clients[b"a"].freeze()
    visitors = [net.connect(ports[0]) for _ in range(2)]
    served, _, _ = select.select(visitors, [], [], seconds(5))
    assert [sock.recv(1) for sock in served] == [b"b"]
    waits = next(sock for sock in visitors if sock not in served)
    assert not select.select([waits], [], [], 4)[0], "the other waits for a"
    clients[b"a"].thaw()
    assert waits.recv(1) == b"a"
    for sock in visitors:
        sock.close()
