"""The frames and commands of the frpx wire, read as strictly as its public programs read them.

The public programs decode commands with serde: one key that names a known command, every required
field of its exact type, `null` or nothing for optional ones, unknown fields skipped, a field given
twice refused, and no more than 128 levels of JSON.
"""

import json
import struct

_MODEL = {"id": "string", "object": "string", "created": "u64", "owned_by": "string"}

COMMANDS = {
    "Login": {"email": "string", "pass": "string"},
    "LoginByToken": {"token": "string"},
    "LoginResult": {"success": "bool", "error": "string?", "token": "string?"},
    "Register": {"client_id": "string"},
    "RegisterResult": {"success": "bool", "error": "string?"},
    "RequestNewProxyConn": {"proxy_conn_id": "string"},
    "NewProxyConn": {"proxy_conn_id": "string"},
    "Heartbeat": {"models": "models?"},
    "SystemInfo": {
        "cpu_usage": "f32",
        "memory_usage": "f32",
        "disk_usage": "f32",
        "computer_name": "string",
    },
}

DEPTH_LIMIT = 128


class Refused(ValueError):
    """What the public programs cannot decode."""


def encode(command, **fields):
    """The bytes of one frame. A field called `pass` is given as `pass_`."""
    value = {name.rstrip("_"): content for name, content in fields.items()}
    return frame(json.dumps({command: value}, separators=(",", ":")).encode())


def frame(payload):
    """`payload` behind its length."""
    return struct.pack(">I", len(payload)) + payload


def receive(sock):
    """The payload of the next frame; None if the stream ended, cleanly or not."""
    length = _receive_exactly(sock, 4)
    if length is None:
        return None
    return _receive_exactly(sock, struct.unpack(">I", length)[0])


def _receive_exactly(sock, count):
    data = bytearray()
    while len(data) < count:
        chunk = sock.recv(min(count - len(data), 65536))
        if not chunk:
            return None
        data += chunk
    return bytes(data)


def decode(payload):
    """(command, fields) of a payload; raises Refused where the public programs would."""
    value = _parse(payload)
    if not isinstance(value, dict) or len(value) != 1:
        raise Refused("not an object with one key")
    [(command, fields)] = value.items()
    if command not in COMMANDS:
        raise Refused(f"unknown command {command!r}")
    if not isinstance(fields, dict):
        raise Refused(f"the fields of {command} are no object")
    for name, kind in COMMANDS[command].items():
        _check(f"{command}.{name}", kind, fields.get(name))
    return command, {name: fields.get(name) for name in fields}


def _parse(payload):
    def no_duplicates(pairs):
        names = [name for name, _ in pairs]
        if len(names) != len(set(names)):
            raise Refused("a field is given twice")
        return dict(pairs)

    def no_constant(text):
        raise Refused(f"{text} is no JSON number")

    try:
        text = payload.decode("utf-8")
        if _depth(text) > DEPTH_LIMIT:
            raise Refused("nested too deeply")
        return json.loads(text, object_pairs_hook=no_duplicates, parse_constant=no_constant)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise Refused(str(error)) from error


def _depth(text):
    deepest = depth = 0
    quoted = escaped = False
    for letter in text:
        if quoted:
            quoted = escaped or letter != '"'
            escaped = letter == "\\" and not escaped
        elif letter == '"':
            quoted = True
        elif letter in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif letter in "]}":
            depth -= 1
    return deepest


def _check(where, kind, value):
    if kind.endswith("?"):
        if value is None:
            return
        kind = kind[:-1]
    if kind == "models":
        _check_models(where, value)
        return
    if not _IS[kind](value):
        raise Refused(f"{where} is {value!r}, not a {kind}")


def _check_models(where, value):
    if not isinstance(value, list):
        raise Refused(f"{where} is no list")
    for entry in value:
        if not isinstance(entry, dict):
            raise Refused(f"an entry of {where} is no object")
        for name, kind in _MODEL.items():
            _check(f"{where}.{name}", kind, entry.get(name))


def _is_integer(value):
    return isinstance(value, int) and not isinstance(value, bool)


_IS = {
    "string": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
    "u64": lambda value: _is_integer(value) and 0 <= value < 1 << 64,
    "f32": lambda value: _is_integer(value) or isinstance(value, float),
}
