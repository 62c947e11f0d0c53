"""A local service that looks like Ollama, echoes anything else, and misbehaves on order.

Paths (query parameters behind them, all optional):

    GET  /v1/models /api/tags /api/ps           the models in `models`
    POST /v1/chat/completions                   JSON, or SSE with "stream": true, whose last chunk
                                    tells the usage with "stream_options": {"include_usage": true}
    POST /api/chat /api/generate                JSON lines, or one JSON with "stream": false
    GET  /bytes?size=N&seed=S&framing=length|chunked|close     seeded bytes (`seeded()`)
    GET  /sse?count=N&gate=1        events; with gate each waits for `release()`
    ANY  /status?code=204           that status; no body where none is allowed
    ANY  /hang                      takes the request and never answers
    ANY  /stuck                     reads the head and nothing more, and never answers
    ANY  /think                     waits for `release()`, then echoes
    GET  /die?after=N&how=cut|chunked|reset|close-delimited   ends after N bytes of its body, the
                                    last two by a reset that waits for `release()`
    POST /early                     answers 413 before it reads the body
    ANY  /informational             103 and 102 before the answer
    POST /continue                  sends 100 at once, then reads; /refuse-continue: 417
    GET  /websocket                 upgrades and echoes each frame; /upgrade echoes raw bytes
    ANY  /trailers                  a chunked body, "hello", and trailers, forbidden ones too
    ANY  /head?size=N               an answer whose head has a field of N bytes
    GET  /rubbish                   bytes that are no HTTP
    GET  /smuggle                   an answer whose framing is ambiguous
    GET  /slow?size=N&gap=S         one byte every S seconds
    ANY  everything else            an echo: what arrived, as JSON

Every answer carries X-Served-By with the service's name. `mode` changes the behaviour of every
connection: "answer"; "hang", reads nothing; "reset", at the first byte; "die", takes the request,
then closes; "rubbish". Requests for a path in `hanging` are never answered, those for one in
`missing` with 404. `refuse()` and `accept()` close and open the port. `declining`, the status and
fields of an answer, is what all requests but those for models get, with `declines_early` before
their bodies are read. With `checks_host` it answers 403 to hosts and origins that an Ollama on its
default address refuses.

`loaded` names the models in memory (None: all). A stream of tokens has `tokens` of them, one each
`token_gap` seconds; after `dies_after` of them it breaks off. `most_at_once` is the largest number
of requests that it served at one time.
"""

import hashlib
import ipaddress
import json
import random
import socket
import threading
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from support import http_bytes, net, websocket
from support.waiting import seconds, wait_for


def seeded(seed, size, piece=65536):
    """`size` pseudo-random bytes, in pieces, the same for the same seed."""
    source = random.Random(seed)
    while size > 0:
        data = source.randbytes(min(piece, size))
        size -= len(data)
        yield data


def seeded_hash(seed, size):
    digest = hashlib.sha256()
    for data in seeded(seed, size):
        digest.update(data)
    return digest.hexdigest()


def _host_of(authority):
    """An authority without its port."""
    return urlsplit(f"//{authority}").hostname or ""


def _is_local(host):
    """The hosts that Ollama on its default address takes (server/routes.go, allowedHost)."""
    try:
        address = ipaddress.ip_address(host)
        return address.is_loopback or address.is_private or address.is_unspecified
    except ValueError:
        return host in ("", "localhost", socket.gethostname().lower()) or host.endswith(
            (".localhost", ".local", ".internal"))


def _ollama_allows(request):
    """Its check of Host, and that of Origin (gin's cors, with Ollama's own origins)."""
    host, origin = request.get("Host") or "", request.get("Origin")
    if not _is_local(_host_of(host)):
        return False
    if origin is None or origin in (f"http://{host}", f"https://{host}"):
        return True
    return _host_of(urlsplit(origin).netloc) in ("localhost", "127.0.0.1", "0.0.0.0")


@dataclass
class Request:
    """A request as it reached the service."""

    connection: int
    method: str
    target: str
    fields: list
    size: int = 0
    sha256: str = ""
    body: bytes = b""           # the first MiB of it
    trailers: list = field(default_factory=list)
    ended: str = None           # "complete", or how the peer left: "fin", "rst"
    parameters: dict = field(default_factory=dict)

    def get(self, name, default=None):
        return next((v for n, v in self.fields if n.lower() == name.lower()), default)

    @property
    def path(self):
        return urlsplit(self.target).path


class FakeOllama:
    def __init__(self, name="ollama", models=("tiny",), port=0, tokens=5):
        self.name, self.models, self.tokens = name, list(models), tokens
        self.mode = "answer"
        self.hanging, self.missing = set(), set()
        self.declining, self.declines_early = None, False
        self.checks_host = False
        self.loaded = None
        self.token_gap, self.dies_after = 0, None
        self.at_once = self.most_at_once = 0
        self.requests = []
        self._gate = threading.Semaphore(0)
        self._stopped = threading.Event()
        self._connections = 0
        self._lock = threading.Lock()
        self._listener = net.Listener(self._serve, port=port)
        self.port = self._listener.port
        self.url = f"http://{net.LOOPBACK}:{self.port}"

    @property
    def accepted(self):
        return self._listener.accepted

    @property
    def open(self):
        return self._listener.open

    def refuse(self):
        self._listener.pause()

    def accept(self):
        self._listener.resume()

    def reset_all(self):
        self._listener.reset_all()

    def release(self, count=1):
        """Let `count` more gated events out."""
        self._gate.release(count)

    def stop(self):
        self._stopped.set()
        self._listener.stop()

    def seen(self, path):
        """The requests for `path` so far."""
        return [r for r in self.requests if r.path == path]

    def completed(self, path):
        """Those that were answered whole; noted a moment after the answer's last byte."""
        return [r for r in self.seen(path) if r.ended == "complete"]

    def first(self, path, limit=10):
        """Wait for the first request for `path`."""
        return wait_for(lambda: self.seen(path), limit, f"{self.name} sees {path}")[0]

    # --- one connection ---------------------------------------------------------------------------

    def _serve(self, sock):
        with self._lock:
            self._connections += 1
            number = self._connections
        if self.mode == "reset":
            sock.recv(1)
            net.reset(sock)
            return
        reader = http_bytes.Reader(sock)
        if self.mode == "hang":
            self._stopped.wait()
            return
        try:
            while self._one(reader, number):
                pass
        except http_bytes.Ended:
            pass  # the visitor's side left: recorded with the request

    def _one(self, reader, number):
        """Serve one request; False when the connection is done."""
        head = http_bytes.read_head(reader)
        if head is None:
            return False
        method, target, _ = head.start.split(" ", 2)
        request = Request(number, method, target, head.fields,
                          parameters=dict(parse_qsl(urlsplit(target).query)))
        self.requests.append(request)
        answer = _Answer(self, reader, request)
        if self.mode == "die":
            answer.take_body()
            return False
        if self.mode == "rubbish":
            answer.rubbish()
            return False
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return answer.give()
        except (ConnectionResetError, BrokenPipeError):
            request.ended = "rst"
            raise
        finally:
            with self._lock:
                self.at_once -= 1


class _Answer:
    """One request being answered."""

    def __init__(self, service, reader, request):
        self.service, self.reader, self.request = service, reader, request
        self.sock = reader.sock

    def give(self):
        path = self.request.path
        handler = _PATHS.get(path, _Answer.echo)
        if path in self.service.hanging:
            handler = _Answer.hang
        if path in self.service.missing:
            handler = _Answer.not_there
        if self.service.declining and path not in _LISTS:
            handler = _Answer.decline
        if self.service.checks_host and not _ollama_allows(self.request):
            handler = _Answer.forbid
        early = handler == _Answer.decline and self.service.declines_early
        if handler not in _BEFORE_BODY and not early:
            if (self.request.get("Expect") or "").lower() == "100-continue":
                self.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.take_body()
        again = handler(self) is not False
        if self.request.ended is None:
            self.request.ended = "complete"
        return again and (self.request.get("Connection") or "").lower() != "close"

    def take_body(self):
        digest, kept = hashlib.sha256(), bytearray()
        if "chunked" in (self.request.get("Transfer-Encoding") or "").lower():
            pieces = http_bytes.chunks(self.reader, self.request.trailers)
        else:
            pieces = http_bytes.sized(self.reader, int(self.request.get("Content-Length") or 0))
        try:
            for piece in pieces:
                digest.update(piece)
                self.request.size += len(piece)
                kept += piece[:(1 << 20) - len(kept)]
        except http_bytes.Ended:
            self.request.ended = "fin"
            raise
        except ConnectionResetError:
            self.request.ended = "rst"
            raise
        self.request.body = bytes(kept)
        self.request.sha256 = digest.hexdigest()

    def parameter(self, name, default):
        return type(default)(self.request.parameters.get(name, default))

    def head(self, status, *fields, body=b""):
        served = f"X-Served-By: {self.service.name}"
        lines = [f"HTTP/1.1 {status}", served, *fields, "", ""]
        self.sock.sendall("\r\n".join(lines).encode() + body)

    def body(self, data, kind="application/json", status="200 OK", *fields):
        """Head and body in one packet: an answer has begun wholly or not at all."""
        self.head(status, f"Content-Type: {kind}", f"Content-Length: {len(data)}", *fields,
                  body=b"" if self.request.method == "HEAD" else data)

    def json(self, value):
        self.body(json.dumps(value).encode())

    def await_release(self):
        """Wait for `release()`; False, with the request's end noted, when the peer left."""
        while not self.service._stopped.is_set():
            if self.service._gate.acquire(timeout=0.005):
                return True
            ended = net.peer_has_ended(self.sock)
            if ended == "rst" or (ended == "fin" and self.request.ended is None):
                self.request.ended = ended
            if ended == "rst":
                return False
        return False

    # --- what each path does ----------------------------------------------------------------------

    def echo(self):
        r = self.request
        self.json({"method": r.method, "target": r.target, "headers": r.fields, "size": r.size,
                   "sha256": r.sha256, "trailers": r.trailers, "served_by": self.service.name,
                   "connection": r.connection})

    def v1_models(self):
        self.json({"object": "list", "data": [
            {"id": m, "object": "model", "created": 1700000000, "owned_by": "library"}
            for m in self.service.models]})

    def _ollama_models(self, names):
        self.json({"models": [
            {"name": m, "model": m, "modified_at": "2023-11-14T22:13:20.5+01:00", "size": 4661224676,
             "digest": "365c0bd3c000", "details": {"format": "gguf", "family": "llama",
                                                   "parameter_size": "8.0B",
                                                   "quantization_level": "Q4_0"}}
            for m in names]})

    def api_tags(self):
        self._ollama_models(self.service.models)

    def api_ps(self):
        loaded = self.service.loaded
        self._ollama_models(self.service.models if loaded is None else loaded)

    def decline(self):
        status, *fields = self.service.declining
        self.body(f"{self.service.name} declines".encode(), "text/plain", status, *fields)
        return not self.service.declines_early

    def forbid(self):
        self.body(b"", "text/plain", "403 Forbidden")

    def not_there(self):
        self.body(b"404 page not found", "text/plain", "404 Not Found")

    def _asked(self):
        try:
            asked = json.loads(self.request.body)
        except ValueError:
            asked = {}
        return asked if isinstance(asked, dict) else {}

    def chat(self):
        asked = self._asked()
        words = [f"word{n} " for n in range(self.service.tokens)]
        if not asked.get("stream"):
            return self.json({"id": "chat", "object": "chat.completion",
                              "model": asked.get("model"), "served_by": self.service.name,
                              "choices": [{"message": {"role": "assistant",
                                                       "content": "".join(words)}}],
                              "usage": {"prompt_tokens": 3, "completion_tokens": len(words)}})
        events = [{"model": asked.get("model"), "choices": [{"delta": {"content": w}}]}
                  for w in words]
        if (asked.get("stream_options") or {}).get("include_usage"):
            events.append({"choices": [],
                           "usage": {"prompt_tokens": 3, "completion_tokens": len(words)}})
        return self._events([json.dumps(event) for event in events] + ["[DONE]"])

    def ollama_chat(self):
        asked = self._asked()
        lines = [{"model": asked.get("model"), "response": f"word{n} ", "done": False}
                 for n in range(self.service.tokens)]
        lines.append({"model": asked.get("model"), "done": True, "eval_count": len(lines),
                      "prompt_eval_count": 3})
        if asked.get("stream") is False:
            return self.json(lines[-1])
        self.head("200 OK", "Content-Type: application/x-ndjson", "Transfer-Encoding: chunked")
        for n, line in enumerate(lines):
            if not self._goes_on(n):
                return False
            self.sock.sendall(http_bytes.chunk(json.dumps(line).encode() + b"\n"))
        self.sock.sendall(b"0\r\n\r\n")

    def _goes_on(self, tokens):
        """Wait for the next token's time; False when it breaks off here."""
        self.service._stopped.wait(self.service.token_gap)
        return tokens != self.service.dies_after

    def sse(self):
        return self._events([f"event {n}" for n in range(self.parameter("count", 3))],
                            gated=self.parameter("gate", 0))

    def _events(self, events, gated=False):
        self.head("200 OK", "Content-Type: text/event-stream", "Transfer-Encoding: chunked")
        for n, event in enumerate(events):
            if (gated and not self.await_release()) or not self._goes_on(n):
                return False
            self.sock.sendall(http_bytes.chunk(f"data: {event}\n\n".encode()))
        self.sock.sendall(b"0\r\n\r\n")

    def bytes(self):
        size, framing = self.parameter("size", 1024), self.parameter("framing", "length")
        pieces = seeded(self.parameter("seed", 1), size)
        kind = "Content-Type: application/octet-stream"
        if framing == "chunked":
            self.head("200 OK", kind, "Transfer-Encoding: chunked")
            for piece in pieces:
                self.sock.sendall(http_bytes.chunk(piece))
            self.sock.sendall(b"0\r\n\r\n")
            return True
        length = [f"Content-Length: {size}"] if framing == "length" else ["Connection: close"]
        self.head("200 OK", kind, *length)
        if self.request.method != "HEAD":
            for piece in pieces:
                self.sock.sendall(piece)
        return framing == "length"

    def status(self):
        code = self.parameter("code", 204)
        if code in (204, 304):
            self.head(f"{code} No Content", 'ETag: "x"')
        else:
            self.body(b"{}", status=f"{code} Some Reason")

    def hang(self):
        while not self.service._stopped.wait(0.005):
            if ended := net.peer_has_ended(self.sock):
                self.request.ended = ended
                return False
        return False

    def stuck(self):
        self.service._stopped.wait()
        return False

    def think(self):
        if not self.await_release():
            return False
        return self.echo()

    def die(self):
        how, after = self.parameter("how", "reset"), self.parameter("after", 100)
        length = {"close-delimited": "Connection: close", "chunked": "Transfer-Encoding: chunked"}
        self.head("200 OK", length.get(how, f"Content-Length: {after + 1000}"))
        for piece in seeded(1, after):
            self.sock.sendall(http_bytes.chunk(piece) if how == "chunked" else piece)
        if how == "reset" or how == "close-delimited":
            # What was sent must have left before the reset throws it away.
            self.service._gate.acquire(timeout=seconds(10))
            net.reset(self.sock)
        return False

    def early(self):
        self.body(b'{"early":true}', "application/json", "413 Too Large", "Connection: close")
        return False

    def informational(self):
        self.sock.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
                          b"HTTP/1.1 102 Processing\r\n\r\n")
        return self.echo()

    def refuse_continue(self):
        self.body(b"{}", "application/json", "417 Expectation Failed", "Connection: close")
        return False

    def trailers(self):
        self.head("200 OK", "Transfer-Encoding: chunked", "Trailer: X-Sum")
        self.sock.sendall(http_bytes.chunk(b"hello") + b"0\r\nX-Sum: 5\r\nContent-Length: 3\r\n"
                          b"Set-Cookie: a=b\r\nGrpc-Status: 0\r\n\r\n")

    def long_head(self):
        self.body(b"", "text/plain", "200 OK", "X-Pad: " + "p" * self.parameter("size", 100))

    def rubbish(self):
        self.sock.sendall(b"\x16\x03\x01 this is no HTTP\r\n\r\n" + bytes(range(256)))
        return False

    def smuggle(self):
        self.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked"
                          b"\r\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        return False

    def spaced(self):
        """White space before colons, as some services write it."""
        self.sock.sendall(b"HTTP/1.1 200 OK\r\nX-A : b\r\nContent-Length\t: 2\r\n\r\nok")

    def many_fields(self):
        fields = [f"X-{n}: v" for n in range(self.parameter("count", 100))]
        self.head("200 OK", "Content-Length: 0", *fields)

    def slow(self):
        size = self.parameter("size", 10)
        self.head("200 OK", f"Content-Length: {size}")
        for piece in seeded(1, size, piece=1):
            self.sock.sendall(piece)
            self.service._stopped.wait(self.parameter("gap", 0.01))

    def upgrade(self):
        self.head("101 Switching Protocols", "Connection: Upgrade", "Upgrade: websocket")
        while data := self.reader.some(65536):
            self.sock.sendall(data)
        return False

    def websocket(self):
        accept = websocket.accept_value(self.request.get("Sec-WebSocket-Key") or "")
        self.head("101 Switching Protocols", "Connection: Upgrade", "Upgrade: websocket",
                  f"Sec-WebSocket-Accept: {accept}")
        while True:
            opcode, payload = websocket.read_frame(self.reader)
            if opcode is None:
                return False
            self.sock.sendall(websocket.frame(opcode, payload))
            if opcode == websocket.CLOSE:
                return False


_PATHS = {
    "/v1/models": _Answer.v1_models, "/api/tags": _Answer.api_tags, "/api/ps": _Answer.api_ps,
    "/v1/chat/completions": _Answer.chat, "/api/chat": _Answer.ollama_chat,
    "/api/generate": _Answer.ollama_chat, "/bytes": _Answer.bytes, "/sse": _Answer.sse,
    "/status": _Answer.status, "/hang": _Answer.hang, "/think": _Answer.think, "/stuck": _Answer.stuck, "/die": _Answer.die,
    "/early": _Answer.early, "/informational": _Answer.informational,
    "/refuse-continue": _Answer.refuse_continue, "/rubbish": _Answer.rubbish,
    "/smuggle": _Answer.smuggle, "/slow": _Answer.slow, "/upgrade": _Answer.upgrade,
    "/websocket": _Answer.websocket, "/trailers": _Answer.trailers,
    "/head": _Answer.long_head, "/spaced": _Answer.spaced, "/fields": _Answer.many_fields,
}
_LISTS = ("/v1/models", "/api/tags", "/api/ps")
_BEFORE_BODY = (_Answer.early, _Answer.stuck, _Answer.refuse_continue)
