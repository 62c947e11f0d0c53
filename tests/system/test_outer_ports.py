"""TCP services on outer ports of the server, with real programs behind them."""

import hashlib
import json
import os
import select
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections import Counter

import pytest

from support import net, services
from support.net import free_ports
from support.programs import DEMO_USER, under_sanitizer
from support.services import Peer, ask, expose, port_of, ranges, serves
from support.sshd import Sshd
from support.waiting import seconds, wait_for


@pytest.fixture
def echo(lab):
    return lab.add(net.Listener(services.echo))


@pytest.fixture
def greeter(lab):
    return lab.add(net.Listener(services.greet))


def server_with(lab, count=3, *options, **more):
    ports = free_ports(count)
    return lab.frps("--outer-ports", ranges(ports), *options, **more), ports


@pytest.mark.parametrize("form", [[], ["--no-link"]], ids=["link", "own connections"])
def test_bytes_both_ways_and_each_direction_has_its_end(lab, echo, form):
    server, ports = server_with(lab)
    expose(lab, server, "a", {"name": "echo", "local_port": echo.port, "outer_port": ports[0]},
           more=form)
    data = os.urandom(3_000_000)
    with net.connect(ports[0]) as sock:
        answer = {}
        reader = threading.Thread(target=lambda: answer.update(end=net.end_of(sock)))
        reader.start()
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)  # half-close: what is on its way back still comes
        reader.join(seconds(20))
    how, back = answer["end"]
    assert how == "fin" and hashlib.sha256(back).digest() == hashlib.sha256(data).digest()


@pytest.mark.parametrize("form", [[], ["--no-link"]], ids=["link", "own connections"])
def test_a_service_that_speaks_first(lab, greeter, form):
    server, ports = server_with(lab)
    expose(lab, server, "a", {"name": "greet", "local_port": greeter.port}, more=form)
    port = ports[0]
    with net.connect(port) as sock:
        assert sock.recv(100) == b"hello\n"


def test_the_file_of_a_client_is_not_for_the_public_port(lab, echo):
    """A client that exposes tcp alone is not asked for HTTP; one with an http service is."""
    server, _ = server_with(lab)
    expose(lab, server, "a", {"name": "echo", "local_port": echo.port})
    assert server.fetch(target="/x").status == 503


def test_a_reset_goes_on_as_a_reset(lab):
    """An error on one side is not a clean end on the other."""
    server, ports = server_with(lab)
    local = lab.add(net.Listener(lambda sock: (sock.recv(1), net.reset(sock))))
    expose(lab, server, "a", {"name": "s", "local_port": local.port, "outer_port": ports[0]})
    with net.connect(ports[0]) as sock:
        sock.sendall(b"x")
        assert net.end_of(sock)[0] == "rst"


def test_a_service_that_is_not_there_resets_its_visitor(lab):
    server, ports = server_with(lab)
    expose(lab, server, "a",
           {"name": "s", "local_port": net.closed_port(), "outer_port": ports[0]})
    assert net.is_turned_away(ports[0])


def test_ssh(lab):
    """Debian's sshd behind an outer port: a command, and bytes both ways."""
    sshd = lab.add(Sshd(lab.folder))
    server, ports = server_with(lab)
    expose(lab, server, "a", {"name": "ssh", "local_port": sshd.port, "outer_port": ports[0]})
    data = b"x" * 200_000
    assert sshd.run(ports[0], "cat; echo $((6*7))", data) == data + b"42\n"


@pytest.mark.parametrize("way", [[], ["--reverse"]], ids=["to the service", "from the service"])
def test_iperf3(lab, way):
    if not shutil.which("iperf3"):
        pytest.skip("no iperf3")
    local = net.closed_port()
    service = subprocess.Popen(["iperf3", "-s", "-1", "-B", "127.0.0.1", "-p", str(local)],
                               stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        server, ports = server_with(lab)
        expose(lab, server, "a", {"name": "iperf", "local_port": local, "outer_port": ports[0]})

        def runs():
            return subprocess.run(
                ["iperf3", "-c", "127.0.0.1", "-p", str(ports[0]), "-n", "200M", "-P", "2",
                 "--json", *way], capture_output=True, text=True, timeout=seconds(60),
                check=False)
        done = runs()
        ended = json.loads(done.stdout)["end"]
        # What is on its way when the sender stops its clock, the receiver does not count.
        assert ended["sum_received"]["bytes"] >= 100_000_000, done.stdout[-2000:]
    finally:
        service.kill()
        service.wait()


def test_the_most_visitors_at_once_are_never_exceeded(lab):
    """A thousand at once against a limit of 100: exactly 100 are let in, the rest are reset."""
    inside, most, lock = [0], [0], threading.Lock()
    release = threading.Event()

    def count(sock):
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        sock.sendall(b"in")
        release.wait(seconds(60))
        with lock:
            inside[0] -= 1

    local = lab.add(net.Listener(count, backlog=4096))
    server, ports = server_with(lab)
    limit, visitors = 100, 200 if under_sanitizer() else 1000
    expose(lab, server, "a", {"name": "s", "local_port": local.port, "outer_port": ports[0],
                              "max_serve_conn": limit})
    socks = []
    for _ in range(visitors):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex((net.LOOPBACK, ports[0]))
        socks.append(sock)

    decided = {}

    def outcomes():
        for sock in socks:
            if sock in decided:
                continue
            try:
                decided[sock] = sock.recv(2) == b"in"
            except BlockingIOError:
                pass
            except OSError:
                decided[sock] = False
        let_in = sum(decided.values())
        return let_in, len(decided) - let_in
    wait_for(lambda: sum(outcomes()) == visitors, 30, lambda: f"all are decided: {outcomes()}")
    assert outcomes() == (limit, visitors - limit) and most[0] == limit
    release.set()
    for sock in socks:
        sock.close()
    wait_for(lambda: inside[0] == 0, 10, "all have left")
    serves_again = net.connect(ports[0])
    assert serves_again.recv(2) == b"in", "a place that was given back is taken again"
    serves_again.close()


def test_it_ends_after_so_many_visitors(lab, echo):
    server, ports = server_with(lab)
    client = expose(lab, server, "a", {"name": "s", "local_port": echo.port,
                                       "outer_port": ports[0], "max_serve_count": 3})
    first = net.connect(ports[0])
    first.sendall(b"x")
    assert first.recv(1) == b"x"
    assert ask(ports[0]) == b"ping" and ask(ports[0]) == b"ping"
    assert net.is_turned_away(ports[0]), "a fourth"
    first.sendall(b"y")
    assert first.recv(1) == b"y", "the third goes on until it leaves"
    first.close()
    client.says("The server ended s: it has served as many visitors as it may")
    wait_for(lambda: services.is_closed(ports[0]), 5, "the port is closed")


def test_it_ends_when_its_time_is_over(lab, echo):
    server, ports = server_with(lab)
    client = expose(lab, server, "a", {"name": "s", "local_port": echo.port,
                                       "outer_port": ports[0], "max_serve_time": "2s"})
    began = time.monotonic()
    with net.connect(ports[0]) as sock:
        assert net.end_of(sock)[0] == "rst", "its visitors end with it"
        assert 1 < time.monotonic() - began < seconds(4)
    client.says("The server ended s: its time is over")
    assert services.is_closed(ports[0])


def test_who_may_visit(lab, echo):
    server, ports = server_with(lab)
    expose(lab, server, "a",
           {"name": "denied", "local_port": echo.port, "outer_port": ports[0],
            "deny": ["127.0.0.2"]},
           {"name": "allowed", "local_port": echo.port, "outer_port": ports[1],
            "allow": ["127.0.0.0/30"], "deny": ["127.0.0.3"]})

    def comes_from(address, port):
        try:
            with socket.create_connection((net.LOOPBACK, port), seconds(10), (address, 0)) as sock:
                sock.sendall(b"x")
                return sock.recv(1) == b"x"
        except (ConnectionResetError, BrokenPipeError):
            return False

    assert comes_from("127.0.0.1", ports[0]) and not comes_from("127.0.0.2", ports[0])
    assert comes_from("127.0.0.2", ports[1]) and not comes_from("127.0.0.3", ports[1])
    assert not comes_from("127.0.0.4", ports[1])


@pytest.mark.parametrize("form", ["v1", "v2"])
def test_the_service_hears_who_visits(lab, form):
    heard = []
    local = lab.add(net.Listener(lambda sock: (heard.append(sock.recv(200)), sock.sendall(b"k"))))
    server, ports = server_with(lab)
    expose(lab, server, "a", {"name": "s", "local_port": local.port, "outer_port": ports[0],
                              "proxy_protocol": form})
    with net.connect(ports[0]) as sock:
        assert sock.recv(1) == b"k", "it is told before the visitor says anything"
        mine = sock.getsockname()[1]
    if form == "v1":
        assert heard == [f"PROXY TCP4 127.0.0.1 127.0.0.1 {mine} {ports[0]}\r\n".encode()]
    else:
        assert heard == [b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes([127, 0, 0, 1] * 2)
                         + struct.pack(">HH", mine, ports[0])]


@pytest.mark.parametrize("way", ["to the service", "from the service"])
def test_the_bandwidth_is_kept(lab, way):
    """Within 5 % over 10 s."""
    rate, span = 2_000_000, 10
    received, lock = [0], threading.Lock()

    def take(sock):
        data = sock.recv(65536)
        with lock:
            received[0] += len(data)
        return data

    def sink(sock):
        while take(sock):
            pass

    def source(sock):
        while True:
            sock.sendall(bytes(65536))

    local = lab.add(net.Listener(sink if way == "to the service" else source))
    server, ports = server_with(lab)
    expose(lab, server, "a", {"name": "s", "local_port": local.port, "outer_port": ports[0],
                              "bandwidth": "2M"})
    socks = [net.connect(ports[0], timeout=30) for _ in range(3)]  # they share it
    stop = threading.Event()

    def visit(sock):
        try:
            while not stop.is_set():
                if way == "to the service":
                    sock.sendall(bytes(65536))
                else:
                    take(sock)
        except OSError:
            pass
    threads = [threading.Thread(target=visit, args=(each,), daemon=True) for each in socks]
    for each in threads:
        each.start()
    wait_for(lambda: received[0] > rate, 20, "it flows")
    began, before = time.monotonic(), received[0]
    wait_for(lambda: time.monotonic() - began >= span, 2 * span, "ten seconds")
    measured = (received[0] - before) / (time.monotonic() - began)
    stop.set()
    for each in socks:
        net.reset(each)
    assert abs(measured - rate) / rate < 0.05, f"{measured:.0f} bytes a second"


def test_a_limited_service_carries_half_closes(lab, echo):
    server, ports = server_with(lab)
    expose(lab, server, "a", {"name": "s", "local_port": echo.port, "outer_port": ports[0],
                              "bandwidth": "1M"})
    data = os.urandom(500_000)
    assert ask(ports[0], data, timeout=30) == data


def test_the_same_port_for_the_same_name(lab, echo, greeter):
    """After restarts of both sides, and whoever comes first."""
    ports = free_ports(4)

    def start(name):
        server = lab.frps("--outer-ports", ranges(ports), name=name, demo=False, ready=False)
        return server
    lab.run("frps", "user", "add", DEMO_USER[0], "--data-dir", lab.folder / "frps-data",
            env={"FRPX_PASSWORD": DEMO_USER[1]})
    server = start("frps").ready()
    pair = {"one": {"name": "one", "local_port": echo.port},
            "two": {"name": "two", "local_port": greeter.port}}
    client = expose(lab, server, "a", pair["one"], pair["two"])
    first = {name: port_of(client, name) for name in pair}
    assert len(set(first.values())) == 2 and set(first.values()) <= set(ports)
    client.stop()
    server.kill()  # and not in order
    server = start("frps").ready()
    again = expose(lab, server, "b", pair["two"])
    assert port_of(again, "two") == first["two"]
    other = expose(lab, server, "c", pair["one"])
    assert port_of(other, "one") == first["one"]

    listed = lab.run("frps", "lease", "list", "--json", "--data-dir", lab.folder / "frps-data")
    rows = {row["proxy"]: row["port"] for row in json.loads(listed.stdout)["leases"]}
    assert rows == {f"{DEMO_USER[0]}/{name}": port for name, port in first.items()}
    other.stop()
    done = lab.run("frps", "lease", "release", f"{DEMO_USER[0]}/one",
                   "--data-dir", lab.folder / "frps-data")
    assert done.returncode == 0 and f"port {first['one']}" in done.stdout, done.stderr


def test_nobody_takes_a_promised_port(lab, echo):
    server, _ = server_with(lab, 1)
    holder = expose(lab, server, "a", {"name": "mine", "local_port": echo.port})
    port = port_of(holder, "mine")
    holder.stop()
    wait_for(lambda: services.is_closed(port), 5, "it is closed")
    thief = services.start(lab, server, "b",
                           {"name": "other", "local_port": echo.port, "outer_port": port},
                           {"name": "any", "local_port": echo.port})
    thief.says("refused other: the outer port is in use, or promised to another service")
    thief.says("refused any: all ports of the ranges are leased")
    assert services.is_closed(port)


def test_two_accounts_with_the_same_name(lab, echo, greeter):
    ports = free_ports(4)
    data = ("--data-dir", lab.folder / "frps-data")
    users = [("one@example.com", "secret-one"), ("two@example.com", "secret-two")]
    for email, password in users:
        lab.run("frps", "user", "add", email, *data, env={"FRPX_PASSWORD": password})
    server = lab.frps("--outer-ports", ranges(ports), demo=False)
    first = expose(lab, server, "a", {"name": "ssh", "local_port": echo.port}, user=users[0])
    second = expose(lab, server, "b", {"name": "ssh", "local_port": greeter.port}, user=users[1])
    assert port_of(first, "ssh") != port_of(second, "ssh")
    assert ask(port_of(first, "ssh")) == b"ping"
    assert ask(port_of(second, "ssh")) == b"hello\nping"


def test_ports_are_for_the_accounts_that_may_have_them(lab, echo):
    ports = free_ports(3)
    data = ("--data-dir", lab.folder / "frps-data")

    def says(*command, code=0):
        done = lab.run("frps", "user", *command, *data, env={"FRPX_PASSWORD": "secret"})
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr
    assert "ports: " in says("add", "me@example.com", "--ports", "9000-8000", code=1)
    says("add", "me@example.com", "--ports", ports[1])
    assert f"me@example.com  client  {ports[1]}" in says("list")
    server = lab.frps("--outer-ports", ranges(ports), demo=False)
    client = services.start(lab, server, "a",
                            {"name": "theirs", "local_port": echo.port, "outer_port": ports[0]},
                            {"name": "any", "local_port": echo.port},
                            {"name": "more", "local_port": echo.port},
                            user=("me@example.com", "secret"))
    client.says(r"refused theirs: this account may not have that outer port \(frps user ports\)")
    one, other = client.says(r"\b(any|more) is open")[1], client.says(r"refused (any|more): all")[1]
    assert {one, other} == {"any", "more"} and port_of(client, one) == ports[1]
    assert services.is_closed(ports[0]) and services.is_closed(ports[2])

    says("ports", "me@example.com", f"{ports[0]},{ports[1]}")
    client.says(f"{other} is open on the server's port {ports[0]}", limit=25)
    assert ask(ports[0]) == b"ping", "it counts for a client that is here"
    client.stop()

    says("ports", "me@example.com", "any")
    client = expose(lab, server, "a",
                    {"name": "theirs", "local_port": echo.port, "outer_port": ports[2]},
                    {"name": other, "local_port": echo.port},
                    user=("me@example.com", "secret"))
    assert ask(ports[2]) == b"ping" and port_of(client, other) == ports[0]
    client.stop()

    says("ports", "me@example.com", ports[1])  # a lease is no right to a port
    client = services.start(lab, server, "a", {"name": other, "local_port": echo.port},
                            user=("me@example.com", "secret"))
    client.says(f"refused {other}: this account may not have that outer port")


def test_a_name_in_use_is_refused_without_a_group(lab, echo):
    server, ports = server_with(lab)
    expose(lab, server, "a", {"name": "s", "local_port": echo.port, "outer_port": ports[0]})
    other = services.start(lab, server, "b",
                           {"name": "s", "local_port": echo.port, "outer_port": ports[1]})
    other.says("refused s: another client of this account has a service of that name")


@pytest.mark.parametrize("form", [[], ["--no-link"]], ids=["link", "own connections"])
def test_a_group_is_balanced_and_fails_over(lab, form):
    def naming(name):
        return lab.add(net.Listener(lambda sock: sock.sendall(name)))
    locals_ = {"a": naming(b"a"), "b": naming(b"b")}
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
    def naming(name):
        return lab.add(net.Listener(lambda sock: (sock.sendall(name), sock.recv(1))))
    server, ports = server_with(lab, 1, "--group-policy", policy)
    for who in (b"a", b"b"):
        expose(lab, server, who.decode(), {"name": "s", "local_port": naming(who).port,
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
    def naming(name):
        return lab.add(net.Listener(lambda sock: sock.sendall(name)))
    server, ports = server_with(lab, 1, "--group-policy", "round-robin")
    for who, weight in ((b"a", 1), (b"b", 3)):
        expose(lab, server, who.decode(),
               {"name": "s", "local_port": naming(who).port, "outer_port": ports[0], "group": "g",
                "weight": weight}, more=form)

    def served():
        with net.connect(ports[0]) as sock:
            return net.end_of(sock)[1]
    shares = Counter(served() for _ in range(40))
    assert shares == {b"a": 10, b"b": 30}


def test_how_long_a_clients_word_is_waited_for_is_an_option(lab):
    """By default 3 s; then the visitor of one that says nothing for longer is given to another."""
    def naming(name):
        return lab.add(net.Listener(lambda sock: sock.sendall(name)))
    server, ports = server_with(lab, 1, "--group-policy", "round-robin",
                                "--confirmation-timeout", "14s")
    clients = {who: expose(lab, server, who.decode(),
                           {"name": "s", "local_port": naming(who).port, "outer_port": ports[0],
                            "group": "g"}) for who in (b"a", b"b")}
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


def connections_to(port):
    """How many established TCP connections of this machine go to that port of loopback."""
    rows = [line.split() for line in open("/proc/net/tcp", encoding="ascii")][1:]
    return sum(row[2].endswith(f":{port:04X}") and row[3] == "01" for row in rows)


def test_more_visitors_than_a_link_takes(lab, echo):
    """When the links to all workers are full, visitors get a connection each."""
    server, ports = server_with(lab)
    expose(lab, server, "a", {"name": "echo", "local_port": echo.port, "outer_port": ports[0]},
           more=["--link-streams", 8])
    links = 2
    wait_for(lambda: connections_to(server.proxy) == links, 10, "both links are up")
    visitors = [net.connect(ports[0]) for _ in range(100)]
    for sock in visitors:
        sock.sendall(b"x")
    assert all(sock.recv(1) == b"x" for sock in visitors)
    own = connections_to(server.proxy) - links
    assert 100 - links * 8 <= own < 100, "the links carry what they take, and no more"
    for sock in visitors:
        sock.close()
    wait_for(lambda: connections_to(server.proxy) == links, 10, "the links alone are left")
    assert ask(ports[0]) == b"ping"


@pytest.mark.parametrize("form", [[], ["--no-link"]], ids=["link", "own connections"])
def test_a_burst_of_visitors_is_not_refused(lab, form):
    """More at once than a client connects to its service at once."""
    local = lab.add(net.Listener(services.echo, backlog=4096))
    server, ports = server_with(lab)
    expose(lab, server, "a", {"name": "echo", "local_port": local.port, "outer_port": ports[0]},
           more=form)
    socks = []
    for _ in range(200 if under_sanitizer() else 1500):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex((net.LOOPBACK, ports[0]))
        socks.append(sock)
    for sock in socks:
        connected = select.poll()
        connected.register(sock, select.POLLOUT)
        assert connected.poll(seconds(20) * 1000)
        sock.settimeout(seconds(20))
        sock.sendall(b"x")
    assert all(sock.recv(1) == b"x" for sock in socks)
    for sock in socks:
        sock.close()


def test_a_client_that_comes_back_has_its_ports_again(lab, echo):
    server, ports = server_with(lab)
    entry = {"name": "s", "local_port": echo.port, "outer_port": ports[0]}
    client = expose(lab, server, "a", entry)
    open_one = net.connect(ports[0])
    open_one.sendall(b"x")
    assert open_one.recv(1) == b"x"
    client.kill()
    assert net.end_of(open_one)[0] == "rst", "its visitors are not left waiting"
    wait_for(lambda: services.is_closed(ports[0]), 5, "the port is closed with its client")
    expose(lab, server, "a", entry)
    serves(ports[0])


def test_a_server_that_restarts_has_the_ports_again(lab, echo):
    server, ports = server_with(lab)
    client = expose(lab, server, "a",
                    {"name": "s", "local_port": echo.port, "outer_port": ports[0]})
    assert ask(ports[0]) == b"ping"
    server.stop()
    client.says("trying until it works")
    lab.frps("--outer-ports", ranges(ports), "--control-port", server.control, "--proxy-port",
             server.proxy, name="frps-again")
    serves(ports[0], limit=25)


def test_expose_without_a_file(lab, echo):
    server, ports = server_with(lab)
    client = lab.frpc(server, "a", None, "expose", "tcp", echo.port, "--outer-port", ports[1])
    client.says(f"tcp-{echo.port} is open on the server's port {ports[1]}")
    assert ask(ports[1]) == b"ping"


def test_ten_thousand_rounds_leak_nothing(lab):
    rounds = 1_000 if under_sanitizer() else 10_000
    server, ports = server_with(lab)
    with Peer(server, "a") as peer:

        def one_round(count):
            for _ in range(count):
                peer.send("RegisterService", name="s", kind="tcp", outer_port=ports[0])
                assert peer.receive("RegisterServiceResult")["success"]
                peer.send("CancelService", name="s")
                assert peer.receive("CancelServiceResult")["success"]
        one_round(rounds // 10)
        fds, memory = server.fds(), server.memory()
        one_round(rounds)
        assert server.fds() == fds
        if not under_sanitizer():
            assert server.memory() - memory < 2_000_000, "memory stays"


HOSTILE = [
    ("a name with a space", dict(name="a b"), False),
    ("no name", dict(name=""), False),
    ("a name of 128", dict(name="x" * 128), True),
    ("a name of 129", dict(name="x" * 129), False),
    ("a port outside", dict(outer_port=1), False),
    ("weight 0", dict(weight=0), False),
    ("weight 1000", dict(weight=1000), True),
    ("weight 1001", dict(weight=1001), False),
    ("bandwidth 1023", dict(bandwidth=1023), False),
    ("bandwidth 1024", dict(bandwidth=1024), True),
    ("no network", dict(allow=["10.0.0.1/8"]), False),
    ("a host name", dict(deny=["localhost"]), False),
    ("32 networks", dict(allow=["10.0.0.0/8"] * 32), True),
    ("control characters", dict(message="\x1b[2J"), False),
    ("metadata", dict(metadata=[{"name": "a\n", "value": "b"}]), False),
]


def test_hostile_registrations(lab):
    assert HOSTILE
    server, ports = server_with(lab)
    with Peer(server, "a") as peer:
        for what, fields, good in HOSTILE:
            fields = {"name": "s", "kind": "tcp", "outer_port": ports[0], **fields}
            peer.send("RegisterService", **fields)
            answer = peer.receive("RegisterServiceResult")
            assert answer["success"] is good, (what, answer)
            if good:
                peer.send("CancelService", name=fields["name"])
                assert peer.receive("CancelServiceResult")["success"]
        peer.send("CancelService", name="unknown")
        assert not peer.receive("CancelServiceResult")["success"]
        peer.send("RegisterService", name="s", kind="tcp", outer_port=ports[0])
        assert peer.receive("RegisterServiceResult")["success"]
        peer.send("RegisterService", name="s", kind="tcp", outer_port=ports[1])
        assert not peer.receive("RegisterServiceResult")["success"], "the same name twice"
        peer.send("AskFreePorts", kind="tcp")
        free = peer.receive("FreePorts")["ranges"]
        assert {p for r in free for p in range(r["first"], r["last"] + 1)} == set(ports[1:])
        peer.send("AskServices", prefix="s")
        [info] = peer.receive("Services")["services"]
        assert (info["name"], info["port"], info["capacity"]) == ("s", ports[0], 10000)
    for number, broken in enumerate([dict(kind="sctp"), dict(outer_port=65536),
                                     dict(outer_port=-1), dict(allow=["10.0.0.0/8"] * 33),
                                     dict(message="x" * 257), dict(name=7)]):
        with Peer(server, f"b{number}") as peer:
            peer.send("RegisterService", **{"name": "s", "kind": "tcp", "outer_port": ports[1],
                                            **broken})
            assert peer.ended(), broken


def test_without_the_capability_nothing_is_registered(lab):
    server, ports = server_with(lab)
    with Peer(server, "a", caps=["link/1"]) as peer:
        assert peer.caps == ["link/1"]
        peer.send("RegisterService", name="s", kind="tcp", outer_port=ports[0])
        peer.send("Heartbeat", models=None)
        peer.receive("HeartbeatAck")  # so the server has read what came before
        assert services.is_closed(ports[0])
