"""The port keeper, asked as the public frp server asks its plugin."""

import json
import random
import socket
import threading

import pytest

from support import keeper as kept
from support import net, raw_http
from support.keeper import EXHAUSTED, INVALID, UNCHANGED, content_of
from support.programs import under_sanitizer
from support.waiting import wait_for

# What frp 0.61 sends for one tcp proxy with nearly everything set, byte for byte.
WHOLE = ('{"user":{"user":"myiphone","metas":{"token":"t"},"run_id":"6a3f1c0de8b2aa01"},'
         '"proxy_name":"myiphone.ssh","proxy_type":"tcp","use_encryption":true,'
         '"use_compression":true,"bandwidth_limit":"1MB","bandwidth_limit_mode":"client",'
         '"group":"g","group_key":"k","metas":{"a":"\\u003cb\\u003e"},"annotations":{"c/d":"e"},'
         '"remote_port":0%s,"custom_domains":["a.example"],"headers":{"X-A":"b"},'
         '"multiplexer":"httpconnect"}')


def test_the_first_proxy_gets_the_first_port_and_keeps_it(lab):
    keeper = kept.start(lab, "--allow-ports", "6000-6001,7000")
    assert [keeper.new_proxy(f"u.{n}") for n in "abca"] == [6000, 6001, 7000, 6000]
    assert keeper.ask("NewProxy", content_of("u.d")).body == EXHAUSTED


def test_the_content_comes_back_byte_for_byte(lab):
    keeper = kept.start(lab, "--allow-ports", "6000-6100")
    for odd in ["", ',"big":12345678901234567890', ',"huge":1e400', ',"f":100.0',
                ',"e":"\\u00e9\\/\\ud83d\\ude00é"', ',"dup":1,"dup":2', ',"deep":[[{"a":[]}]]',
                ' ,\t"spaced" :\n 1 ']:
        content = WHOLE % odd
        answer = keeper.ask("NewProxy", content)
        expected = content.replace('"remote_port":0', '"remote_port":6000')
        assert answer.body == f'{{"unchange":false,"content":{expected}}}'.encode()
        assert answer.status == 200 and answer.get("Content-Type") == "application/json"


def test_a_port_is_added_where_none_was(lab):
    keeper = kept.start(lab, "--allow-ports", "6000-6100")
    content = content_of("myiphone.my_wireguard_proxy", "udp", user="myiphone")
    expected = content[:-1] + ',"remote_port":6000}'
    assert keeper.ask("NewProxy", content).body == \
        f'{{"unchange":false,"content":{expected}}}'.encode()


@pytest.mark.parametrize("op, content", [
    ("Login", '{"version":"0.61.0","hostname":"","os":"linux","user":"plain","timestamp":1}'),
    ("Ping", '{"user":{"user":"u","metas":null,"run_id":"r1"},"timestamp":1}'),
    ("CloseProxy", '{"user":{"user":"u","metas":null,"run_id":"r1"},"proxy_name":"u.a"}'),
    ("NewWorkConn", '{"user":{"user":"u","metas":null,"run_id":"r1"}}'),
    ("NewUserConn", '{"user":{"user":"u"},"proxy_name":"u.a","remote_addr":"1.2.3.4:5"}'),
    ("Login", "null"), ("Ping", "7"), ("Future", '"x"')])
def test_other_operations_are_left_unchanged(lab, op, content):
    keeper = kept.start(lab, "--allow-ports", "6000")
    answer = keeper.ask(op, content)
    assert (answer.status, answer.body) == (200, UNCHANGED)


@pytest.mark.parametrize("kind", ["http", "https", "stcp", "sudp", "xtcp", "tcpmux"])
def test_kinds_without_a_port_are_left_unchanged(lab, kind):
    keeper = kept.start(lab, "--allow-ports", "6000")
    assert keeper.ask("NewProxy", content_of("u.web", kind)).body == UNCHANGED
    assert keeper.leases() == {}


def test_invalid_bodies(lab):
    keeper = kept.start(lab, "--allow-ports", "6000")
    good = content_of("u.a")
    bad = ["null", "{}", good[:-1], content_of("", "tcp"), content_of("u.a", ""),
           content_of("u.a", user=""), '{"proxy_name":"u.a","proxy_type":"tcp"}',
           good.replace('"u.a"', "7"), good.replace('"u"', "null")]
    for content in bad:
        answer = keeper.ask("NewProxy", content)
        assert (answer.status, answer.body) == (400, INVALID), content
    keeper.says("set user in frpc")
    assert keeper.leases() == {}
    assert keeper.new_proxy("u.a") == 6000


def test_no_user_may_be_allowed(lab):
    keeper = kept.start(lab, "--allow-ports", "6000", "--allow-no-user")
    assert keeper.new_proxy("plain", user="") == 6000


def test_wishes(lab):
    keeper = kept.start(lab, "--allow-ports", "6000-6010")
    assert keeper.new_proxy("u.a", remote_port=6005) == 6005
    assert keeper.new_proxy("u.b", remote_port=6005) == 6000
    assert keeper.new_proxy("u.c", remote_port=9) == 6001
    assert keeper.new_proxy("u.a", remote_port=6009) == 6005
    keeper.stop()
    keeper = kept.start(lab, "--allow-ports", "6000-6010", "--strict")
    assert keeper.new_proxy("u.d", remote_port=6005) == "REMOTE_PORT_NOT_AVAILABLE"
    assert keeper.new_proxy("u.d", remote_port=6008) == 6008
    assert keeper.new_proxy("u.a", remote_port=9) == 6005


def test_a_user_gets_no_more_ports_than_are_allowed(lab):
    keeper = kept.start(lab, "--allow-ports", "6000-6010", "--max-leases", "2")
    assert [keeper.new_proxy(f"u.{n}") for n in "ab"] == [6000, 6001]
    refused = keeper.new_proxy("u.c")
    assert "TOO_MANY_PORTS_OF_THIS_USER" in refused and "--max-leases" in refused
    assert keeper.new_proxy("v.a", user="v") == 6002
    assert keeper.new_proxy("u.a") == 6000, "what it has stays"
    assert kept.command(lab, "list").stdout.count("  u  u.") == 2
    assert kept.command(lab, "release", "u.a").returncode == 0
    wait_for(lambda: keeper.new_proxy("u.c") == 6000, 5, "the keeper sees it")
    keeper.stop()
    keeper = kept.start(lab, "--allow-ports", "6000-6010", "--max-leases", "0")
    assert [keeper.new_proxy(f"u.{n}") for n in "def"] == [6003, 6004, 6005]


def test_groups_and_shared_numbers(lab):
    keeper = kept.start(lab, "--allow-ports", "6000-6010", "--share-tcp-udp")
    assert keeper.new_proxy("u.a", group="g", group_key="k") == 6000
    assert keeper.new_proxy("u.b", group="g", group_key="k") == 6000
    assert keeper.new_proxy("v.a", user="v", group="g") == 6001
    assert keeper.new_proxy("u.dns", "udp") == 6000
    assert keeper.new_proxy("u.dns2", "udp") == 6001


def test_methods_paths_and_sizes(lab):
    keeper = kept.start(lab, "--allow-ports", "6000", "--path", "/keep")
    assert keeper.fetch("GET", "/ping").body == b"pong"
    assert keeper.fetch("GET", "/keep").status == 405
    assert keeper.fetch("DELETE", "/keep").status == 405
    assert keeper.fetch("POST", "/port-registrations", "{}").status == 404
    for size, status in [(500_000, 200), (1_100_000, 413)]:
        content = content_of("u.a", metas={"a": "x" * size})
        assert keeper.ask("NewProxy", content, "/keep").status == status
    with keeper.visitor() as slow:
        slow.send(kept.request("NewProxy", content_of("u.a"), "/keep"), piece=7)
        assert slow.response().json()["content"]["remote_port"] == 6000
    with keeper.visitor() as half:  # a body that never ends holds up nobody
        half.send(kept.request("NewProxy", content_of("u.b"), "/keep")[:-20])
        other = keeper.ask("NewProxy", content_of("u.a"), "/keep")
        assert other.json()["content"]["remote_port"] == 6000


def test_a_lease_survives_restarts_and_smaller_ranges(lab):
    keeper = kept.start(lab, "--allow-ports", "6000-6010")
    ports = {f"u.{i}": keeper.new_proxy(f"u.{i}") for i in range(5)}
    keeper.stop()
    keeper = kept.start(lab, "--allow-ports", "6003-6010")
    keeper.says("3 leases lie outside of the ranges")
    assert {name: keeper.new_proxy(name) for name in ports} == ports
    assert keeper.new_proxy("u.new") == 6005


def test_a_port_that_is_in_use_is_skipped_with_probe(lab):
    with socket.socket() as other:
        other.bind((net.LOOPBACK, 0))
        other.listen()
        taken = other.getsockname()[1]
        ranges = f"{taken}-65535"
        keeper = kept.start(lab, "--allow-ports", ranges, "--probe")
        assert keeper.new_proxy("u.a") > taken
        keeper.stop()
        keeper = kept.start(lab, "--allow-ports", ranges)
        assert keeper.new_proxy("u.b") == taken


def test_unused_leases_expire_and_used_ones_do_not(lab):
    keeper = kept.start(lab, "--allow-ports", "6000-6010", "--expire-after", "1s")
    assert keeper.new_proxy("u.used", run_id="r1") == 6000
    assert keeper.new_proxy("u.old", run_id="r2") == 6001
    ping = '{"user":{"user":"u","metas":null,"run_id":"r1"},"timestamp":1}'
    wait_for(lambda: keeper.ask("Ping", ping) and "u.old" not in keeper.leases(), 15,
             "u.old is gone")
    assert "u.used" in keeper.leases()
    assert keeper.new_proxy("u.new") == 6001


def test_two_keepers_on_one_database(lab):
    one = kept.start(lab, "--allow-ports", "6000-6999", name="one")
    two = kept.start(lab, "--allow-ports", "6000-6999", name="two")
    got = {}
    lock = threading.Lock()

    def register(keeper, names):
        for name in names:
            port = keeper.new_proxy(name)
            with lock:
                got.setdefault(name, set()).add(port)

    names = [f"u.{i}" for i in range(60)]
    threads = [threading.Thread(target=register, args=(keeper, order))
               for keeper in (one, two) for order in (names, names[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(len(ports) == 1 for ports in got.values()), got
    assert len({port for ports in got.values() for port in ports}) == len(names)


def register_until_it_dies(keeper, prefix, answered):
    """New proxies on one connection as fast as they are answered; notes what was answered."""
    try:
        with keeper.visitor() as frps:
            for i in range(100_000):
                name = f"{prefix}.{i}"
                said = frps.send(kept.request("NewProxy", content_of(name))).response().json()
                answered.append((name, said["content"]["remote_port"]))
    except Exception:  # it was killed, at whatever moment
        return


def test_kill_9_a_hundred_times_under_load(lab):
    rounds = 10 if under_sanitizer() else 100
    leases = {}
    for number in range(rounds):
        keeper = kept.start(lab, "--allow-ports", "1024-65535", "--max-leases", "0")
        answered = [[], []]
        threads = [threading.Thread(target=register_until_it_dies,
                                    args=(keeper, f"r{number}.{i}", answered[i]))
                   for i in range(2)]
        for thread in threads:
            thread.start()
        enough = random.randrange(1, 30)
        wait_for(lambda: sum(map(len, answered)) >= enough, 10, "proxies are registered")
        keeper.kill()
        for thread in threads:
            thread.join()
        for name, port in answered[0] + answered[1]:
            assert port not in leases.values(), (name, port)
            leases[name] = port
    keeper = kept.start(lab, "--allow-ports", "1024-65535", "--max-leases", "0")
    there = {name: one["port"] for name, one in keeper.leases().items()}
    assert len(set(there.values())) == len(there)
    assert {name: there.get(name) for name in leases} == leases
    assert len(leases) >= rounds


def test_operators(lab):
    keeper = kept.start(lab, "--allow-ports", "6000-6010", "--api-token", "geheim")
    assert keeper.new_proxy("u.a") == 6000
    assert keeper.fetch("GET", "/leases").status == 401
    mine = [("Authorization", "Bearer geheim")]
    for method, target, body, status in [
            ("GET", "/leases", None, 200), ("GET", "/leases/u.a", None, 200),
            ("PUT", "/leases/u.a", '{"port":6007}', 200), ("DELETE", "/leases/u.b", None, 404),
            ("PUT", "/leases/u.b", '{"port":6007}', 409), ("PUT", "/leases/u.b", "{}", 400),
            ("PUT", "/leases/u.b", '{"port":6006}', 200), ("DELETE", "/leases/u.b", None, 200)]:
        assert keeper.fetch(method, target, body, mine).status == status, (method, target, body)
    assert keeper.new_proxy("u.a") == 6007
    assert keeper.fetch("GET", "/healthz").json()["status"] == "healthy"
    assert b'frp_port_keeper_leases 1\n' in keeper.fetch("GET", "/metrics").body


def test_without_a_token_only_this_machine_and_no_web_page(lab):
    keeper = kept.start(lab, "--allow-ports", "6000")
    assert keeper.fetch("GET", "/leases").status == 200
    assert keeper.fetch("GET", "/leases", host="evil.example").status == 403
    page = keeper.fetch("POST", kept.PATH + "?op=NewProxy", f'{{"content":{content_of("u.a")}}}',
                        [("Origin", "http://evil.example")])
    assert page.status == 403 and keeper.leases() == {}
    refused = lab.run("frp-port-keeper", "--listen", "0.0.0.0:0")
    assert refused.returncode == 2 and "--api-token" in refused.stderr


def test_commands_beside_a_running_keeper(lab):
    keeper = kept.start(lab, "--allow-ports", "6000-6010")
    assert [keeper.new_proxy(f"u.{n}") for n in "ab"] == [6000, 6001]
    assert json.loads(kept.command(lab, "list", "--json").stdout)["leases"][0]["proxy"] == "u.a"
    assert "6001" in kept.command(lab, "list").stdout
    assert kept.command(lab, "release", "u.a").returncode == 0
    assert kept.command(lab, "release", "u.a").returncode == 1
    wait_for(lambda: set(keeper.leases()) == {"u.b"}, 5, "the keeper sees it")
    assert keeper.new_proxy("u.c") == 6000


def test_export_and_import(lab):
    keeper = kept.start(lab, "--allow-ports", "6000-6010")
    for name in ["u.a", "u.b/é"]:
        keeper.new_proxy(name)
    keeper.stop()
    exported = kept.command(lab, "export", "--format", "json").stdout
    assert json.loads(exported) == {"proxies": {"u.a": 6000, "u.b/é": 6001},
                                    "ports": {"6000": "u.a", "6001": "u.b/é"}}
    assert kept.command(lab, "export", lab.folder / "old/gokv", "--format", "gokv").returncode == 0
    assert (lab.folder / "old/gokv/u.b%2F%C3%A9.json").exists()
    for name in ["u.a", "u.b/é"]:
        assert kept.command(lab, "release", name).returncode == 0
    done = kept.command(lab, "import", lab.folder / "old/gokv", "--format", "gokv")
    assert done.stdout == "2 leases imported\n"
    assert kept.command(lab, "export").stdout == exported


def test_the_public_keepers_environment_and_data(lab):
    data = lab.folder / "data"
    data.mkdir()
    (data / "db.json").write_text('{"proxies":{"u.a":6005},"ports":{"6005":"u.a","6006":"u.b"}}')
    env = {"PORT": "0", "ALLOW_PORTS": "6000-6010", "DB_PATH": data / "db.json"}
    keeper = kept.start(lab, env=env)
    keeper.says("2 leases were imported from")
    assert [keeper.new_proxy(f"u.{n}") for n in "abc"] == [6005, 6006, 6000]
    keeper.stop()
    assert (data / "frp-port-keeper.db").exists()
    keeper = kept.start(lab, env=env)
    assert [keeper.new_proxy(f"u.{n}") for n in "abcd"] == [6005, 6006, 6000, 6001]
    assert keeper.log().count("were imported") == 1


def test_the_older_folder_is_imported(lab):
    (lab.folder / "gokv").mkdir()
    (lab.folder / "gokv/u.a.json").write_text('{"Port":6003,"CreatedAt":"2023-01-02T03:04:05Z"}')
    keeper = kept.start(lab, "--allow-ports", "6000-6010")
    keeper.says("1 leases were imported from gokv")
    assert keeper.new_proxy("u.a") == 6003


@pytest.mark.parametrize("file, text", [
    ("frps.toml", "allowPorts = [{ start = 6000, end = 6001 }, { single = 7000 }]"),
    ("frps.yaml", "allowPorts:\n- start: 6000\n  end: 6001\n- single: 7000\n"),
    ("frps.ini", "[common]\nallow_ports = 6000-6001,7000\n")])
def test_ranges_of_the_frps_configuration_here(lab, file, text):
    (lab.folder / file).write_text(text)
    keeper = kept.start(lab)
    assert [keeper.new_proxy(f"u.{n}") for n in "abc"] == [6000, 6001, 7000]
    assert keeper.new_proxy("u.d") == "NO_MORE_FREE_PORTS_LEFT"


def test_where_ranges_come_from(lab):
    (lab.folder / "my.json").write_text('{"allowPorts":[{"single":6000}]}')
    for env in [{"FRPS_CONFIG_PATH": lab.folder / "my.json"},
                {"FRPS_INI_PATH": lab.folder / "my.json"}]:
        keeper = kept.start(lab, env=env)
        assert keeper.new_proxy("u.a") == 6000
        keeper.stop()
    keeper = kept.start(lab, "--database-url", "memory:")
    keeper.says("no range of ports is named")
    assert keeper.new_proxy("u.a") == 1024
    for arguments, said in [(["--allow-ports", "7000-6000"], "goes downwards"),
                            (["--allow-ports", "x"], "must be ranges of ports"),
                            (["--frps-config", lab.folder / "none.toml"], "cannot be read")]:
        refused = lab.run("frp-port-keeper", "--listen", "127.0.0.1:0", "--database-url", "memory:",
                          *arguments)
        assert refused.returncode == 2 and said in refused.stderr, refused


def test_frps_serves_the_endpoint_too(lab):
    server = lab.frps("--keeper-path", kept.PATH, "--allow-ports", "6000-6010", demo=False)

    def port_of(name):
        answer = raw_http.fetch_raw(server.api_port, kept.request("NewProxy", content_of(name)))
        return answer.json()["content"]["remote_port"]

    assert [port_of("u.a"), port_of("u.b")] == [6000, 6001]
    assert server.api("/api/health").status == 200
    server.stop()
    server = lab.frps("--keeper-path", kept.PATH, "--allow-ports", "6000-6010", demo=False)
    assert port_of("u.b") == 6001
