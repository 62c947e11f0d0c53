"""WebSocket frames (RFC 6455), as little of them as an echo needs."""

import base64
import hashlib

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CLOSE = 8


def accept_value(key):
    """The Sec-WebSocket-Accept that answers a Sec-WebSocket-Key (section 1.3)."""
    return base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()


def frame(opcode, payload, mask=b""):
    """One whole WebSocket frame (RFC 6455, section 5.2); visitors must give a 4-byte mask."""
    flag = 0x80 if mask else 0
    size = len(payload)
    if size < 126:
        length = bytes([flag | size])
    elif size < 65536:
        length = bytes([flag | 126]) + size.to_bytes(2, "big")
    else:
        length = bytes([flag | 127]) + size.to_bytes(8, "big")
    if mask:
        payload = bytes(b ^ mask[n % 4] for n, b in enumerate(payload))
    return bytes([0x80 | opcode]) + length + mask + payload


def read_frame(reader):
    """(opcode, unmasked payload), or (None, b"") at the end of the stream."""
    if not reader.buffer and not reader.fill():
        return None, b""
    first, second = reader.exactly(2)
    size = second & 0x7F
    if size > 125:
        size = int.from_bytes(reader.exactly(2 if size == 126 else 8), "big")
    mask = reader.exactly(4) if second & 0x80 else b""
    payload = reader.exactly(size)
    if mask:
        payload = bytes(b ^ mask[n % 4] for n, b in enumerate(payload))
    return first & 0x0F, payload
