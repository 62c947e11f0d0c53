"""frplite's programs, and our client with a public proxylite server (support/public_proxylite.py)."""

import socket

import pytest

from support import net, public_proxylite as pl
from support.net import Listener, free_port, free_ports
from support.programs import BIN, Program, under_sanitizer
from support.public_proxylite import PublicClient, PublicServer
from support.sshd import Sshd
from support.waiting import holds_for, wait_for
from system.test_proxylite import echo, say_and_hear


def start(lab, name, ini, expect=None):
    """One of the two programs with that configuration."""
    file = lab.folder / f"{len(lab.programs)}.ini"
    file.write_text(ini)
    program = Program(f"{name}-{len(lab.programs)}", [BIN / name, "-c", file], lab.folder)
    lab.programs.append(program)
    if expect:
        program.says(expect)
    return program


def client_ini(server_port, **services):
    lines = [f"[common]\nserver_addr = 127.0.0.1\nserver_port = {server_port}"]
    lines += [f"[{name}]\ntype = tcp\nlocal_ip = 127.0.0.1\nlocal_port = {local}\n"
              f"remote_port = {remote}" for name, (local, remote) in services.items()]
    return "\n".join(lines) + "\n"


@pytest.fixture
def outer():
    return free_port()


@pytest.fixture
def public_server(lab, outer):
    return lab.add(PublicServer([outer]))


# --- our client with the public server ------------------------------------------------------------


def test_visitors_of_a_public_server(lab, public_server, outer):
    service = lab.add(Listener(echo))
    start(lab, "frplite-frpc", client_ini(public_server.port, web=(service.port, outer)), "is open")
    wish, = public_server.requests
    assert wish["Info"] == {"OuterPort": outer, "InnerAddr": f"127.0.0.1:{service.port}",
                            "Name": "web", "Message": "web"}
    assert wish["Ctrl"] == {"MaxServeTime": 0, "MaxServeConn": 0, "MaxServeCount": 0}
    visitors = [net.connect(outer) for _ in range(20)]
    for number, sock in enumerate(visitors):
        sock.sendall(b"%03d" % number)
    for number, sock in enumerate(visitors):
        assert pl.exactly(sock, 3) == b"%03d" % number
    data = bytes(range(256)) * 8000
    visitors[0].sendall(data)
    assert pl.exactly(visitors[0], len(data)) == data


def test_the_public_servers_echo_of_a_close_connects_nobody(lab, public_server, outer):
    service = lab.add(Listener(lambda sock: sock.sendall(pl.exactly(sock, 1))))
    start(lab, "frplite-frpc", client_ini(public_server.port, web=(service.port, outer)), "is open")
    for number in range(1, 6):
        assert say_and_hear(outer, b"x") == b"x"
        assert service.accepted == number
    holds_for(lambda: service.accepted == 5, 0.3, "no connection for an echo")


def test_a_service_that_is_not_there_ends_the_visitor(lab, public_server, outer):
    nobody = free_port()
    start(lab, "frplite-frpc", client_ini(public_server.port, web=(nobody, outer)), "is open")
    with net.connect(outer) as visitor:
        visitor.sendall(b"x")
        assert net.end_of(visitor)[0] in ("fin", "rst")


def test_a_tunnel_that_ends_is_registered_again(lab, public_server, outer):
    service = lab.add(Listener(echo))
    start(lab, "frplite-frpc", client_ini(public_server.port, web=(service.port, outer)), "is open")
    for again in (1, 2):
        public_server.end_tunnel(outer)
        wait_for(lambda: len(public_server.requests) > again, 10, "it registers again")
        wait_for(lambda: outer in public_server.tunnels, 10, "the port is open")
        assert say_and_hear(outer, b"x") == b"x"


def test_our_client_tells_a_refusal_once_and_goes_on_trying(lab, public_server, outer):
    service = lab.add(Listener(echo))
    client = start(lab, "frplite-frpc",
                   client_ini(public_server.port, web=(service.port, 1), ok=(service.port, outer)),
                   r"\[ok\] is open")
    wait_for(lambda: len(public_server.requests) > 3, 10, "it tries again")
    assert client.log().count("does not give this outer port") == 1
    assert say_and_hear(outer, b"x") == b"x"


# --- frplite's two programs -----------------------------------------------------------------------


def test_the_two_programs_together(lab):
    port = free_port()
    start(lab, "frplite-frps", f"[common]\nbind_port = {port}\n", "this machine alone")
    service = lab.add(Listener(echo))
    assert pl.free_ports(port) == list(range(40000, 50001))
    outer = next(p for p in range(40000, 50001) if is_free(p))
    start(lab, "frplite-frpc", client_ini(port, ssh=(service.port, outer)), "is open")
    assert say_and_hear(outer, b"hello") == b"hello"
    assert pl.services(port)[0]["Name"] == "ssh"


def test_the_server_gives_the_ports_that_its_file_allows(lab):
    port, ports = free_port(), sorted(free_ports(3))
    server = start(lab, "frplite-frps", f"[common]\nbind_port = {port}\n"
                   f"allow_ports = {ports[0]}, {ports[1]}-{ports[1]}\n"
                   "proxy_bind_addr = 127.0.0.1\nlog_level = info\n"
                   "max_ports_per_client = 5\ntls_only = true\n[plugin.x]\naddr = y\n",
                   "this machine alone")
    wait_for(lambda: "Proxylite clients may come" in server.log(), 10, "it serves")
    assert pl.free_ports(port) == ports[:2]
    told = [line for line in server.log().splitlines() if "ignored" in line]
    assert told == ["[common]: max_ports_per_client is ignored", "[common]: tls_only is ignored",
                    "[plugin.x] is ignored: only [common] is known here"]


def test_the_server_tells_what_its_log_level_says(lab):
    port = free_port()
    server = start(lab, "frplite-frps", f"[common]\nbind_port = {port}\nlog_level = error\n")
    wait_for(lambda: is_taken(port), 10, "it serves")
    assert "Proxylite clients may come" not in server.log()


def test_the_client_names_the_keys_that_it_does_not_know(lab, public_server, outer):
    ini = client_ini(public_server.port, web=(1, outer)) + "use_encryption = true\n"
    client = start(lab, "frplite-frpc", ini, "is open")
    assert client.log().count("is ignored") == 1
    assert "[web]: use_encryption is ignored" in client.log()


def test_ssh(lab):
    """Debian's sshd through a proxylite tunnel, both ends ours."""
    port, sshd = free_port(), lab.add(Sshd(lab.folder))
    start(lab, "frplite-frps", f"[common]\nbind_port = {port}\n", "this machine alone")
    outer = next(p for p in range(40000, 50001) if is_free(p))
    start(lab, "frplite-frpc", client_ini(port, ssh=(sshd.port, outer)), "is open")
    data = b"x" * 200_000
    assert sshd.run(outer, "cat; echo $((6*7))", data) == data + b"42\n"


def test_ssh_of_a_public_client(lab):
    port, sshd = free_port(), lab.add(Sshd(lab.folder))
    start(lab, "frplite-frps", f"[common]\nbind_port = {port}\n", "this machine alone")
    outer = next(p for p in range(40000, 50001) if is_free(p))
    client = lab.add(PublicClient(port, outer, sshd.port))
    assert client.code == 0
    assert sshd.run(outer, "echo $((6*7))") == b"42\n"


def test_more_visitors_than_usual_floors_allow(lab):
    """Between our programs all visitors share one link, and each is promised its part of it."""
    port, count = free_port(), 200 if under_sanitizer() else 1500
    start(lab, "frplite-frps", f"[common]\nbind_port = {port}\n", "this machine alone")
    service = lab.add(Listener(echo, backlog=4096))
    outer = next(p for p in range(40000, 50001) if is_free(p))
    start(lab, "frplite-frpc", client_ini(port, s=(service.port, outer)), "is open")
    visitors = [net.connect(outer) for _ in range(count)]
    for sock in visitors:
        sock.sendall(b"x" * 5000)  # more than its part: it is sent bit by bit
    assert all(pl.exactly(sock, 5000) == b"x" * 5000 for sock in visitors)
    found, = pl.services(port)
    assert found["Online"] == count
    for sock in visitors:
        sock.close()
    wait_for(lambda: pl.services(port)[0]["Online"] == 0, 10, "all have left")


def is_taken(port):
    return not is_free(port)


def is_free(port):
    try:
        socket.create_server((net.LOOPBACK, port)).close()
        return True
    except OSError:
        return False


@pytest.mark.parametrize("program, ini, complaint", [
    ("frplite-frps", "[common]\nbind_port = x\n", "bind_port is not a port"),
    ("frplite-frps", "nonsense\n", "line 1"),
    ("frplite-frps", "[common]\nallow_ports = 7-5\n", "allow_ports: "),
    ("frplite-frps", "[common]\nlog_level = loud\n", "log_level"),
    ("frplite-frpc", "[common]\n[a]\ntype = udp\nlocal_port=1\nremote_port=1\n", "udp is not served"),
    ("frplite-frpc", "[a]\nlocal_port = 1\n", "must be ports"),
])
def test_files_that_make_no_sense(lab, program, ini, complaint):
    file = lab.folder / "bad.ini"
    file.write_text(ini)
    done = lab.run(program, "-c", file)
    assert (done.returncode, complaint in done.stderr) == (2, True), done.stderr
