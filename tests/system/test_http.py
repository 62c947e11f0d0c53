"""HTTP through the tunnel: every kind of message, however it is split."""

import hashlib
import subprocess
import threading

import pytest

from support import raw_http, websocket
from support.fake_ollama import seeded, seeded_hash
from support.waiting import holds_for, wait_for


@pytest.fixture
def house(lab):
    server, services, _ = lab.house("a")
    server.service = services["a"]
    return server


def test_a_head_in_single_bytes(house):
    data = raw_http.request("GET", "/x", headers={"X-Long": "y" * 300})
    with house.visitor() as visitor:
        assert visitor.send(data, piece=1).response().status == 200


def test_a_head_split_at_every_place(house):
    data = raw_http.request("POST", "/x", b"body")
    with house.visitor() as visitor:
        for at in range(1, len(data)):
            visitor.send(data[:at])
            visitor.send(data[at:])
            assert visitor.response().json()["size"] == 4, at


def test_a_head_of_many_packets(house):
    fields = {f"X-Field-{n}": "v" * 100 for n in range(60)}
    echo = house.fetch(target="/x", headers=fields).json()
    assert {n: v for n, v in echo["headers"] if n.startswith("X-Field")} == fields


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "REPORT"])
def test_methods(house, method):
    assert house.fetch(method, "/x", b"x").json()["method"] == method


def test_targets_pass_unchanged(house):
    for target in ("/", "/a%20b?x=%2F&y=%C3%BC", "/a//b/../c?", "/%00", "/x?" + "q" * 4000):
        assert house.fetch(target=target).json()["target"] == target


def test_head_requests(house):
    with house.visitor() as visitor:
        answer = visitor.ask("HEAD", "/bytes?size=12345")
        assert (answer.status, answer.get("Content-Length"), answer.body) == (200, "12345", b"")
        assert visitor.ask("GET", "/x").status == 200, "the connection goes on"


@pytest.mark.parametrize("code", [204, 304])
def test_answers_without_body(house, code):
    with house.visitor() as visitor:
        for _ in range(3):
            assert visitor.ask("GET", f"/status?code={code}").status == code
        assert visitor.ask("GET", "/x").status == 200


@pytest.mark.parametrize("code", [200, 201, 301, 404, 418, 429, 500, 503])
def test_status_and_fields_of_the_service_pass(house, code):
    answer = house.fetch(target=f"/status?code={code}")
    assert answer.status == code
    assert answer.get("X-Served-By") == "a"


def test_chunked_both_ways_on_one_connection(house):
    head = ("POST /x HTTP/1.1\r\nHost: x\r\nAuthorization: abc123\r\n"
            "Transfer-Encoding: chunked\r\n\r\n")
    with house.visitor() as visitor:
        for body in (b"", b"a", b"b" * 100_000):
            chunks = b"".join(b"%X;ext=1\r\n%s\r\n" % (len(body[n:n + 999]), body[n:n + 999])
                              for n in range(0, len(body), 999))
            visitor.send(head.encode() + chunks + b"0\r\nX-Trailer: t\r\n\r\n")
            assert visitor.response().json()["sha256"] == hashlib.sha256(body).hexdigest()
        answer = visitor.ask("GET", "/bytes?size=300000&seed=4&framing=chunked")
        assert answer.sha256 == seeded_hash(4, 300_000)
        assert visitor.ask("GET", "/x").status == 200


def test_a_close_delimited_answer_leaves_the_visitor_connected(house):
    with house.visitor() as visitor:
        answer = visitor.ask("GET", "/bytes?size=100000&seed=5&framing=close")
        assert answer.sha256 == seeded_hash(5, 100_000)
        assert visitor.ask("GET", "/x").status == 200


def test_http_1_0(house):
    plain = raw_http.request("GET", "/bytes?size=1000&framing=chunked", version="1.0")
    with house.visitor() as visitor:
        answer = visitor.send(plain).response()
        assert answer.get("Transfer-Encoding") is None, "1.0 knows no chunks"
        assert answer.sha256 == seeded_hash(1, 1000)
        assert visitor.end() == "fin"


def test_http_1_0_keep_alive(house):
    data = raw_http.request("GET", "/x", version="1.0", headers={"Connection": "keep-alive"})
    with house.visitor() as visitor:
        for _ in range(2):
            assert visitor.send(data).response().status == 200


def test_connection_close_is_honoured(house):
    with house.visitor() as visitor:
        assert visitor.ask("GET", "/x", headers={"Connection": "close"}).status == 200
        assert visitor.end() == "fin"


def test_hop_by_hop_fields_stay_behind(house):
    echo = house.fetch(target="/x", headers={
        "Connection": "X-Private", "X-Private": "1", "Keep-Alive": "timeout=5", "X-Public": "2",
        "Proxy-Authorization": "Basic eA==", "TE": "trailers"}).json()
    names = {n.lower() for n, _ in echo["headers"]}
    assert "x-public" in names and "host" in names
    assert not names & {"x-private", "keep-alive", "proxy-authorization", "authorization"}


def test_expect_100_continue(house):
    head = raw_http.request("POST", "/x", b"body", headers={"Expect": "100-continue"})[:-4]
    with house.visitor() as visitor:
        visitor.send(head)
        assert visitor.head().start.split(" ")[1] == "100"
        assert visitor.send(b"body").response().json()["size"] == 4
        assert visitor.ask("GET", "/x").status == 200


def test_expect_100_continue_refused(house):
    head = raw_http.request("POST", "/refuse-continue", b"x" * 100,
                            headers={"Expect": "100-continue"})[:-100]
    with house.visitor() as visitor:
        assert visitor.send(head).response().status == 417


def test_curl_waits_for_continue(house):
    body = b"z" * 2_000_000
    done = subprocess.run(
        ["curl", "-sS", "-H", "Authorization: Bearer abc123", "-H", "Expect: 100-continue",
         "--expect100-timeout", "20", "--data-binary", "@-",
         f"http://127.0.0.1:{house.public}/x"],
        input=body, capture_output=True, timeout=15, check=True)
    assert hashlib.sha256(body).hexdigest().encode() in done.stdout


def test_interim_answers_pass(house):
    with house.visitor() as visitor:
        answer = visitor.ask("GET", "/informational")
        assert [h.start.split(" ")[1] for h in answer.informational] == ["103", "102"]
        assert answer.informational[0].get("Link")
        assert answer.status == 200


def test_an_answer_before_the_body_was_read(house):
    """The visitor sees the answer, though it has far more to send."""
    head = raw_http.request("POST", "/early", None, headers={"Content-Length": "50000000"})
    with house.visitor() as visitor:
        visitor.send(head + b"x" * 1000)
        answer = visitor.response()
        assert (answer.status, answer.body) == (413, b'{"early":true}')


UPGRADE = {"Connection": "upgrade", "Upgrade": "websocket"}
WEBSOCKET = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
             "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}


def test_websocket(house):
    with house.visitor() as visitor:
        visitor.send(raw_http.request("GET", "/websocket", headers=WEBSOCKET))
        answer = visitor.response()
        assert answer.status == 101
        assert answer.get("Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        for size in (0, 1, 125, 126, 65536, 1_000_000):
            payload = b"".join(seeded(size, size))
            visitor.send(websocket.frame(2, payload, mask=b"\x12\x34\x56\x78"))
            assert websocket.read_frame(visitor.reader) == (2, payload)
        visitor.send(websocket.frame(8, b"\x03\xe8", mask=b"mask"))
        assert websocket.read_frame(visitor.reader)[0] == 8
        assert visitor.end() == "fin"


def test_bytes_right_behind_the_upgrade_request(house):
    """What was read together with the head belongs to the relay."""
    data = raw_http.request("GET", "/upgrade", headers=UPGRADE)
    with house.visitor() as visitor:
        visitor.send(data + b"early bytes")
        assert visitor.response().status == 101
        assert visitor.reader.exactly(11) == b"early bytes"
        visitor.half_close()
        assert visitor.end() == "fin"


def test_an_upgraded_connection_carries_a_half_close(house):
    data = raw_http.request("GET", "/upgrade", headers=UPGRADE)
    payload = b"".join(seeded(9, 3_000_000))
    with house.visitor() as visitor:
        visitor.send(data)
        assert visitor.response().status == 101
        sender = threading.Thread(target=lambda: (visitor.send(payload), visitor.half_close()))
        sender.start()
        assert visitor.end(20) == "fin"
        sender.join()
        assert hashlib.sha256(visitor.reader.buffer).hexdigest() == seeded_hash(9, 3_000_000)


def test_connect_is_refused(house):
    answer = raw_http.fetch_raw(house.public, "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n"
                                "Authorization: abc123\r\n\r\n")
    assert answer.status in (400, 405, 501)
    assert not house.service.seen("a:80")


def test_an_idle_visitor_is_left_alone_and_then_closed(lab):
    server, _, _ = lab.house("a", options=["--idle-visitor-timeout", "500ms"])
    with server.visitor() as visitor:
        for _ in range(2):
            assert visitor.ask("GET", "/x").status == 200
        holds_for(lambda: not visitor.reader.buffer, 0.2, "nothing comes unasked")
        assert visitor.end(5) == "fin"


def test_a_stream_that_idled_too_long_is_not_reused(lab):
    """The local service closes idle connections: the visitor must not see it."""
    server, services, _ = lab.house("a")
    with server.visitor() as visitor:
        for _ in range(5):
            assert visitor.ask("POST", "/x", b"once").status == 200
            services["a"].reset_all()
            wait_for(lambda: services["a"].open == 0, 5, "the service has dropped everything")
            assert visitor.ask("GET", "/y").status == 200
