"""Framing that two programs could read differently is refused before anything is forwarded."""

import pytest

from support import raw_http

HEAD = "POST /x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer abc123\r\n"
BODY = "5\r\nhello\r\n0\r\n\r\n"

# Each whole request; the name says what is wrong with it.
VECTORS = {
    "TE gzip then CL": HEAD + "Transfer-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
    "TE xchunked": HEAD + "Transfer-Encoding: xchunked\r\n\r\n" + BODY,
    "TE chunked, identity": HEAD + "Transfer-Encoding: chunked, identity\r\n\r\n" + BODY,
    "TE identity": HEAD + "Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello",
    "TE twice": HEAD + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + BODY,
    "TE chunked and cow": HEAD + "Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n\r\n"
                          + BODY,
    "TE quoted": HEAD + 'Transfer-Encoding: "chunked"\r\n\r\n' + BODY,
    "TE with tab before the name": HEAD + "\tTransfer-Encoding: chunked\r\n\r\n" + BODY,
    "TE vertical tab": HEAD + "Transfer-Encoding: \x0bchunked\r\n\r\n" + BODY,
    "TE empty": HEAD + "Transfer-Encoding:\r\nContent-Length: 5\r\n\r\nhello",
    "CL and TE": HEAD + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + BODY,
    "TE and CL": HEAD + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + BODY,
    "1.0 with chunked": HEAD.replace("1.1", "1.0") + "Transfer-Encoding: chunked\r\n\r\n" + BODY,
    "equal CL twice": HEAD + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "CL list": HEAD + "Content-Length: 5, 5\r\n\r\nhello",
    "different CL": HEAD + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "CL signed": HEAD + "Content-Length: +5\r\n\r\nhello",
    "CL negative": HEAD + "Content-Length: -5\r\n\r\nhello",
    "CL hex": HEAD + "Content-Length: 0x5\r\n\r\nhello",
    "CL huge": HEAD + "Content-Length: 99999999999999999999999\r\n\r\nhello",
    "CL with a space inside": HEAD + "Content-Length: 5 5\r\n\r\nhello",
    "CL.0": HEAD + "Content-Length: 0\r\nContent-Length: 5\r\n\r\nhello",
    "CL behind CL.0": HEAD + "Content-Length: 5\r\nContent-Length: 0\r\n\r\nhello",
    "CL.0 by a list": HEAD + "Content-Length: 0, 5\r\n\r\nhello",
    "CL with a vertical tab": HEAD + "Content-Length\x0b: 5\r\n\r\nhello",
    "TE.TE, hidden behind a space": HEAD + "Transfer-Encoding: chunked\r\n"
                                    "Transfer-Encoding : x\r\n\r\n" + BODY,
    "TE.TE, two names in one line": HEAD + "X: x\nTransfer-Encoding: chunked\r\n\r\n" + BODY,
    "TE.TE, chunked twice in a list": HEAD + "Transfer-Encoding: chunked, chunked\r\n\r\n" + BODY,
    "TE chunked with a parameter": HEAD + "Transfer-Encoding: chunked;q=1\r\n\r\n" + BODY,
    "TE and CL 0": HEAD + "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n" + BODY,
    "CL empty": HEAD + "Content-Length:\r\n\r\nhello",
    "space before the colon": HEAD + "Content-Length : 5\r\n\r\nhello",
    "space before a harmless colon": HEAD + "X-A : 5\r\n\r\n",
    "obs-fold": HEAD + "X-A: b\r\n c\r\n\r\n",
    "obs-fold of TE": HEAD + "Transfer-Encoding:\r\n chunked\r\n\r\n" + BODY,
    "fold in the first field": "GET / HTTP/1.1\r\n Host: x\r\nAuthorization: abc123\r\n\r\n",
    "no Host": "GET / HTTP/1.1\r\nAuthorization: Bearer abc123\r\n\r\n",
    "two Hosts": HEAD + "Host: y\r\n\r\n",
    "two keys": HEAD + "Authorization: Bearer other\r\n\r\n",
    "Host twice the same": HEAD + "Host: x\r\n\r\n",
    "bare LF": HEAD.replace("\r\n", "\n") + "\n",
    "bare LF behind one field": HEAD + "X-A: b\nX-B: c\r\n\r\n",
    "bare CR in a value": HEAD + "X-A: b\rX-B: c\r\n\r\n",
    "NUL in a value": HEAD + "X-A: b\x00c\r\n\r\n",
    "NUL in a name": HEAD + "X\x00A: b\r\n\r\n",
    "no colon": HEAD + "Nonsense\r\n\r\n",
    "empty name": HEAD + ": b\r\n\r\n",
    "brackets in a name": HEAD + "X[A]: b\r\n\r\n",
    "two spaces in the request line": "GET  / HTTP/1.1\r\nHost: x\r\nAuthorization: abc123\r\n\r\n",
    "tab in the request line": "GET\t/ HTTP/1.1\r\nHost: x\r\nAuthorization: abc123\r\n\r\n",
    "space in the target": "GET /a b HTTP/1.1\r\nHost: x\r\nAuthorization: abc123\r\n\r\n",
    "HTTP/1.2.3": "GET / HTTP/1.2.3\r\nHost: x\r\nAuthorization: abc123\r\n\r\n",
    "HTTP/9.9": "GET / HTTP/9.9\r\nHost: x\r\nAuthorization: abc123\r\n\r\n",
    "lower-case http": "GET / http/1.1\r\nHost: x\r\nAuthorization: abc123\r\n\r\n",
    "no version": "GET /\r\nHost: x\r\nAuthorization: abc123\r\n\r\n",
    "method with brackets": "G(T / HTTP/1.1\r\nHost: x\r\nAuthorization: abc123\r\n\r\n",
    "not HTTP": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n",
}


@pytest.mark.parametrize("name", VECTORS)
def test_ambiguous_heads(shared, name):
    server, service = shared
    service.requests.clear()
    with server.visitor() as visitor:
        visitor.send(VECTORS[name] + "GET /second HTTP/1.1\r\n"
                     "Host: x\r\nAuthorization: Bearer abc123\r\n\r\n")
        answer = visitor.response()
        assert visitor.end() in ("fin", "rst") and not visitor.reader.buffer, "nothing behind it"
    # A version that does not exist is called that.
    assert answer.status == (505 if name == "HTTP/9.9" else 400), name
    envelope = answer.json()
    assert envelope["success"] is False and envelope["data"] is None and envelope["message"]
    assert answer.get("Content-Type") == "application/json"
    assert not service.seen("/second") and not service.seen("/x") and not service.seen("/")


# Bodies whose framing breaks after the head was good: the request may have begun at the service.
BAD_CHUNKS = {
    "size no hex": "zz\r\nhello\r\n0\r\n\r\n",
    "size empty": "\r\nhello\r\n0\r\n\r\n",
    "size negative": "-5\r\nhello\r\n0\r\n\r\n",
    "size with 0x": "0x5\r\nhello\r\n0\r\n\r\n",
    "size overflow": "10000000000000005\r\nhello\r\n0\r\n\r\n",
    "space before the size": " 5\r\nhello\r\n0\r\n\r\n",
    "LF behind the size": "5\nhello\r\n0\r\n\r\n",
    "no CRLF behind the data": "5\r\nhelloworld0\r\n\r\n",
    "LF behind the data": "5\r\nhello\n0\r\n\r\n",
    "size of 2^64 and 5": "1" + "0" * 15 + "5\r\nhello\r\n0\r\n\r\n",
    "size of 2^63": "8" + "0" * 15 + "\r\nhello\r\n0\r\n\r\n",
    "size with leading zeros beyond 64 bits": "0" * 16 + "5\r\nhello\r\n0\r\n\r\n",
    "extension ended by LF": "5;a\nhello\r\n0\r\n\r\n",
    "extension with CR inside": "5;a\rb\r\nhello\r\n0\r\n\r\n",
    "extension with NUL": "5;a\x00\r\nhello\r\n0\r\n\r\n",
    "extensions of many chunks": "1;" + "x" * 200 + "\r\na\r\n" + ("1;" + "x" * 200 + "\r\na\r\n") * 100,
    "trailer folded": "0\r\nX-T: y\r\n z\r\n\r\n",
    "trailer with a space before the colon": "0\r\nX-T : y\r\n\r\n",
    "trailer ended by LF": "0\r\nX-T: y\n\r\n",
    "trailer with NUL": "0\r\nX-T: \x00\r\n\r\n",
    "one long trailer": "0\r\nX-T: " + "y" * 20_000 + "\r\n\r\n",
    "endless extension": "5;" + "x" * 100_000,
    "endless trailers": "0\r\n" + "X-T: y\r\n" * 20_000,
}


@pytest.mark.parametrize("name", BAD_CHUNKS)
def test_broken_chunks(shared, name):
    server, service = shared
    service.requests.clear()
    with server.visitor() as visitor:
        visitor.send(HEAD + "Transfer-Encoding: chunked\r\n\r\n" + BAD_CHUNKS[name]
                     + "GET /second HTTP/1.1\r\nHost: x\r\nAuthorization: abc123\r\n\r\n")
        assert visitor.response().status == 400, name
        assert visitor.end() in ("fin", "rst"), "the connection cannot go on"
    assert not service.seen("/second")
    assert not service.completed("/x")


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "DELETE", "POST"])
def test_a_body_is_no_request_whatever_the_method(shared, method):
    """CL.0: the body of a method that usually has none is still a body, for us and the service."""
    server, service = shared
    service.requests.clear()
    inner = raw_http.request("GET", "/inner")
    with server.visitor() as visitor:
        visitor.send(raw_http.request(method, "/x", inner) + raw_http.request("GET", "/next"))
        assert visitor.response(head_only=method == "HEAD").status == 200
        assert visitor.response().json()["target"] == "/next"
    assert not service.seen("/inner") and service.first("/x").body == inner


def test_an_answer_with_ambiguous_framing_is_rubbish(shared):
    server, _ = shared
    answer = server.fetch(target="/smuggle")
    assert answer.status == 502
    assert answer.json()["success"] is False


def test_the_tables_are_not_empty():
    assert len(VECTORS) > 50 and len(BAD_CHUNKS) > 20


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One house for all vectors: none of them may harm it for the next."""
    from support.programs import Lab
    lab = Lab(tmp_path_factory.mktemp("smuggling"))
    server, services, _ = lab.house("a")
    yield server, services["a"]
    assert server.fetch().status == 200, "after all vectors it still serves"
    lab.close()
