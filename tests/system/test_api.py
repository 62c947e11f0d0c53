"""The operators' REST API, first form."""

import json
import os
import pty
import re
import select
import signal
import socket
import subprocess

import pytest

from support import raw_http
from support.programs import BIN, Program, environment
from support.public_frpx import PublicClient
from support.waiting import holds_for, seconds, wait_for


def data_of(answer, status=200):
    """Assert frpx's envelope; returns its data."""
    assert answer.status == status, answer
    assert answer.get("Content-Type").startswith("application/json")
    envelope = answer.json()
    assert set(envelope) == {"success", "data", "message", "timestamp"}
    assert envelope["success"] is (status == 200)
    if status == 200:
        assert envelope["message"] == "操作成功"
    else:
        assert envelope["data"] is None and envelope["message"]
    return envelope["data"]


def test_health(lab):
    server = lab.frps()
    health = data_of(server.api("/api/health"))
    assert health["status"] == "healthy"


def test_clients(lab):
    server, _, _ = lab.house("a", "b")
    server.learns("a", "tiny")
    listed = data_of(server.api("/api/clients"))
    assert sorted(c["client_id"] for c in listed) == ["a", "b"]
    one = data_of(server.api("/api/clients/a"))
    assert one["client_id"] == "a" and one["authed"] is True
    wait_for(lambda: data_of(server.api("/api/clients/a"))["system_info"], 10, "system info")
    assert "123456" not in json.dumps(listed)


def test_an_unknown_client_is_404(lab):
    server = lab.frps()
    data_of(server.api("/api/clients/nobody"), 404)
    data_of(server.api("/api/clients/nobody", "DELETE"), 404)
    data_of(server.api("/api/clients/" + "x" * 3000), 404)
    data_of(server.api("/api/clients/%2e%2e%2f"), 404)


def test_stats(lab):
    server, _, _ = lab.house("a", "b")
    before = data_of(server.api("/api/stats"))
    assert before["active_clients"] == 2 and before["uptime_seconds"] >= 0
    for _ in range(5):
        server.fetch()
    after = wait_for(lambda: (now := data_of(server.api("/api/stats")))["total_connections"]
                     >= before["total_connections"] + 5 and now, 5, "connections are counted")
    assert after["pending_connections"] == 0


def test_unknown_paths_and_methods(lab):
    server = lab.frps()
    data_of(server.api("/api/nothing"), 404)
    assert server.api("/api/health", "POST").status == 405
    assert server.api("/api/clients", "DELETE").status == 405


def test_keep_alive_and_head(lab):
    server = lab.frps()
    host = f"127.0.0.1:{server.api_port}"
    with raw_http.Visitor(server.api_port) as visitor:
        for _ in range(3):
            data_of(visitor.ask("GET", "/api/health", key=None, host=host))


@pytest.mark.parametrize("host", ["evil.example.com", "evil.example.com:18081", "127.0.0.1.nip.io",
                                  "localhost.evil.com", "169.254.1.1"])
def test_a_foreign_host_is_refused(lab, host):
    """Against DNS rebinding: a web page must not reach the API under its own name."""
    server, _, _ = lab.house("a")
    for method, target in (("GET", "/api/clients"), ("DELETE", "/api/clients/a")):
        answer = server.api(target, method, host=host)
        assert answer.status in (400, 403, 421)
        assert answer.json()["success"] is False
    server.has("a")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_its_own_hosts_are_accepted(lab, host):
    server = lab.frps()
    data_of(server.api("/api/health", host=host))
    data_of(server.api("/api/health", host=f"{host}:{server.api_port}"))


def test_a_foreign_origin_may_change_nothing(lab):
    server, _, _ = lab.house("a")
    answer = server.api("/api/clients/a", "DELETE", headers={"Origin": "http://evil.example.com"})
    assert answer.get("Access-Control-Allow-Origin") not in ("*", "http://evil.example.com")


def test_delete_ends_a_client_and_refuses_its_id(lab):
    server, services, clients = lab.house("a", "b")
    with server.visitor() as visitor:
        visitor.send(raw_http.request("GET", "/sse?count=2&gate=1", headers={"client_id": "a"}))
        services["a"].first("/sse")
        services["a"].release()
        next(visitor.pieces(visitor.head()))
        data_of(server.api("/api/clients/a", "DELETE"))
        server.has("b", limit=3)
        assert visitor.end() == "rst", "its streams end, and not as if they were complete"
    # 60 s long; the client itself must not die of it.
    holds_for(lambda: set(server.clients()) == {"b"}, 3, "the id stays refused")
    assert clients["a"].running
    refused = lab.add(PublicClient(server, "a", services["a"].port)).start()
    wait_for(lambda: refused.ended, 10, "a public client is refused as well")
    assert refused.refusal
    for _ in range(5):
        assert server.fetch().get("X-Frpx-Client") == "b"


def test_an_api_token_is_asked_for(lab):
    server = lab.frps("--api-token", "a-token-for-operators")
    data_of(server.api("/api/clients"), 401)
    data_of(server.api("/api/clients", headers={"Authorization": "Bearer wrong"}), 401)
    data_of(server.api("/api/clients",
                       headers={"Authorization": "Bearer a-token-for-operators"}))
    assert "a-token-for-operators" not in server.log()


@pytest.mark.parametrize("data", [
    b"\0\0\0\x02{}", b"GET /api/clients HTTP/1.1\r\n\r\n", b"GET /api/clients\r\n\r\n",
    b"GET /api/clients HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"POST /api/clients HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"])
def test_rubbish_on_the_api_port(lab, data):
    server = lab.frps()
    with raw_http.Visitor(server.api_port) as visitor:
        visitor.send(data)
        if not data.startswith(b"\0"):
            assert visitor.response().status in (400, 405)
    data_of(server.api("/api/health"))


def test_monitor_prints_the_clients(lab):
    server, _, _ = lab.house("client_A", "client_B")
    wait_for(lambda: all(c["system_info"] for c in server.clients().values()), 10, "reports")
    done = lab.run("frps", "--monitor", "--api-port", server.api_port)
    assert done.returncode == 0, done.stderr
    heading, columns, rule, *rows = done.stdout.splitlines()
    assert heading == "Client Monitoring Data:"
    assert re.split(r" {2,}|(?<=\)) ", columns) == [
        "Client ID", "CPU (%)", "Memory (%)", "Disk (%)", "Last Heartbeat"]
    assert set(rule) == {"-"}
    assert len(rows) == 2
    for client, row in zip(("client_A", "client_B"), rows):
        assert re.fullmatch(client + r"( +\d+\.\d\d){3} +\d+s ago", row), row
    assert done.stderr == ""


class Mute(PublicClient):
    """Reports nothing, as the public client while its local service keeps it waiting."""

    def _heartbeats(self):
        pass


def test_monitor_without_clients_or_reports(lab):
    server = lab.frps()
    done = lab.run("frps", "--monitor", "--api-port", server.api_port)
    assert (done.returncode, done.stdout) == (0, "No active clients.\n")
    lab.add(Mute(server, "mute", 9)).start()
    server.has("mute")
    done = lab.run("frps", "--monitor", "--api-port", server.api_port)
    assert re.search(r"^mute( +N/A){3} +No data$", done.stdout, re.MULTILINE), done.stdout


def test_monitor_in_json(lab):
    server, _, _ = lab.house("a")
    wait_for(lambda: server.clients()["a"]["system_info"], 10, "a report")
    done = lab.run("frps", "--monitor", "--json", "--api-port", server.api_port)
    assert done.returncode == 0, done.stderr
    [client] = json.loads(done.stdout)
    assert client["client_id"] == "a" and client["inflight"] == 0
    assert 0 <= client["memory_usage"] <= 100 and client["heartbeat_seconds_ago"] >= 0


@pytest.mark.parametrize("asks", ["--monitor", "status"])
def test_who_asks_the_api_needs_its_token(lab, asks):
    server = lab.frps("--api-token", "a-token-for-operators")
    for env, why in (({}, "it asks for its API token"),
                     ({"FRPX_API_TOKEN": "wrong"}, "it refuses this API token")):
        done = lab.run("frps", asks, "--api-port", server.api_port, env=env)
        assert (done.returncode, done.stdout) == (1, "")
        assert why in done.stderr and "FRPX_API_TOKEN" in done.stderr
        answer = lab.run("frps", asks, "--json", "--api-port", server.api_port, env=env)
        assert answer.returncode == 1 and why in json.loads(answer.stdout)["error"]
    done = lab.run("frps", asks, "--api-port", server.api_port,
                   env={"FRPX_API_TOKEN": "a-token-for-operators"})
    assert done.returncode == 0 and done.stdout
    assert "a-token-for-operators" not in done.stdout + done.stderr


@pytest.mark.parametrize("asks", [("--monitor",), ("--monitor", "--watch"), ("status",)])
def test_where_nothing_listens_it_says_what_to_start(lab, asks):
    with socket.socket() as bound:  # and does not listen
        bound.bind(("127.0.0.1", 0))
        done = lab.run("frps", *asks, "--api-port", bound.getsockname()[1])
    assert (done.returncode, done.stdout) == (1, "")
    assert "start the server with `frps`" in done.stderr and "--api-port" in done.stderr


def test_at_another_port_it_says_which_option_names_the_right_one(lab):
    server = lab.frps()
    done = lab.run("frps", "--monitor", "--api-port", server.public)
    assert (done.returncode, done.stdout) == (1, "")
    assert "--api-port" in done.stderr


def test_who_asks_the_api_leaves_no_trace(lab):
    """No store, no data folder, and no home either."""
    server = lab.frps()
    folder = lab.folder / "empty"
    for asks in ("--monitor", "status"):
        done = lab.run("frps", asks, "--api-port", server.api_port, folder=folder,
                       env={"HOME": "", "XDG_STATE_HOME": "", "DATABASE_URL": "postgresql://x/y"})
        assert done.returncode == 0, done.stderr
        assert list(folder.iterdir()) == []


def watch(lab, server, *options):
    program = Program("watch", [BIN / "frps", "--monitor", "--watch", "--api-port",
                                server.api_port, *options], lab.folder)
    lab.programs.append(program)
    return program


def test_watch_prints_again_and_again_until_sigint(lab):
    server, _, clients = lab.house("a", "b")
    watching = watch(lab, server)
    wait_for(lambda: watching.log().count("Client Monitoring Data:") >= 2, 10, "it prints again")
    assert "\x1b" not in watching.log(), "no terminal, no control sequences"
    clients["b"].stop()
    server.has("a")
    before = len(watching.log())
    wait_for(lambda: re.search(r"Client Monitoring Data:\n.*\n-+\na .*\n(Client|\Z)",
                               watching.log()[before:]), 10, "b has gone")
    watching.process.send_signal(signal.SIGINT)
    assert watching.ends() == 0


def test_watch_outlives_the_server(lab):
    server, _, _ = lab.house("a")
    watching = watch(lab, server, "--json")
    watching.says(r'\[\{"client_id":"a"')
    server.stop()
    watching.says(r'\{"error":"[^"]*nothing listens there')
    again = lab.frps("--api-port", server.api_port, name="again")
    wait_for(lambda: watching.log().endswith("[]\n"), 10, "it sees the new server")
    assert again.running
    watching.process.send_signal(signal.SIGINT)
    assert watching.ends() == 0


def test_watch_redraws_a_terminal(lab):
    server, _, _ = lab.house("a")
    ours, theirs = pty.openpty()
    program = subprocess.Popen([str(BIN / "frps"), "--monitor", "--watch", "--api-port",
                                str(server.api_port)], stdin=theirs, stdout=theirs, stderr=theirs,
                               env=environment(lab.folder), start_new_session=True)
    try:
        os.close(theirs)
        shown = b""
        while shown.count(b"\x1b[HClient Monitoring Data:\x1b[K\r\n") < 2:
            assert select.select([ours], [], [], seconds(10))[0], shown
            shown += os.read(ours, 65536)
        program.send_signal(signal.SIGINT)
        assert program.wait(seconds(10)) == 0
    finally:
        program.kill()
        program.wait()
        os.close(ours)


def test_status_tells_what_is_up(lab):
    server, _, _ = lab.house("a", "b")
    wait_for(lambda: all(c["system_info"] for c in server.clients().values()), 10, "reports")
    server.fetch()
    done = lab.run("frps", "status", "--api-port", server.api_port)
    assert done.returncode == 0, done.stderr
    first, *rest = done.stdout.splitlines()
    assert re.fullmatch(r"frps is healthy, up for \d+s|.*\d+m \d\ds", first)
    lines = {line[2:15].strip(): line[16:] for line in rest}
    assert lines["control port"] == str(server.control)
    assert lines["proxy port"] == str(server.proxy)
    assert lines["public port"] == str(server.public)
    assert lines["API port"] == str(server.api_port)
    assert lines["database"].startswith("up since ") and lines["cache"] == "none"
    assert lines["clients"] == "2"
    assert re.fullmatch(r"[1-9]\d* connections since the start", lines["visitors"])
    answer = lab.run("frps", "status", "--json", "--api-port", server.api_port)
    status = json.loads(answer.stdout)
    assert status["status"] == "healthy" and status["active_clients"] == 2
    assert status["public_port"] == server.public


def test_the_page_needs_no_token_but_its_data_does(lab):
    server = lab.frps("--api-token", "a-token-for-operators")
    page = server.api("/")
    assert page.status == 200
    assert "default-src 'none'" in page.get("Content-Security-Policy")
    assert server.api("/api/clients").status == 401
    assert server.api("/assets/nothing.js").status == 401
