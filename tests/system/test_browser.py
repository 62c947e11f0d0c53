"""A visitor that behaves as a browser does: six connections, events, a WebSocket, all at once."""

import threading

from support import raw_http, websocket
from support.fake_ollama import seeded_hash
from support.waiting import wait_for

HEADERS = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "de,en-US;q=0.7,en;q=0.3",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Referer": "http://frpx.test/page?a=1&b=2",
    "Connection": "keep-alive",
    "Cookie": "session=abc; theme=dark; list=1|2|3",
    "Sec-Fetch-Dest": "image",
    "Sec-Fetch-Mode": "no-cors",
    "Sec-Fetch-Site": "same-origin",
    "Priority": "u=5, i",
    "Pragma": "no-cache",
}
SOCKET = {
    "Origin": "http://frpx.test", "Connection": "keep-alive, Upgrade", "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Extensions": "permessage-deflate",
}


def load_images(server, connection, wrong):
    """What one of the six connections loads, one after another."""
    with server.visitor() as visitor:
        for number in range(10):
            size = 1000 * (number + 1)
            answer = visitor.ask("GET", f"/bytes?size={size}&seed={connection}", headers=HEADERS)
            if (answer.status, answer.sha256) != (200, seeded_hash(connection, size)):
                wrong.append((connection, number, answer.status))
        known = visitor.ask("GET", "/status?code=304", headers={**HEADERS, "If-None-Match": '"x"'})
        if known.status != 304 or known.get("ETag") != '"x"':
            wrong.append((connection, "304", known.status))


def test_a_page_with_all_that_it_loads(lab):
    server, services, _ = lab.house("a")
    service = services["a"]
    with server.visitor() as page, server.visitor() as events, server.visitor() as socket:
        echo = page.ask("GET", "/page?a=1&b=2", headers=HEADERS).json()
        got = dict(map(tuple, echo["headers"]))
        kept = {name: value for name, value in HEADERS.items() if name != "Connection"}
        assert kept.items() <= got.items(), "nothing that a page relies on is lost"

        events.send(raw_http.request("GET", "/sse?count=5&gate=1",
                                     headers={**HEADERS, "Accept": "text/event-stream"}))
        pieces = events.pieces(events.head())
        socket.send(raw_http.request("GET", "/websocket", headers={**HEADERS, **SOCKET}))
        assert socket.response().status == 101

        wrong = []
        loading = [threading.Thread(target=load_images, args=(server, n, wrong)) for n in range(6)]
        for thread in loading:
            thread.start()
        for number in range(4):
            service.release()
            assert next(pieces) == f"data: event {number}\n\n".encode(), "beside the images"
            socket.send(websocket.frame(1, b"%d" % number, mask=b"mask"))
            assert websocket.read_frame(socket.reader) == (1, b"%d" % number)
        for thread in loading:
            thread.join()
        assert not wrong

        events.reset()  # the page is left
        socket.reset()
    wait_for(lambda: service.first("/sse").ended in ("fin", "rst"), 5, "its events are cancelled")
    assert server.fetch(target="/x").status == 200
