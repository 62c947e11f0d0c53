"""An answer that comes before the request is whole reaches who is still sending it."""

import concurrent.futures
import json
import subprocess

import pytest

from support import keeper, net, raw_http
from support.waiting import seconds

LARGE = 8_000_000
FETCH = """
const [url, key, times] = process.argv.slice(1);
const body = new Uint8Array(%d);
const seen = {};
async function ask() {
  try {
    const answer = await fetch(url, {method: "POST", body, headers: {authorization: key}});
    await answer.text();
    return answer.status;
  } catch (error) {
    return String(error.cause?.code ?? error);
  }
}
for (let i = 0; i < times; i++) { const how = await ask(); seen[how] = (seen[how] ?? 0) + 1; }
console.log(JSON.stringify(seen));
""" % LARGE


def upload(port, head, size=LARGE):
    """The status that answers the head, for a visitor that sends all of its body before it reads."""
    with raw_http.Visitor(port) as visitor:
        visitor.send(head)
        piece = b"x" * 1_000_000
        for _ in range(size // len(piece)):
            visitor.send(piece)
        return visitor.response().status


def head(key="wrong", target="/x", host="frpx.test"):
    return raw_http.request("POST", target, key=key, host=host,
                            headers={"Content-Length": str(LARGE)})


def test_a_wrong_key_is_told_to_large_uploads(lab):
    server = lab.frps()
    with concurrent.futures.ThreadPoolExecutor(4) as visitors:
        statuses = list(visitors.map(lambda _: upload(server.public, head()), range(40)))
    assert statuses == [401] * 40


def test_nodes_fetch_reads_the_answer_to_a_large_upload(lab):
    server = lab.frps()
    done = subprocess.run(
        ["node", "--input-type=module", "-e", FETCH, f"http://127.0.0.1:{server.public}/x", "wrong",
         "150"], capture_output=True, text=True, timeout=seconds(120), check=True)
    assert json.loads(done.stdout) == {"401": 150}


@pytest.mark.parametrize("status,target,options", [
    (503, "/x", []),
    (413, "/x", ["--max-body", "1000"]),
])
def test_other_refusals_are_told_as_well(lab, status, target, options):
    server = lab.frps(*options)
    for _ in range(5):
        assert upload(server.public, head("abc123", target)) == status


def test_the_api_tells_that_a_body_is_too_large(lab):
    server = lab.frps()
    for _ in range(5):
        assert upload(server.api_port, head(None, "/api/clients", "127.0.0.1")) == 413


def test_the_port_keeper_tells_that_a_body_is_too_large(lab):
    plugin = keeper.start(lab, "--allow-ports", "6000")
    for _ in range(5):
        assert upload(plugin.port, head(None, keeper.PATH, "127.0.0.1")) == 413


def test_who_sends_without_end_is_not_listened_to_for_ever(lab):
    """More than 64 MiB are not read for nothing."""
    server = lab.frps()
    with net.connect(server.public) as sock:
        sock.sendall(raw_http.request("POST", "/x", key="wrong",
                                      headers={"Content-Length": str(1 << 40)}))
        sent = 0
        with pytest.raises(ConnectionError):
            while sent < 200 << 20:
                sent += sock.send(b"x" * 1_000_000)
        assert sent > 32 << 20
