"""A dashboard that cannot be built ends the build, and an frps built without one says so."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from support.net import closed_port
from support.programs import BIN, tool

CMAKE = Path(__file__).resolve().parents[2] / "cmake"
WAY_OUT = "cmake -D FRPX_DASHBOARD=OFF builds frps without it."


def script(name, *definitions, **environment):
    """Runs a script of cmake/; returns (exit code, its words with single spaces)."""
    done = subprocess.run(
        [tool("cmake"), *(word for each in definitions for word in ("-D", each)), "-P",
         CMAKE / name],
        env={**os.environ, **environment}, text=True, capture_output=True, check=False)
    return done.returncode, re.sub(r"\s+", " ", done.stdout + done.stderr)


@pytest.fixture
def build(tmp_path):
    """Builds a page of one package; returns what `script` returns. `npm` is the program to use."""
    page = tmp_path / "source/dashboard"
    page.mkdir(parents=True)
    package = {"name": "page", "version": "1.0.0", "dependencies": {"frpx-none": "1.0.0"}}
    (page / "package.json").write_text(json.dumps(package))
    (page / "package-lock.json").write_text(json.dumps({
        "name": "page", "version": "1.0.0", "lockfileVersion": 3, "requires": True,
        "packages": {"": package, "node_modules/frpx-none": {
            "version": "1.0.0", "integrity": "sha512-" + 86 * "A" + "=="}}}))
    folder = tmp_path / "build"
    code = folder / "code.cpp"

    def run(npm, **environment):
        ended = script("build_dashboard.cmake", f"NODE={tool('node')}", f"NPM={npm}",
                       f"SOURCE={page.parent}", f"FOLDER={folder}", f"CODE={code}", **environment)
        assert not code.exists()
        return ended

    return run


def test_without_npm_nothing_is_configured():
    code, said = script("dashboard.cmake", PATH="/nonexistent")
    assert code != 0
    assert "scripts/install-deps.sh build" in said and WAY_OUT in said


def test_without_npm_and_unwanted():
    assert script("dashboard.cmake", "FRPX_DASHBOARD=OFF", PATH="/nonexistent") == (0, "")


def test_a_step_that_fails_ends_the_build(build, tmp_path):
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho why it failed\nexit 3\n")
    npm.chmod(0o755)
    code, said = build(npm)
    assert code != 0
    assert "why it failed npm ci: 3" in said and "npm ci failed (see above)" in said
    assert WAY_OUT in said


def test_with_an_empty_cache_the_registry_is_asked(build, tmp_path):
    """Nobody listens there: that, and nothing about npm's own options, is what it says."""
    code, said = build(tool("npm"), npm_config_cache=str(tmp_path / "cache"),
                       npm_config_registry=f"http://127.0.0.1:{closed_port()}/")
    assert code != 0
    assert "ECONNREFUSED" in said, said


def test_an_frps_without_it_says_so(lab):
    server = lab.frps(binary=BIN.parent / "tests/frps_without_dashboard")
    server.says("has no dashboard: it was built without it")
    page = server.api("/")
    assert page.status == 200 and b"built without its dashboard" in page.body
    assert server.api("/api/health").status == 200
