#!/usr/bin/env python3
"""A stand-in for a private service: a small web server that says its name.

    local_service.py NAME[:PORT] ... [--ready-file FILE]

serves each name on a port of its own on loopback, as if each were another machine. It answers

    GET  /                      hello from NAME
    GET  /v1/models             one model, NAME-model, in OpenAI's form
    POST /v1/chat/completions   a short answer in OpenAI's form that names NAME

FILE is written with the ports as JSON, {"NAME": port, ...}, when all of them listen.
"""

import argparse
import http.server
import json
import os
import signal
import sys
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/v1/models":
            model = {"id": self.model, "object": "model", "created": 0, "owned_by": self.name}
            self.answer_json({"object": "list", "data": [model]})
        else:
            self.answer("text/plain", f"hello from {self.name}\n")

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        message = {"role": "assistant", "content": f"hello from {self.name}"}
        self.answer_json({"object": "chat.completion", "model": self.model,
                          "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})

    @property
    def name(self):
        return self.server.name

    @property
    def model(self):
        return self.name + "-model"

    def answer_json(self, value):
        self.answer("application/json", json.dumps(value) + "\n")

    def answer(self, kind, text):
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve(name_and_port):
    name, _, port = name_and_port.partition(":")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port or 0)), Handler)
    server.name = name
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def main():
    arguments = argparse.ArgumentParser(description="A small web server that says its name.")
    arguments.add_argument("names", nargs="+", metavar="NAME[:PORT]")
    arguments.add_argument("--ready-file", metavar="FILE")
    given = arguments.parse_args()
    ports = {server.name: server.server_port for server in map(serve, given.names)}
    if given.ready_file:
        with open(given.ready_file + ".draft", "w", encoding="utf-8") as file:
            json.dump(ports, file)
        os.rename(given.ready_file + ".draft", given.ready_file)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    sys.exit(main())
