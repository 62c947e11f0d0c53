#!/usr/bin/env python3
"""Holds the code against the house's rules: which room may include which, and banned shapes.

    check_rooms.py               check this tree; exit code 1 and a line for each breach
    check_rooms.py --self-test   prove that each rule finds what it bans and leaves the rest
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# A room includes itself and rooms of earlier lines, and core is below config.
ORDER = [
    {"core", "config"},
    {"net", "wire", "balance", "host"},
    {"link", "http", "store", "cache"},
    {"identity", "ports", "llm"},
    {"tunnel", "client"},
    {"gateway", "api", "keeper", "library"},
    {"server"},
    {"apps"},
]
NEIGHBOURS = {("config", "core")}
LEVEL = {room: level for level, rooms in enumerate(ORDER) for room in rooms}


def code_only(text):
    """The text with comments and literals blanked, line breaks and include paths kept."""
    pattern = re.compile(
        r'(?P<include>^[ \t]*#[ \t]*include[^\n]*)'
        r'|(?P<other>//[^\n]*|/\*.*?\*/|R"(?P<tag>[^(\s]{0,16})\(.*?\)(?P=tag)"'
        r'|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])\'(?:\\.|[^\'\\\n])+\')',
        re.DOTALL | re.MULTILINE)

    def blank(match):
        if match["include"] is not None:
            return match["include"]
        return re.sub(r"[^\n]", " ", match["other"])

    return pattern.sub(blank, text)


def closing(text, start):
    """The place of the bracket that closes the one at `start`, or -1."""
    pairs = {"(": ")", "[": "]", "{": "}"}
    open_brackets = []
    for place in range(start, len(text)):
        c = text[place]
        if c in pairs:
            open_brackets.append(pairs[c])
        elif c in ")]}":
            if not open_brackets or open_brackets.pop() != c:
                return -1
            if not open_brackets:
                return place
    return -1


def lambdas(text):
    """Each lambda as (place, captures, what stands between captures and body, body)."""
    for match in re.finditer(r"\[", text):
        start = match.start()
        before = text[:start].rstrip()
        word = re.search(r"\w+$", before)
        follows_a_value = before.endswith((")", "]")) or (
            word and word[0] not in ("return", "co_return", "co_await", "co_yield", "case", "else"))
        if follows_a_value or before.endswith("[") or text[start:start + 2] == "[[":
            continue  # a subscript or an attribute
        end = closing(text, start)
        body_start = text.find("{", end)
        if end < 0 or body_start < 0:
            continue
        between = text[end + 1:body_start]
        if not re.match(r"\s*(\(|<|mutable|noexcept|->|$)", between) or ";" in between:
            continue
        body_end = closing(text, body_start)
        if body_end > 0:
            yield start, text[start + 1:end].strip(), between, text[body_start + 1:body_end]


def without_lambdas(text):
    """A body with the bodies of its own lambdas blanked."""
    for _, _, _, body in lambdas(text):
        text = text.replace(body, re.sub(r"[^\n]", " ", body))
    return text


# --- the rules: each gets a file's room, its path and its code, and yields (place, complaint) ------


def includes_only_lower_rooms(room, _, code):
    for match in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*"(\w+)/', code, re.MULTILINE):
        other = match[1]
        if other == room or other not in LEVEL or room not in LEVEL:
            continue
        if LEVEL[other] >= LEVEL[room] and (room, other) not in NEIGHBOURS:
            yield match.start(1), f"room {room} must not include room {other}"


def stands_in_a_known_room(room, path, _):
    if path.parts[0] in ("src", "apps") and room not in LEVEL:
        yield 0, f"room {room} is not in the order of rooms; add it to scripts/check_rooms.py"


def spawns_only_in_net(room, path, code):
    if room != "net" and not path.stem.endswith("_test"):  # a test runs a context of its own
        for match in re.finditer(r"\bco_spawn\s*\(", code):
            yield match.start(), ("raw co_spawn: spawn into a task group (net/), ask another worker "
                                  "by worker.call")


def detaches_nothing(_, __, code):
    for match in re.finditer(r"\bdetached\b|\.detach\s*\(", code):
        yield match.start(), "detached: each spawn belongs to a task group that is joined"


def shares_no_ownership_of_this(_, __, code):
    for match in re.finditer(r"\benable_shared_from_this\b|\bshared_from_this\s*\(", code):
        yield match.start(), "enable_shared_from_this: one owner; a task group outlives its tasks"


def coroutine_lambdas_capture_nothing(_, __, code):
    for place, captures, between, body in lambdas(code):
        is_coroutine = "awaitable" in between or re.search(
            r"\bco_(await|return|yield)\b", without_lambdas(body))
        if captures and is_coroutine:
            yield place, ("coroutine lambda that captures: the captures die with the lambda, before "
                          "the coroutine ends; pass them as parameters")


def waits_in_the_loop_alone(room, path, code):
    if path.parts[0] == "src":
        for match in re.finditer(r"\b(steady_timer|system_timer|stream_descriptor|basic_waitable_timer"
                                 r"|(tcp|udp|stream_protocol|datagram_protocol)::(socket|acceptor))\b",
                                 code):
            yield match.start(), ("waits in Asio's reactor, which no worker turns: use net::alarm, "
                                  "net::pause or the poller")


def posts_to_the_loop_alone(room, path, code):
    if path.parts[0] == "src":
        for match in re.finditer(r"\b(post|defer|dispatch)\s*\(\s*([\w:]*::)?use_awaitable"
                                 r"|this_coro::executor", code):
            yield match.start(), ("posts past the loop, which would sleep over it: use "
                                  "net::let_others_run, loop.post, a task group")


def keeps_beast_out_of_headers(_, path, code):
    if path.suffix == ".hpp":
        for match in re.finditer(r"boost/beast|\bbeast::", code):
            yield match.start(), "Beast in a header: it costs each includer seconds to compile"


def keeps_boost_out_of_the_public_headers(_, path, code):
    if path.parts[0] == "include":
        for match in re.finditer(r"\bboost\b|\bawaitable\b|\bco_(await|return|yield)\b", code):
            yield match.start(), "Boost or a coroutine in a public header: the standard library alone"


def reads_files_in_one_place(room, path, code):
    if path.parts[0] in ("src", "apps") and room != "host" and not path.stem.endswith("_test"):
        for match in re.finditer(r"\bifstream\b", code):
            yield match.start(), ("reads a file by itself, and hangs if it is a pipe: use "
                                  "frpx::read_file (core/file.hpp)")


def logs_through_core(room, path, code):
    if path.parts[0] in ("src", "apps") and room != "core":
        for match in re.finditer(r"\bspdlog::(log|trace|debug|info|warn|error|critical)\s*\(", code):
            yield match.start(), "logs past core/log.hpp, which keeps a line one printable line"


RULES = [
    includes_only_lower_rooms, stands_in_a_known_room, spawns_only_in_net, detaches_nothing,
    shares_no_ownership_of_this, coroutine_lambdas_capture_nothing, waits_in_the_loop_alone,
    posts_to_the_loop_alone, keeps_beast_out_of_headers,
    keeps_boost_out_of_the_public_headers, reads_files_in_one_place, logs_through_core,
]


def room_of(path):
    return {"src": path.parts[1], "apps": "apps"}.get(path.parts[0], path.parts[0])


def breaches(path, text, rules=None):
    code = code_only(text)
    for rule in rules or RULES:
        for place, complaint in rule(room_of(path), path, code):
            yield f"{path}:{code.count(chr(10), 0, place) + 1}: {complaint}"


def check_tree():
    files = sorted(file for folder in ("src", "apps", "include")
                   for file in (ROOT / folder).rglob("*.[ch]pp"))
    found = [line for file in files
             for line in breaches(file.relative_to(ROOT), file.read_text(encoding="utf-8"))]
    print("\n".join(found + [f"{len(files)} files, {len(found)} breaches"]))
    return 1 if found or not files else 0


# --- the self-test: rule, file, text, how many breaches ---------------------------------------------

CASES = [
    (includes_only_lower_rooms, "src/net/a.cpp", '#include "http/head.hpp"\n', 1),
    (includes_only_lower_rooms, "src/net/a.cpp", '# include "wire/frame.hpp"\n', 1),
    (includes_only_lower_rooms, "src/core/a.cpp", '#include "config/options.hpp"\n', 1),
    (includes_only_lower_rooms, "src/gateway/a.cpp", '#include "server/server.hpp"\n', 1),
    (includes_only_lower_rooms, "src/server/a.cpp", '#include "gateway/gateway.hpp"\n', 0),
    (includes_only_lower_rooms, "apps/frps/main.cpp", '#include "server/server.hpp"\n', 0),
    (includes_only_lower_rooms, "src/config/a.cpp", '#include "core/names.hpp"\n', 0),
    (includes_only_lower_rooms, "src/http/a.cpp", '#include "http/b.hpp"\n#include <net/if.h>\n', 0),
    (includes_only_lower_rooms, "src/net/a.cpp", '// #include "http/head.hpp"\n', 0),
    (stands_in_a_known_room, "src/attic/a.cpp", "int a;\n", 1),
    (stands_in_a_known_room, "src/net/a.cpp", "int a;\n", 0),
    (spawns_only_in_net, "src/gateway/a.cpp", "boost::asio::co_spawn(other, f(), done);\n", 1),
    (spawns_only_in_net, "src/net/task_group.cpp", "asio::co_spawn(e, f(), done);\n", 0),
    (spawns_only_in_net, "src/gateway/a.cpp", "// co_spawn(x) is banned\nint a;\n", 0),
    (spawns_only_in_net, "src/gateway/a_test.cpp", "co_spawn(context, f(), done);\n", 0),
    (detaches_nothing, "src/net/a.cpp", "co_spawn(e, f(), asio::detached);\n", 1),
    (detaches_nothing, "src/net/a.cpp", "std::thread(f).detach();\n", 1),
    (detaches_nothing, "src/net/a.cpp", 'log("detached");\n', 0),
    (shares_no_ownership_of_this, "src/net/a.hpp", "struct a : std::enable_shared_from_this<a> {};\n", 1),
    (shares_no_ownership_of_this, "src/net/a.cpp", "auto self = shared_from_this();\n", 1),
    (shares_no_ownership_of_this, "src/net/a.cpp", "/* no enable_shared_from_this */\n", 0),
    (coroutine_lambdas_capture_nothing, "src/net/a.cpp",
     "spawn([this]() -> awaitable<void> { co_return; });\n", 1),
    (coroutine_lambdas_capture_nothing, "src/net/a.cpp", "auto f = [&](int a) { co_await g(a); };\n", 1),
    (coroutine_lambdas_capture_nothing, "src/net/a.cpp",
     "return [a = 1]() mutable -> awaitable<int> { co_return a; };\n", 1),
    (coroutine_lambdas_capture_nothing, "src/net/a.cpp",
     "f([&] { auto h = [x]() -> awaitable<void> { co_return; }; });\n", 1),
    (coroutine_lambdas_capture_nothing, "src/net/a.cpp",
     "spawn([](a& self) -> awaitable<void> { co_await self.run(); });\n", 0),
    (coroutine_lambdas_capture_nothing, "src/net/a.cpp",
     "f([&] { g([](int b) -> awaitable<void> { co_return; }); });\n", 0),
    (coroutine_lambdas_capture_nothing, "src/net/a.cpp",
     "awaitable<void> f() { x[i] = 1; [[maybe_unused]] int a; co_await g([&] { return 1; }); }\n", 0),
    (waits_in_the_loop_alone, "src/net/a.hpp", "boost::asio::steady_timer t;\n", 1),
    (waits_in_the_loop_alone, "src/net/a.cpp", "asio::ip::tcp::socket s(c);\n", 1),
    (waits_in_the_loop_alone, "src/net/a.cpp", "using e = asio::ip::tcp::endpoint;\n", 0),
    (posts_to_the_loop_alone, "src/net/a.cpp", "co_await asio::post(asio::use_awaitable);\n", 1),
    (posts_to_the_loop_alone, "src/net/a.cpp", "auto e = co_await asio::this_coro::executor;\n", 1),
    (posts_to_the_loop_alone, "src/net/a.cpp", "on.post(use);\n", 0),
    (keeps_beast_out_of_headers, "src/http/a.hpp", "#include <boost/beast/http.hpp>\n", 1),
    (keeps_beast_out_of_headers, "src/http/a.hpp", "boost::beast::flat_buffer b;\n", 1),
    (keeps_beast_out_of_headers, "src/http/a.cpp", "#include <boost/beast/http.hpp>\n", 0),
    (keeps_boost_out_of_the_public_headers, "include/frpx/a.hpp", "#include <boost/asio.hpp>\n", 1),
    (keeps_boost_out_of_the_public_headers, "include/frpx/a.hpp", "awaitable<void> f();\n", 1),
    (keeps_boost_out_of_the_public_headers, "include/frpx/a.hpp", "// no Boost: no boost\n", 0),
    (keeps_boost_out_of_the_public_headers, "src/core/a.hpp", "#include <boost/asio.hpp>\n", 0),
    (reads_files_in_one_place, "src/config/a.cpp", "std::ifstream in(path);\n", 1),
    (reads_files_in_one_place, "src/config/a_test.cpp", "std::ifstream in(path);\n", 0),
    (reads_files_in_one_place, "src/host/a.cpp", 'std::ifstream in("/proc/stat");\n', 0),
    (logs_through_core, "src/api/a.cpp", 'spdlog::warn("{}", name);\n', 1),
    (logs_through_core, "src/api/a.cpp", 'log::warn("{}", name);\n', 0),
]


def self_test():
    wrong = [f"{rule.__name__}: {len(found)} breaches instead of {expected} in {text!r}"
             for rule, path, text, expected in CASES
             if len(found := list(breaches(Path(path), text, [rule]))) != expected]
    for rule in RULES:
        outcomes = {expected > 0 for tested, _, _, expected in CASES if tested is rule}
        if outcomes != {True, False}:
            wrong.append(f"{rule.__name__}: needs a case that it bans and one that it leaves")
    print("\n".join(wrong + [f"{len(CASES)} cases, {len(wrong)} wrong"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(self_test() if sys.argv[1:] == ["--self-test"] else check_tree())
