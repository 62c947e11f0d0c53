"""libfrpx as a stranger uses it: headers alone, installed, from C, and the examples."""

import ctypes
import os
import re
import subprocess
from pathlib import Path

import pytest

from support import net, public_proxylite as pl
from support.net import Listener, free_port, free_ports
from support.programs import BIN, Program, environment, tool, under_sanitizer
from support.public_proxylite import PublicClient
from support.waiting import wait_for
from system.test_proxylite import echo

ROOT = Path(__file__).parents[2]
BUILD = BIN.parent
HEADERS = sorted((ROOT / "include/frpx").glob("*"))
COMPILERS = ("g++", "clang++-19")
SANITIZED = under_sanitizer()
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror"]


def compile_text(compiler, text, *flags):
    return subprocess.run([compiler, *flags, "-fsyntax-only", "-I", ROOT / "include", "-"],
                          input=text, text=True, capture_output=True, check=False)


# --- the headers ----------------------------------------------------------------------------------


def test_there_are_headers_and_compilers():
    assert len(HEADERS) > 5 and all(tool(compiler) for compiler in COMPILERS)


@pytest.mark.parametrize("header", HEADERS, ids=lambda path: path.name)
@pytest.mark.parametrize("compiler", COMPILERS)
def test_a_header_compiles_alone(compiler, header):
    done = compile_text(compiler, f"#include <frpx/{header.name}>\n", "-std=c++20", "-x", "c++",
                        *STRICT)
    assert done.returncode == 0, done.stderr


def test_the_c_header_is_c():
    for compiler in ("gcc", "clang-19"):
        done = compile_text(compiler, "#include <frpx/frpx.h>\n", "-std=c11", "-x", "c", *STRICT)
        assert done.returncode == 0, done.stderr


def test_headers_define_no_macro_and_need_the_standard_library_alone():
    standard = re.compile(r"#include <(frpx/[a-z]+\.hp?p?|[a-z_]+|std(?:int|def)\.h)>")
    for header in HEADERS:
        for line in header.read_text().splitlines():
            assert "#define" not in line, header
            if line.startswith("#include"):
                assert standard.fullmatch(line), f"{header}: {line}"


def test_every_public_member_is_documented(tmp_path):
    settings = (ROOT / "docs/Doxyfile").read_text() + f"\nOUTPUT_DIRECTORY = {tmp_path}\n"
    done = subprocess.run([tool("doxygen"), "-"], input=settings, cwd=ROOT, text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    classes = {kind_and_name for header in HEADERS for kind_and_name in
               re.findall(r"^(class|struct) (?:\[\[nodiscard\]\] )?(\w+) \{", header.read_text(), re.M)}
    assert len(classes) > 10
    for kind, name in classes:
        assert (tmp_path / f"html/{kind}frpx_1_1{name.replace('_', '__')}.html").exists(), name


# --- installed ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    into = tmp_path_factory.mktemp("prefix")
    subprocess.run(["cmake", "--install", BUILD, "--prefix", into, "--component", "library"],
                   check=True, capture_output=True)
    return into


def blocks_of(page, language):
    """The code blocks of one language on a page of the docs, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / "docs" / page).read_text(),
                      re.DOTALL | re.MULTILINE)


@pytest.mark.skipif(SANITIZED, reason="a program without the sanitizer cannot load it")
@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("target", ["frpx::frpx", "frpx::static"])
def test_the_guide_from_an_empty_folder(lab, prefix, tmp_path, compiler, target):
    cmake, = [b for b in blocks_of("library.md", "cmake") if "find_package" in b]
    program = blocks_of("library.md", "cpp")[0]
    assert len(cmake.splitlines()) == 5
    (tmp_path / "CMakeLists.txt").write_text(cmake.replace("frpx::frpx", target))
    (tmp_path / "hello.cpp").write_text(program)
    for step in (["-B", "build", f"-DCMAKE_PREFIX_PATH={prefix}", f"-DCMAKE_CXX_COMPILER={compiler}"],
                 ["--build", "build"]):
        done = subprocess.run(["cmake", *step], cwd=tmp_path, text=True, capture_output=True,
                              check=False, env=environment(tmp_path))
        assert done.returncode == 0, done.stdout + done.stderr
    service = lab.add(Listener(echo))
    outer = free_port()
    with subprocess.Popen([tmp_path / "build/hello", str(outer), f"127.0.0.1:{service.port}"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout.readline() == f"visit 127.0.0.1:{outer}\n"
        with net.connect(outer) as visitor:
            visitor.sendall(b"hello")
            assert pl.exactly(visitor, 5) == b"hello"
        running.stdin.close()
        assert running.wait(20) == 0


@pytest.mark.skipif(SANITIZED, reason="a program without the sanitizer cannot load it")
def test_pkg_config(prefix, tmp_path):
    (tmp_path / "a.cpp").write_text(
        "#include <frpx/frpx.hpp>\n"
        "int main() { return frpx::tunnel_server().add_ports(0, 1) ? 1 : 0; }\n")
    folder, = prefix.rglob("pkgconfig")
    env = {**os.environ, "PKG_CONFIG_PATH": str(folder)}
    flags = subprocess.run([tool("pkg-config"), "--cflags", "--libs", "frpx"], env=env, text=True,
                           capture_output=True, check=True).stdout.split()
    lib = folder.parent
    subprocess.run([COMPILERS[0], "-std=c++20", "a.cpp", "-o", "a", *flags, f"-Wl,-rpath,{lib}"],
                   cwd=tmp_path, check=True)
    subprocess.run([tmp_path / "a"], check=True)


def test_the_shared_library_shows_its_own_names_only():
    names = subprocess.run(["nm", "-DC", "--defined-only", BUILD / "lib/libfrpx.so"], text=True,
                           capture_output=True, check=True).stdout
    shown = [line.split(maxsplit=2)[2] for line in names.splitlines()]
    assert any(name.startswith("frpx::tunnel_server::") for name in shown)
    strangers = [n for n in shown if not re.match(
        r"(frpx_|frpx::(explain|hook_context|tunnel_server|tunnel_client|register_entry|"
        r"ask_free_ports|discover_services))|(vtable|typeinfo)", n)]
    assert not strangers, strangers[:10]


# --- the C interface, from Python -----------------------------------------------------------------


class Registration(ctypes.Structure):
    _fields_ = [("outer_port", ctypes.c_uint16), ("inner_addr", ctypes.c_char_p),
                ("name", ctypes.c_char_p), ("message", ctypes.c_char_p),
                ("max_serve_time", ctypes.c_uint32), ("max_serve_conn", ctypes.c_uint32),
                ("max_serve_count", ctypes.c_uint32)]


class ServiceInfo(ctypes.Structure):
    _fields_ = [("port", ctypes.c_uint16), ("name", ctypes.c_char_p), ("message", ctypes.c_char_p),
                ("birth", ctypes.c_int64), ("deadline", ctypes.c_int64),
                ("online", ctypes.c_uint32), ("capacity", ctypes.c_uint32),
                ("already_serve", ctypes.c_uint32), ("total_serve", ctypes.c_uint32)]


HOOK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
LOGGER = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
FOUND = ctypes.CFUNCTYPE(None, ctypes.POINTER(ServiceInfo), ctypes.c_void_p)
CREATED, DESTROYED, COMING, LEAVING, TO_TUNNEL, TO_USER = range(6)
TIMED_OUT, ALREADY_REGISTERED, CANCELLED, NOTHING_TO_ABORT = 3, 8, 11, 15
PATIENCE = 10_000


@pytest.fixture(scope="module")
def c():
    if SANITIZED:
        pytest.skip("Python has no sanitizer")
    library = ctypes.CDLL(str(BUILD / "lib/libfrpx.so"))
    pointer = ctypes.c_void_p
    for name in ("frpx_server_new", "frpx_client_new", "frpx_client_entry_by_name",
                 "frpx_client_entry_by_port", "frpx_context_get_value", "frpx_context_data"):
        getattr(library, name).restype = pointer
    for name in ("frpx_explain", "frpx_context_user_remote_address",
                 "frpx_context_inner_remote_address"):
        getattr(library, name).restype = ctypes.c_char_p
    library.frpx_server_port.restype = ctypes.c_uint16
    return library


def ptr(value):
    return ctypes.c_void_p(value)


def test_from_pythons_ctypes(lab, c):
    outer, other = free_ports(2)
    service = lab.add(Listener(echo))
    calls, lines = [], []

    @HOOK
    def on_created(context, user):
        c.frpx_context_put_value(ptr(context), b"mine", ptr(user))
        assert c.frpx_context_abort_user(ptr(context)) == NOTHING_TO_ABORT
        calls.append("created")
        return 0

    @HOOK
    def on_coming(context, _):
        address = c.frpx_context_user_remote_address(ptr(context)).decode()
        info = ServiceInfo()
        c.frpx_context_service_info(ptr(context), ctypes.byref(info))
        value = c.frpx_context_get_value(ptr(context), b"mine")
        calls.append(("coming", address, info.port, info.name, value))
        return 0

    @HOOK
    def on_bytes(context, _):
        size = ctypes.c_size_t()
        data = c.frpx_context_data(ptr(context), ctypes.byref(size))
        if size.value:
            text = (ctypes.c_char * size.value).from_address(data)
            text[:] = bytes(text).upper()
        else:
            calls.append("end")
        return 0

    logger = LOGGER(lambda level, line, user: lines.append((level, line)))
    server = ptr(c.frpx_server_new(None))
    assert c.frpx_server_add_ports(server, outer, outer) == 0
    assert c.frpx_server_add_ports(server, 0, 1) == 1
    c.frpx_server_set_logger(server, logger, None)
    assert c.frpx_server_on(server, CREATED, on_created, ptr(4711)) == 0
    assert c.frpx_server_on(server, COMING, on_coming, None) == 0
    assert c.frpx_server_on(server, TO_TUNNEL, on_bytes, None) == 0
    assert c.frpx_server_on(server, 6, on_bytes, None) == 1
    assert c.frpx_server_start(server, b"127.0.0.1:0") == 0
    address = b"127.0.0.1:%d" % c.frpx_server_port(server)

    ports = (ctypes.c_uint16 * 4)()
    count = ctypes.c_size_t(4)
    assert c.frpx_ask_free_ports(address, PATIENCE, ports, ctypes.byref(count)) == 0
    assert list(ports[:count.value]) == [outer]

    client = ptr(c.frpx_client_new(address, None, 0))
    what = Registration(outer, b"127.0.0.1:%d" % service.port, b"echo", b"hi", 0, 0, 0)
    entry = ctypes.c_void_p()
    register = c.frpx_client_register_service
    assert register(client, ctypes.byref(what), PATIENCE, ctypes.byref(entry)) == 0
    second = ctypes.c_void_p()
    assert register(client, ctypes.byref(what), PATIENCE, ctypes.byref(second)) == ALREADY_REGISTERED
    assert c.frpx_entry_wait(entry, 0) == TIMED_OUT

    with net.connect(outer) as visitor:
        visitor.sendall(b"hello")
        assert pl.exactly(visitor, 5) == b"HELLO"
        assert calls[:2] == ["created", ("coming", "%s:%d" % visitor.getsockname(), outer, b"echo",
                                         4711)]
    wait_for(lambda: "end" in calls, 5, "the last call has no bytes")

    found = []
    callback = FOUND(lambda info, user: found.append((info[0].port, info[0].name, info[0].message)))
    assert c.frpx_discover_services(address, b"ec", PATIENCE, callback, None) == 0
    assert found == [(outer, b"echo", b"hi")]

    c.frpx_entry_cancel(entry)
    assert c.frpx_entry_wait(entry, PATIENCE) == CANCELLED
    assert c.frpx_client_entry_by_name(client, b"echo") is None
    c.frpx_entry_free(entry)
    c.frpx_client_free(client)
    c.frpx_server_stop(server)
    c.frpx_server_free(server)
    assert any(b"Proxylite clients may come" in line for _, line in lines)
    assert c.frpx_explain(6) == b"the outer port is taken"


# --- the examples ---------------------------------------------------------------------------------


class Example(Program):
    """A built example; its standard input stays open until `order` or `finish`."""

    def __init__(self, lab, name, *arguments):
        super().__init__(f"{name}-{len(lab.programs)}", [BUILD / "examples" / name, *arguments],
                         lab.folder, stdin=subprocess.PIPE)
        lab.programs.append(self)

    def order(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def finish(self):
        self.process.stdin.close()
        assert self.ends() == 0, self.log()


@pytest.fixture
def outer():
    return free_port()


def test_example_server_and_client(lab, outer):
    server = Example(lab, "embedded_server", "127.0.0.1:0", outer, outer)
    address = "127.0.0.1:" + server.says(r"port (\d+)")[1]
    service = lab.add(Listener(echo))
    client = Example(lab, "embedded_client", address, f"127.0.0.1:{service.port}", "example")
    assert client.says(r"port (\d+)")[1] == str(outer)
    server.says("open: example")
    with net.connect(outer) as visitor:
        visitor.sendall(b"hi")
        assert pl.exactly(visitor, 2) == b"hi"
    shown = subprocess.run([BUILD / "examples/discovery", address, "exa"], text=True,
                           capture_output=True, check=True).stdout
    assert shown.splitlines()[0] == "0 free ports"
    assert re.fullmatch(rf"{outer} example \d/100 visitors, 1 so far", shown.splitlines()[1])
    client.finish()
    server.says("closed: example")
    server.finish()


def test_example_client_comes_back(lab, outer):
    service = lab.add(Listener(echo))
    server = Example(lab, "embedded_server", "127.0.0.1:0", outer, outer)
    port = server.says(r"port (\d+)")[1]
    client = Example(lab, "embedded_client", f"127.0.0.1:{port}", f"127.0.0.1:{service.port}", "x")
    client.says("port")
    server.finish()
    again = Example(lab, "embedded_server", f"127.0.0.1:{port}", outer, outer)
    again.says("open: x")
    with net.connect(outer) as visitor:
        visitor.sendall(b"hi")
        assert pl.exactly(visitor, 2) == b"hi"
    client.finish()
    again.finish()


def test_example_byte_counter(lab, outer):
    server = Example(lab, "byte_counter", "127.0.0.1:0", outer, outer)
    service = lab.add(Listener(lambda sock: sock.sendall(pl.exactly(sock, 3) * 2)))
    client = PublicClient(int(server.says(r"port (\d+)")[1]), outer, service.port, name="counted")
    for _ in range(2):
        with net.connect(outer) as visitor:
            visitor.sendall(b"abc")
            assert net.end_of(visitor) == ("fin", b"abcabc")
    client.stop()
    server.says("counted: 2 visitors, 6 bytes in, 12 bytes out")
    server.finish()


def test_example_chat_on_demand(lab, outer):
    server = Example(lab, "embedded_server", "127.0.0.1:0", outer, outer)
    chat = Example(lab, "chat_on_demand", "127.0.0.1:" + server.says(r"port (\d+)")[1])
    chat.order("open")
    chat.says(f"open on port {outer}")
    with net.connect(outer) as one, net.connect(outer) as two:
        one.sendall(b"first\n")
        assert pl.exactly(one, 6) == b"first\n"
        two.sendall(b"second\n")
        assert pl.exactly(one, 7) == b"second\n"
        chat.order("close")
        chat.says("closed")
        assert net.end_of(one)[0] in ("fin", "rst")
    with pytest.raises(ConnectionRefusedError):
        net.connect(outer)
    chat.order("open")
    wait_for(lambda: chat.log().count("open on port") == 2, 5, "it opens again")
    chat.finish()
    server.finish()
