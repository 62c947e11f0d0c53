"""What the compiler and the linker put into every program against memory errors."""

import os
import platform
import re
import subprocess

import pytest

from support.programs import BIN

PROGRAMS = sorted(path for path in BIN.iterdir() if os.access(path, os.X_OK) and path.is_file())
LIBRARY = BIN.parent / "lib" / "libfrpx.so"
BINARIES = [*PROGRAMS, LIBRARY]


def read(tool, *arguments):
    done = subprocess.run([tool, *arguments], capture_output=True, text=True, check=True)
    return done.stdout


def test_all_programs_are_looked_at():
    names = {path.name for path in PROGRAMS}
    assert {"frps", "frpc", "frp-port-keeper", "frplite-frps", "frplite-frpc"} <= names
    assert LIBRARY.exists()


@pytest.mark.parametrize("binary", BINARIES, ids=lambda path: path.name)
def test_addresses_are_random_and_tables_read_only(binary):
    assert re.search(r"Type:\s+DYN ", read("readelf", "-hW", binary)), "position-independent"
    segments = read("readelf", "-lW", binary)
    assert "GNU_RELRO" in segments
    assert re.search(r"GNU_STACK.* RW ", segments), "the stack is not executable"
    assert not re.search(r"LOAD .* RWE ", segments), "nothing is writable and executable"
    assert re.search(r"\(FLAGS(_1)?\).*\bNOW\b", read("readelf", "-dW", binary)), "full RELRO"


@pytest.mark.parametrize("binary", BINARIES, ids=lambda path: path.name)
def test_stacks_and_copies_are_checked(binary):
    imported = read("nm", "-D", "--undefined-only", binary)
    assert "__stack_chk_fail" in imported
    assert re.search(r"__(mem|str|v?s?n?printf|read|recv)\w*_chk", imported), "_FORTIFY_SOURCE"


@pytest.mark.skipif(platform.machine() != "x86_64", reason="CET is of x86-64")
@pytest.mark.parametrize("binary", BINARIES, ids=lambda path: path.name)
def test_branches_and_returns_are_tracked_where_the_processor_can(binary):
    assert "SHSTK" in read("readelf", "-nW", binary)
    code = read("objdump", "-d", "--no-show-raw-insn", binary)
    assert code.count("endbr64") > 100
