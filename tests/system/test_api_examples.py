"""Each example of docs/api.md works as it stands there, the public frpx's curl and jq lines too."""

import re
import subprocess
from pathlib import Path

from support.programs import tool
from support.waiting import wait_for

PAGE = Path(__file__).resolve().parents[2] / "docs/api.md"


def examples():
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def test_each_example_works(lab):
    assert tool("jq") and tool("curl")
    server, _, _ = lab.house("client_A")
    assert len(examples()) >= 25

    def client_is_there():
        here = server.clients().get("client_A")
        return here and here["system_info"] and here["models"]

    for line in examples():
        wait_for(client_is_there, 20, "client_A is connected")
        assert ":18081/" in line, line
        done = subprocess.run(["bash", "-o", "pipefail", "-c",
                               line.replace(":18081/", f":{server.api_port}/")],
                              capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, (line, done.stderr)
        assert done.stdout.strip() not in ("", "null"), (line, done.stdout)


def test_each_route_is_on_the_page(lab):
    described = lab.frps().api("/api/openapi.json").json()["paths"]
    headings = "\n".join(re.findall(r"^### (.*)$", PAGE.read_text(), re.MULTILINE))
    on_page = {(method.lower(), path)
               for methods, path in re.findall(r"((?:[A-Z]+, )*[A-Z]+) (/\S*[^\s,])", headings)
               for method in methods.split(", ")}
    assert on_page == {(method, path) for path, methods in described.items()
                       for method in methods}
