"""Starting, refusing to start, and ending: ports, ready file, demo, data folder, signals."""

import json
import os
import signal
import socket
import stat
import subprocess
import threading

import pytest

from support import frames, net, raw_http
from support.chaos_proxy import ChaosProxy
from support.fake_ollama import FakeOllama
from support.programs import BIN, DEMO_KEYS, Program, Server
from support.waiting import wait_for

# --- starting -------------------------------------------------------------------------------------


def test_the_ready_file(lab):
    server = lab.frps()
    assert set(server.ports) >= {"control", "proxy", "public", "api"}
    ports = [server.ports[name] for name in ("control", "proxy", "public", "api")]
    assert len(set(ports)) == 4 and all(0 < p < 65536 for p in ports)
    for port in ports:
        net.connect(port).close()
    left = [f.name for f in lab.folder.iterdir() if "ready" in f.name]
    assert left == ["frps.ready.json"], "no temporary file remains"


@pytest.mark.parametrize("option", Server.PORTS)
def test_a_port_in_use_is_named_with_its_option(lab, option):
    with socket.socket() as taken:
        taken.bind((net.LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        server = lab.frps(option, port, ready=False)
        assert server.ends() not in (0, None)
        assert str(port) in server.log() and option in server.log()
        assert not server.ready_file.exists()


def test_two_servers_do_not_share_a_port(lab):
    first = lab.frps()
    second = lab.frps("--public-port", first.public, name="second", ready=False)
    assert second.ends() != 0
    assert "--public-port" in second.log()


def test_a_data_folder_that_cannot_be_written(lab):
    blocked = lab.folder / "a-file"
    blocked.write_text("")
    server = lab.frps("--data-dir", blocked / "below", demo=False, ready=False)
    assert server.ends() not in (0, None)
    assert str(blocked) in server.log()


def test_the_data_folder_is_private(lab):
    lab.frps(demo=False)
    folder = lab.folder / "frps-data"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for file in folder.rglob("*"):
        assert not stat.S_IMODE(file.stat().st_mode) & 0o077, f"{file} is open to others"


def test_a_data_folder_that_everybody_may_write_is_refused(lab):
    folder = lab.folder / "open"
    folder.mkdir()
    folder.chmod(0o777)
    for program, options in (("frps", ()), ("frp-port-keeper", ("--allow-ports", "9000"))):
        done = lab.run(program, "--data-dir", folder, *options)
        assert done.returncode != 0
        assert f"chmod o-w {folder}" in done.stderr
    assert not list(folder.iterdir())


@pytest.mark.parametrize("option, value", [
    ("--database-url", "mysql://x/y"), ("--database-url", "not a url"),
    ("--redis-url", "http://x"), ("--redis-url", "::::"),
    ("--control-port", "70000"), ("--control-port", "-1"), ("--control-port", "x"),
    ("--workers", "-1"), ("--log-level", "shout"), ("--bind", "not-an-address"),
    ("--stream-timeout", "soon"), ("--no-such-option", "1")])
def test_bad_options_are_refused_by_name(lab, option, value):
    done = lab.run("frps", "--data-dir", lab.folder / "data", option, value, limit=10)
    assert done.returncode == 2
    assert option in done.stderr


def test_all_problems_are_told_at_once(lab):
    done = lab.run("frps", "--bind", "nowhere", "--database-url", "mysql://x", "--data-dir", "d",
                   "--redis-url", "ftp://x", limit=10)
    assert done.returncode == 2
    for option in ("--bind", "--database-url", "--redis-url"):
        assert option in done.stderr, option


@pytest.mark.parametrize("url", ["mysql://user:hunter2@host/db", "postgres://u:hunter2@:bad:/x"])
def test_a_secret_in_a_bad_url_is_not_shown(lab, url):
    done = lab.run("frps", "--database-url", url, "--data-dir", "d", limit=10)
    if done.returncode == 0:
        pytest.fail("it started")
    assert "hunter2" not in done.stderr + done.stdout


# --- configuration --------------------------------------------------------------------------------


def printed(lab, *options, env=None):
    done = lab.run("frps", *options, "--data-dir", lab.folder / "data", "--print-config", env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_order_of_sources(lab):
    file = lab.folder / "frps.toml"
    file.write_text("control-port = 1001\nproxy-port = 1002\npublic-port = 1003\n")
    shown = printed(lab, "--config", file, "--public-port", 3003,
                    env={"FRPX_PROXY_PORT": 2002, "FRPX_PUBLIC_PORT": 2003})
    for line in ("control-port = 1001", "proxy-port = 2002", "public-port = 3003",
                 "api-port = 18081"):
        assert line in shown, shown


def test_an_unknown_key_names_file_and_line(lab):
    file = lab.folder / "frps.toml"
    file.write_text('bind = "::"\n\nunheard-of = 1\n')
    done = lab.run("frps", "--config", file)
    assert done.returncode == 2
    assert "frps.toml:3" in done.stderr and "unheard-of" in done.stderr


def test_secrets_are_not_printed(lab):
    shown = printed(lab, env={"API_KEY": "my-secret-key", "DATABASE_URL": "sqlite:/x/secretdb"})
    assert "my-secret-key" not in shown


def test_api_key_from_the_environment_is_valid(lab):
    server = lab.frps(demo=False, env={"API_KEY": "from-the-environment"})
    assert server.fetch(key="from-the-environment").status == 503
    assert server.fetch(key="another").status == 401


# --- the demo -------------------------------------------------------------------------------------


# 127.0.0.1 and ::1 as /proc/net/tcp and tcp6 write them.
LOOPBACKS = {"0100007F", "00000000000000000000000001000000"}


def test_the_demo_is_loud_and_on_loopback(lab):
    server = lab.frps()
    server.says("(?i)demo")
    loud = next(line for line in server.log().splitlines() if "demo" in line.lower())
    assert "warn" in loud.lower() or loud.isupper() or "!!" in loud, loud
    listening = subprocess.run(["cat", "/proc/net/tcp", "/proc/net/tcp6"], capture_output=True,
                               text=True, check=True).stdout
    for port in (server.control, server.proxy, server.public, server.api_port):
        addresses = {line.split()[1].split(":")[0] for line in listening.splitlines()
                     if f":{port:04X} " in line and " 0A " in line}
        assert addresses and addresses <= LOOPBACKS, addresses


def test_the_demo_ignores_databases_and_says_so(lab):
    server = lab.frps("--database-url", "sqlite:" + str(lab.folder / "x.db"),
                      "--redis-url", "redis://127.0.0.1:1")
    server.says("(?i)ignor")
    assert not (lab.folder / "x.db").exists()


def test_both_demo_keys(lab):
    server = lab.frps()
    for key in DEMO_KEYS:
        assert server.fetch(key=key).status == 503


def test_without_demo_there_is_no_default_key_or_user(lab):
    server = lab.frps(demo=False)
    for key in DEMO_KEYS:
        assert server.fetch(key=key).status == 401
    client = lab.frpc(server, "a", net.closed_port())
    assert client.ends() == 2
    server.says("frps user add")
    server.says("frps key add")


# --- ending ---------------------------------------------------------------------------------------


def end_in_time(program, how=signal.SIGTERM, limit=12):
    program.process.send_signal(how)
    assert program.ends(limit) == 0, program.log()


def refuses(port):
    try:
        net.connect(port).close()
        return False
    except (ConnectionRefusedError, ConnectionResetError):
        return True  # reset: it was accepted by the kernel in the listener's last moment


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_server_and_client_end_at_once(lab, how):
    server, _, clients = lab.house("a")
    end_in_time(clients["a"], how, limit=3)
    end_in_time(server, how, limit=3)


def test_a_client_that_served_ends_at_once(lab):
    """Streams kept for reuse are nobody's request: nothing to drain."""
    server, _, clients = lab.house("a")
    assert server.fetch().status == 200
    end_in_time(clients["a"], limit=2)
    server.has(limit=2)


def test_a_server_ends_with_clients_connected(lab):
    server, _, clients = lab.house("a", "b")
    end_in_time(server, limit=3)
    assert clients["a"].running and clients["b"].running


def test_a_server_ends_with_idle_visitors(lab):
    server, _, _ = lab.house("a")
    visitors = [server.visitor() for _ in range(20)]
    for visitor in visitors[:10]:
        visitor.ask("GET", "/x")
    end_in_time(server, limit=3)


def test_a_server_ends_with_half_logins_and_half_heads(lab):
    server = lab.frps()
    opened = [net.connect(p) for p in (server.control, server.proxy, server.public,
                                       server.api_port)]
    opened[0].sendall(frames.encode("Login", email="a", pass_="b")[:20])
    opened[1].sendall(b"\0\0")
    opened[2].sendall(b"GET / HTT")
    opened[3].sendall(b"GET /api/he")
    end_in_time(server)
    for sock in opened:
        sock.close()


@pytest.mark.parametrize("who", ["server", "client"])
def test_a_running_answer_may_finish(lab, who):
    server, services, clients = lab.house("a")
    with server.visitor() as visitor:
        visitor.send(raw_http.request("GET", "/sse?count=2&gate=1"))
        services["a"].first("/sse")
        services["a"].release()
        pieces = visitor.pieces(visitor.head())
        assert next(pieces) == b"data: event 0\n\n"
        program = server if who == "server" else clients["a"]
        program.process.terminate()
        if who == "server":
            wait_for(lambda: refuses(server.public), 5, "nothing new is accepted")
        else:
            server.says("(?i)(drain|left|gone|leav|disconnect)")
        services["a"].release()
        assert next(pieces) == b"data: event 1\n\n"
        with pytest.raises(StopIteration):
            next(pieces)
    assert program.ends(5) == 0


def test_what_does_not_finish_is_cut(lab):
    server, services, _ = lab.house("a", options=["--drain-timeout", "500ms"])
    with server.visitor() as visitor:
        visitor.send(raw_http.request("GET", "/hang"))
        services["a"].first("/hang")
        end_in_time(server, limit=4)
        assert visitor.end() in ("fin", "rst")


def test_a_second_signal_ends_at_once(lab):
    server, services, _ = lab.house("a", options=["--drain-timeout", "60s"])
    with server.visitor() as visitor:
        visitor.send(raw_http.request("GET", "/hang"))
        services["a"].first("/hang")
        server.process.terminate()
        wait_for(lambda: refuses(server.public), 5, "it drains")
        server.process.terminate()
        assert server.ends(5) is not None


def test_a_loaded_server_ends_in_time(lab):
    server, _, _ = lab.house("a", options=["--drain-timeout", "2s"])
    stop = threading.Event()

    def load():
        while not stop.is_set():
            try:
                with server.visitor() as visitor:
                    while not stop.is_set():
                        visitor.ask("GET", "/bytes?size=100000")
            except OSError:
                return

    visitors = [threading.Thread(target=load, daemon=True) for _ in range(8)]
    for visitor in visitors:
        visitor.start()
    wait_for(lambda: server.fetch().status == 200, 5, "it serves")
    end_in_time(server, limit=6)
    stop.set()


def test_a_client_ends_while_connecting(lab):
    """A server that accepts and says nothing; one that is not there; one that does not exist."""
    silent = lab.add(net.Listener(lambda sock: net.end_of(sock, 60)))

    class Silent:
        control, proxy = silent.port, net.closed_port()

    class Absent:
        control, proxy = net.closed_port(), net.closed_port()

    local = net.closed_port()
    waiting = lab.frpc(Silent, "waiting", local)
    retrying = lab.frpc(Absent, "retrying", local)
    nameless = lab.frpc(Absent, "nameless", local, host="no-such-host.invalid")
    wait_for(lambda: silent.open, 5, "it connects")
    retrying.says(".")
    nameless.says(".")
    for client in (waiting, retrying, nameless):
        end_in_time(client, limit=4)


def test_a_client_ends_during_login(lab):
    server = lab.frps()
    stalled = lab.add(ChaosProxy(server.control))
    stalled.down.mode = "stall"

    class Through:
        control, proxy = stalled.port, server.proxy

    client = lab.frpc(Through, "a", net.closed_port())
    wait_for(lambda: stalled.up.passed > 10, 5, "the login has gone out")
    end_in_time(client, limit=4)


def test_a_client_whose_local_service_hangs_ends(lab):
    server = lab.frps()
    service = lab.add(FakeOllama("a"))
    service.mode = "hang"
    client = lab.frpc(server, "a", service.port)
    server.has("a")
    wait_for(lambda: service.open, 5, "it asks for the models")
    end_in_time(client, limit=4)


def test_nothing_is_left_behind(lab):
    server, _, clients = lab.house("a")
    group = os.getpgid(server.pid)
    end_in_time(clients["a"])
    end_in_time(server)
    with pytest.raises(ProcessLookupError):
        os.killpg(group, 0)


def test_ready_file_in_a_missing_folder_is_an_error(lab):
    server = Program("bad", [BIN / "frps", "--demo", "--control-port", 0, "--proxy-port", 0,
                             "--public-port", 0, "--api-port", 0, "--ready-file",
                             lab.folder / "missing" / "ready"], lab.folder)
    lab.programs.append(server)
    assert server.ends() != 0
    assert "--ready-file" in server.log() or "missing" in server.log()


def test_json_logs_are_one_object_a_line(lab):
    server = lab.frps("--log-format", "json", "--log-level", "debug")
    server.fetch(key="wrong\x7f")
    end_in_time(server)
    lines = [json.loads(line) for line in server.log().splitlines()]
    assert lines and all({"time", "level", "message"} <= set(line) for line in lines)
