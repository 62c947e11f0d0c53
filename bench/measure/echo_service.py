"""A local service for the soak: gives back what it gets, or bytes that the visitor can check.

    echo_service.py PORT          in a process of its own, so that it can be stopped and killed

POST /echo answers with the request's body while it still arrives; GET /bytes/SEED/COUNT answers with
`bytes_of(SEED, COUNT)`; anything else with a short text.
"""

import asyncio
import random
import sys

PIECE = 64 * 1024


def bytes_of(seed, count):
    """The bytes that both ends can make of a seed."""
    return random.Random(seed).randbytes(count)


async def serve(reader, writer):
    try:
        while line := await reader.readline():
            method, path, _ = line.decode().split()
            length = 0
            while (field := await reader.readline()) not in (b"\r\n", b""):
                name, _, value = field.decode().partition(":")
                if name.lower() == "content-length":
                    length = int(value)
            if path == "/echo":
                await answer_head(writer, length)
                while length:
                    piece = await reader.read(min(length, PIECE))
                    if not piece:
                        return
                    length -= len(piece)
                    writer.write(piece)
                    await writer.drain()
                continue
            await reader.readexactly(length)
            words = path.split("/")
            body = bytes_of(int(words[2]), int(words[3])) if words[1] == "bytes" else b"hello"
            await answer_head(writer, len(body))
            if method != "HEAD":
                writer.write(body)
            await writer.drain()
    except (OSError, ValueError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def answer_head(writer, length):
    writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode())
    await writer.drain()


async def run(port):
    server = await asyncio.start_server(serve, "127.0.0.1", port, backlog=1024)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(run(int(sys.argv[1])))
