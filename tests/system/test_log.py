"""Whatever others send, the log remains one printable line for each event."""

import json
import unicodedata

import pytest

from support import frames, net, raw_http
from support.waiting import wait_for

# A line feed, an escape sequence, a C1 control, a line separator, a mark that turns the line round.
EVIL = "x\nFAKE \x1b[31m\x9b31m\u2028\u202e\x7f"


def ask_everything(server):
    """Put EVIL wherever the server may log what it was sent."""
    for head in (b"A\x1b[2J\x1b]0;owned\x07\x9b31m\xff\x00" + b"Z" * 6000 + b" / HTTP/1.1\r\nHost: x",
                 b"GET /\x1b[31m HTTP/1.1\r\nHost: x",
                 b"GET /x HTTP/1.1\r\nHost: x\r\nclient_id: \xc2\x9b31m\r\nAuthorization: Bearer abc123",
                 b"GET /%0aFAKE%1b HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer abc123"):
        with raw_http.Visitor(server.public) as visitor:
            visitor.send(head + b"\r\nConnection: close\r\n\r\n")
            net.end_of(visitor.sock)
    for method, target, body in (("DELETE", "/api/keys/%1b%5b31m%0aFAKE", None),
                                 ("PATCH", "/api/users/%1b%0aFAKE", {"role": "viewer"}),
                                 ("DELETE", "/api/clients/%0aFAKE", None),
                                 ("POST", "/api/clients/%0aFAKE/drain", None),
                                 ("PUT", "/api/log-level", {"level": EVIL}),
                                 ("POST", "/api/session", {"email": EVIL, "password": EVIL}),
                                 ("GET", "/%1b%0aFAKE", None)):
        server.api(target, method, body=None if body is None else json.dumps(body).encode())
    for email, password in ((EVIL, "wrong"), ("test@example.com", "123456")):
        with net.connect(server.control) as sock:
            sock.sendall(frames.encode("Login", email=email, pass_=password))
            frames.receive(sock)
            sock.sendall(frames.encode("Register", client_id=EVIL))
            net.end_of(sock)


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_visitor_writes_to_the_terminal_or_forges_a_line(lab, form):
    server = lab.frps("--access-log", "--log-level", "debug", "--log-format", form)
    ask_everything(server)
    server.fetch(target="/the-last-one")
    wait_for(lambda: "the-last-one" in server.log(), 10, "the log tells the last request")
    raw = server.log_file.read_bytes()
    lines = raw.decode("utf-8").split("\n")  # strictly: every line is UTF-8
    assert lines.pop() == ""
    assert any("400" in line and "owned" in line for line in lines), "the malformed request is told"
    for line in lines:
        assert not [c for c in line if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")], line
        assert len(line) < 1000
        if form == "json":
            assert set(json.loads(line)) == {"time", "level", "message"}
        else:
            assert line.startswith("20") and "Z " in line[:30], "a forged line"
