"""HTTP through the tunnel: every kind of message, however it is split."""

import concurrent.futures
import hashlib
import json
import subprocess
import threading

import pytest

from support import net, raw_http, websocket
from support.fake_ollama import seeded, seeded_hash
from support.h2_visitor import H2Visitor
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


@pytest.mark.parametrize("form", [[], ["--no-link"]], ids=["link", "own connections"])
def test_what_a_service_says_before_it_hangs_up_arrives(lab, form):
    """It answers a large upload without reading it and closes, which resets the connection."""
    answer = b"HTTP/1.1 413 No\r\nContent-Length: 6\r\nConnection: close\r\n\r\nno way"

    def refuse(sock):
        head = b""
        while b"\r\n\r\n" not in head:
            head += sock.recv(1000)
        sock.sendall(answer)

    service = lab.add(net.Listener(refuse))
    server = lab.frps()
    lab.frpc(server, "a", service.port, *form)
    server.has("a")

    def ask(_):
        with server.visitor() as visitor:
            try:
                visitor.send(raw_http.request("POST", "/x", b"b" * 1_000_000))
            except ConnectionError:
                pass  # it has answered before it had everything
            return visitor.response().status

    with concurrent.futures.ThreadPoolExecutor(4) as visitors:
        assert set(visitors.map(ask, range(60))) == {413}


@pytest.mark.parametrize("form", [[], ["--no-link"]], ids=["link", "own connections"])
def test_many_visitors_may_come_at_once(lab, form):
    """Far more of them connect within one moment than a client could have in progress one by one."""
    server, _, _ = lab.house("a", client=form)
    visitors = [server.visitor() for _ in range(600)]
    for each in visitors:
        each.send(raw_http.request("GET", "/x"))
    assert {each.response().status for each in visitors} == {200}
    for each in visitors:
        each.close()


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
            echo = visitor.response().json()
            assert echo["sha256"] == hashlib.sha256(body).hexdigest()
            assert echo["trailers"] == [["X-Trailer", "t"]]
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
    for target in ("a:80", "/x", "http://a/"):
        answer = raw_http.fetch_raw(house.public, f"CONNECT {target} HTTP/1.1\r\nHost: a:80\r\n"
                                    "Authorization: abc123\r\n\r\n")
        assert answer.status == 501
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


def test_pipelined_requests_are_answered_in_their_order(house):
    with house.visitor() as visitor:
        visitor.send(b"".join(raw_http.request("POST", f"/x?{n}", b"b" * n) for n in range(20)))
        for n in range(20):
            echo = visitor.response().json()
            assert (echo["target"], echo["size"]) == (f"/x?{n}", n)


def test_an_absolute_target_names_the_host(house):
    echo = house.fetch(target="http://other.example:81/a?b", host="frpx.test").json()
    assert echo["target"] == "/a?b"
    assert ["X-Forwarded-Host", "other.example:81"] in echo["headers"]


def test_trailers_pass_to_the_visitor(house):
    with house.visitor() as visitor:
        answer = visitor.ask("GET", "/trailers", headers={"TE": "trailers"})
        assert answer.body == b"hello" and answer.get("Trailer") == "X-Sum"
        assert answer.trailers == [("X-Sum", "5"), ("Grpc-Status", "0")], "the others are forbidden"
        assert visitor.ask("GET", "/x").status == 200
    assert dict(house.service.first("/trailers").fields)["TE"] == "trailers"


def test_forbidden_trailers_do_not_reach_the_service(house):
    with house.visitor() as visitor:
        visitor.send("POST /x HTTP/1.1\r\nHost: x\r\nAuthorization: abc123\r\n"
                     "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n"
                     "Authorization: abc123\r\nclient_id: a\r\nX-Sum: 1\r\nX_Sum: 2\r\n\r\n")
        assert visitor.response().json()["trailers"] == [["X-Sum", "1"]]


def test_trailers_do_not_reach_a_visitor_of_1_0(house):
    with house.visitor() as visitor:
        answer = visitor.send(raw_http.request("GET", "/trailers", version="1.0")).response()
        assert answer.body == b"hello" and answer.get("Trailer") is None


# --- what is written of the way ---------------------------------------------------------------------

def all_of(echo, name):
    return [v for n, v in echo["headers"] if n.lower() == name.lower()]


def test_a_stranger_s_word_on_where_it_comes_from_is_replaced(house):
    echo = house.fetch(target="/x", host="h:80", headers={
        "X-Forwarded-For": "1.1.1.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil",
        "Forwarded": "for=1.1.1.1", "X-Real-IP": "1.1.1.1", "X-Request-Id": "mine"}).json()
    assert all_of(echo, "X-Forwarded-For") == ["127.0.0.1"]
    assert all_of(echo, "X-Forwarded-Proto") == ["http"]
    assert all_of(echo, "X-Forwarded-Host") == ["h:80"]
    assert all_of(echo, "Forwarded") == ['for=127.0.0.1;host="h:80";proto=http']
    assert all_of(echo, "X-Real-IP") == []
    assert all_of(echo, "X-Request-Id") != ["mine"]


@pytest.mark.parametrize("trusted", ["127.0.0.1", "10.0.0.0/8, 127.0.0.0/8"])
def test_a_trusted_proxy_s_word_is_added_to(lab, trusted):
    server, _, _ = lab.house("a", options=["--trusted-proxies", trusted])
    echo = server.fetch(target="/x", headers={
        "X-Forwarded-For": "1.1.1.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "outside",
        "Forwarded": "for=1.1.1.1", "X-Real-IP": "1.1.1.1", "X-Request-Id": "proxy:1"}).json()
    assert all_of(echo, "X-Forwarded-For") == ["1.1.1.1, 127.0.0.1"]
    assert all_of(echo, "X-Forwarded-Proto") == ["https"]
    assert all_of(echo, "X-Forwarded-Host") == ["outside"]
    assert all_of(echo, "Forwarded") == ["for=1.1.1.1", "for=127.0.0.1;host=frpx.test;proto=http"]
    assert all_of(echo, "X-Real-IP") == ["1.1.1.1"]
    assert all_of(echo, "X-Request-Id") == ["proxy:1"]


def test_who_is_in_another_network_is_not_trusted(lab):
    server, _, _ = lab.house("a", options=["--trusted-proxies", "127.0.0.2,::1"])
    echo = server.fetch(target="/x", headers={"X-Forwarded-For": "1.1.1.1"}).json()
    assert all_of(echo, "X-Forwarded-For") == ["127.0.0.1"]


def test_via_is_written_both_ways(house):
    answer = house.fetch(target="/x", headers={"Via": "1.0 before"})
    assert answer.head.all("Via") == ["1.1 frpx"]
    assert all_of(answer.json(), "Via") == ["1.0 before", "1.1 frpx"]
    old = raw_http.request("GET", "/x", version="1.0")
    with house.visitor() as visitor:
        assert all_of(visitor.send(old).response().json(), "Via") == ["1.0 frpx"]


def test_a_request_has_one_id_everywhere(lab):
    server, _, _ = lab.house("a", options=["--access-log"])
    answer = server.fetch(target="/x")
    made = answer.get("X-Request-Id")
    assert len(made) == 32 and int(made, 16)
    assert all_of(answer.json(), "X-Request-Id") == [made]
    server.says(f"GET /x 200 .* {made}")
    refused = server.fetch(target="/x", key="wrong").get("X-Request-Id")
    assert refused != made
    server.says(f"GET /x 401 .* {refused}")


@pytest.mark.parametrize("given", ["a" * 129, "two words", "<b>", ""])
def test_a_malformed_request_id_is_replaced(lab, given):
    server, _, _ = lab.house("a", options=["--trusted-proxies", "127.0.0.0/8"])
    answer = server.fetch(target="/x", headers={"X-Request-Id": given})
    assert len(answer.get("X-Request-Id")) == 32


@pytest.mark.parametrize("target,status", [("/rubbish", 502), ("/hang", 504)])
def test_an_answer_that_failed_names_the_client(lab, target, status):
    server, _, _ = lab.house("a", options=["--response-head-timeout", "300ms"])
    answer = server.fetch("POST", target, b"x")
    assert (answer.status, answer.get("X-Frpx-Client")) == (status, "a")
    assert answer.get("X-Request-Id")
    assert set(answer.json()) == {"success", "data", "message", "timestamp"}


def test_a_service_that_refuses_names_the_client(house):
    house.service.refuse()
    answer = house.fetch(target="/x")
    assert (answer.status, answer.get("X-Frpx-Client")) == (502, "a")


def test_clients_can_be_hidden(lab):
    server, services, _ = lab.house("a", options=["--hide-clients"])
    assert server.fetch(target="/x").get("X-Frpx-Client") is None
    services["a"].mode = "rubbish"
    answer = server.fetch(target="/x")
    assert (answer.status, answer.get("X-Frpx-Client")) == (502, None)


# --- limits: at the limit, and one past it ----------------------------------------------------------

def padded_to(size, **options):
    """A request whose head has exactly so many bytes."""
    bare = len(raw_http.request("GET", "/x", headers={"X-Pad": ""}, **options))
    return raw_http.request("GET", "/x", headers={"X-Pad": "p" * (size - bare)}, **options)


def test_the_longest_head(lab):
    server, _, _ = lab.house("a", options=["--max-head", "2000"])
    for size, status in ((2000, 200), (2001, 431)):
        data = padded_to(size)
        assert len(data) == size
        assert raw_http.fetch_raw(server.public, data).status == status


def test_the_most_fields(lab):
    server, _, _ = lab.house("a", options=["--max-fields", "20"])
    for count, status in ((18, 200), (19, 431)):  # and Host and Authorization
        fields = [(f"X-{n}", "v") for n in range(count)]
        assert server.fetch(target="/x", headers=fields).status == status


@pytest.mark.parametrize("most,options", [(100, []), (250, ["--max-fields", "250"])])
def test_the_most_fields_of_an_answer(lab, most, options):
    server, _, _ = lab.house("a", options=options)
    for count, status in ((most - 2, 200), (most - 1, 502)):  # and X-Served-By, Content-Length
        assert server.fetch(target=f"/fields?count={count}").status == status
        with H2Visitor(server.public) as visitor:
            assert visitor.fetch(path=f"/fields?count={count}").status == status


def test_white_space_before_a_colon_in_an_answer_is_removed(house):
    answer = house.fetch(target="/spaced")
    assert (answer.status, answer.body, answer.get("X-A")) == (200, b"ok", "b")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_a_request_without_a_body_says_that_it_has_none(house, method):
    """Its service need not guess (RFC 9110, 8.6)."""
    bare = f"{method} /x HTTP/1.1\r\nHost: h:\r\nAuthorization: Bearer  abc123\r\n\r\n"
    answers = [raw_http.fetch_raw(house.public, bare)]
    with H2Visitor(house.public) as visitor:
        answers.append(visitor.fetch(method, "/x"))
    for answer in answers:
        echo = json.loads(answer.body)
        assert [v for n, v in echo["headers"] if n.lower() == "content-length"] == ["0"]


def test_the_longest_target(lab):
    server, _, _ = lab.house("a", options=["--max-target", "100"])
    assert server.fetch(target="/" + "t" * 99).status == 200
    assert server.fetch(target="/" + "t" * 100).status == 414


@pytest.mark.parametrize("chunked", [False, True])
def test_the_longest_body(lab, chunked):
    server, services, _ = lab.house("a", options=["--max-body", "1000"])
    for size, status in ((1000, 200), (1001, 413)):
        body = b"b" * size
        with server.visitor() as visitor:
            if chunked:
                visitor.send("POST /x HTTP/1.1\r\nHost: x\r\nAuthorization: abc123\r\n"
                             "Transfer-Encoding: chunked\r\n\r\n")
                visitor.send(b"%x\r\n%s\r\n0\r\n\r\n" % (size, body))
            else:
                visitor.send(raw_http.request("POST", "/x", body))
            assert visitor.response().status == status

    def whole_bodies():
        return [r.size for r in services["a"].completed("/x")]
    wait_for(lambda: whole_bodies() == [1000], 5, whole_bodies)


def test_a_service_s_head_has_the_same_limit(lab):
    server, _, _ = lab.house("a", options=["--max-head", "1024"])
    assert server.fetch(target="/head?size=800").status == 200
    assert server.fetch(target="/head?size=1200").status == 502


def test_a_slow_body_is_408_however_it_drips(lab):
    """A stall, not the whole body, has the deadline: a byte in time goes on."""
    server, services, _ = lab.house("a", options=["--body-stall-timeout", "400ms"])
    with server.visitor() as visitor:
        visitor.send(raw_http.request("POST", "/x", headers={"Content-Length": "6"}))
        for _ in range(5):
            visitor.send("b")
            holds_for(lambda: not visitor.reader.buffer, 0.15, "no answer yet")
        assert visitor.response().status == 408
        assert visitor.end() == "fin"
    wait_for(lambda: services["a"].first("/x").ended in ("fin", "rst"), 5, "the service is told")
