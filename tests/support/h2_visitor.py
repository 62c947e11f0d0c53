"""A visitor that speaks HTTP/2 by prior knowledge, frame by frame (Debian's python3-h2)."""

import hashlib
import socket
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.settings

from support import net

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


@dataclass
class Answer:
    """What came on one stream."""

    status: int = 0
    fields: list = field(default_factory=list)
    interim: list = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    trailers: list = None
    ended: bool = False
    reset: int = None  # the error code, if it was reset

    def get(self, name, default=None):
        return next((v for n, v in self.fields if n == name), default)

    @property
    def sha256(self):
        return hashlib.sha256(self.body).hexdigest()


class H2Visitor:
    """One connection. `window` is what each stream and the connection take before they are read."""

    def __init__(self, port, timeout=20, window=None, reads_at_once=True, key="abc123"):
        self.sock = net.connect(port, net.LOOPBACK, timeout)
        self.key = key
        self.reads_at_once = reads_at_once  # repay what is received at once
        config = h2.config.H2Configuration(
            client_side=True, header_encoding="utf-8", validate_outbound_headers=False,
            normalize_outbound_headers=False)
        self.h2 = h2.connection.H2Connection(config)
        self.h2.initiate_connection()
        self.h2.increment_flow_control_window(1 << 30)  # of the connection: a stream's is the limit
        if window is not None:
            self.h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window})
        self.answers = {}
        self.unpaid = {}
        self.goaway = None
        self.settings = {}
        self.ended = None  # "fin" or "rst"
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def flush(self):
        if data := self.h2.data_to_send():
            self.sock.sendall(data)

    def request(self, method="GET", path="/x", body=None, headers=(), end=True, key=True):
        """Send a request; with `end` False its body goes on (`data`). Returns the stream's id."""
        fields = [(":method", method), (":scheme", "http"), (":path", path),
                  (":authority", "frpx.test")]
        if key:
            fields.append(("authorization", f"Bearer {self.key}"))
        fields += headers.items() if isinstance(headers, dict) else headers
        return self.raw_request(fields, body, end)

    def raw_request(self, fields, body=None, end=True):
        stream = self.h2.get_next_available_stream_id()
        self.answers[stream] = Answer()
        self.h2.send_headers(stream, fields, end_stream=end and not body)
        self.flush()
        if body:
            self.data(stream, body, end)
        return stream

    def data(self, stream, body, end=False):
        """Send a part of a body, as the windows allow, unless the server wants no more of it."""
        view = memoryview(body)
        while view and self.answers[stream].reset is None:
            room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            if room <= 0:
                self.receive()
                continue
            self.h2.send_data(stream, bytes(view[:room]), end_stream=end and len(view) <= room)
            view = view[room:]
            self.flush()

    def end(self, stream, trailers=None):
        if trailers:
            self.h2.send_headers(stream, trailers, end_stream=True)
        else:
            self.h2.end_stream(stream)
        self.flush()

    def reset(self, stream, code=h2.errors.ErrorCodes.CANCEL):
        self.h2.reset_stream(stream, code)
        self.flush()

    def pay(self, stream, size=None):
        """Open the windows for what was received and not repaid yet."""
        size = self.unpaid.pop(stream, 0) if size is None else size
        if size:
            self.h2.acknowledge_received_data(size, stream)
            self.flush()

    def receive(self):
        """Read once and note what came; False at the end of the connection."""
        try:
            data = self.sock.recv(65536)
        except ConnectionResetError:
            self.ended = "rst"
            return False
        if not data:
            self.ended = "fin"
            return False
        if self.goaway:
            self._note_last(data)
            return True
        for event in self.h2.receive_data(data):
            self._note(event)
        try:
            self.flush()
        except OSError:
            pass  # it is ending: what came is still to be read
        return True

    def _note(self, event):
        answer = self.answers.get(getattr(event, "stream_id", None))
        if isinstance(event, h2.events.InformationalResponseReceived):
            answer.interim.append(dict(event.headers)[":status"])
        elif isinstance(event, h2.events.ResponseReceived):
            answer.fields = event.headers
            answer.status = int(dict(event.headers)[":status"])
        elif isinstance(event, h2.events.DataReceived):
            answer.body += event.data
            size = event.flow_controlled_length
            self.unpaid[event.stream_id] = self.unpaid.get(event.stream_id, 0) + size
            if self.reads_at_once:
                self.h2.acknowledge_received_data(self.unpaid.pop(event.stream_id),
                                                  event.stream_id)
        elif isinstance(event, h2.events.TrailersReceived):
            answer.trailers = event.headers
        elif isinstance(event, h2.events.StreamEnded):
            answer.ended = True
        elif isinstance(event, h2.events.StreamReset):
            answer.reset = int(event.error_code)
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.goaway = (int(event.error_code), event.last_stream_id)
        elif isinstance(event, h2.events.RemoteSettingsChanged):
            self.settings.update({int(code): change.new_value
                                  for code, change in event.changed_settings.items()})

    def _note_last(self, data):
        """python3-h2 takes no frame behind a GOAWAY, though the requests at hand go on."""
        for kind, flags, stream, payload in frames(data):
            if kind == 0:
                self.answers[stream].body += payload
            if kind in (0, 1) and flags & 1:
                self.answers[stream].ended = True

    def until(self, done):
        """Receive until `done()`, or until the connection ends; whether it came to be."""
        while not done():
            if not self.receive():
                return done()
        return True

    def answer(self, stream):
        """The whole answer of a stream: until it ended, was reset, or the connection went."""
        answer = self.answers[stream]
        self.until(lambda: answer.ended or answer.reset is not None)
        return answer

    def fetch(self, *arguments, **options):
        return self.answer(self.request(*arguments, **options))

    def end_of_connection(self):
        """Receive until the server ends the connection; how it does."""
        while self.receive():
            pass
        return self.ended


def raw(port, data, timeout=20):
    """Send exact bytes behind the preface; all that comes back, and how the connection ends."""
    with net.connect(port, net.LOOPBACK, timeout) as sock:
        try:
            sock.sendall(PREFACE + data)
        except OSError:
            pass  # it may be ended before everything is sent
        got = b""
        try:
            while chunk := sock.recv(65536):
                got += chunk
            return got, "fin"
        except ConnectionResetError:
            return got, "rst"
        except socket.timeout:
            return got, "open"


def frame(kind, flags=0, stream=0, payload=b""):
    """The bytes of one frame (RFC 9113, 4.1)."""
    return (len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big")
            + payload)


def frames(data):
    """Frames in bytes that a server sent: (type, flags, stream, payload) each."""
    found = []
    while len(data) >= 9:
        size = int.from_bytes(data[:3], "big")
        found.append((data[3], data[4], int.from_bytes(data[5:9], "big"), data[9:9 + size]))
        data = data[9 + size:]
    return found


def goaway_code(data):
    """The error code of the GOAWAY in these bytes, or None."""
    return next((int.from_bytes(payload[4:8], "big")
                 for kind, _, _, payload in frames(data) if kind == 7), None)
