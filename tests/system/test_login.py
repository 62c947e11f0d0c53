"""Who may come in as a client: credentials, tokens, the terminal, exit codes."""

import fcntl
import json
import os
import stat
import termios

import pytest

from support import net
from support.fake_ollama import FakeOllama
from support.programs import DEMO_USER
from support.waiting import wait_for


@pytest.fixture
def server(lab):
    return lab.frps()


@pytest.fixture
def ollama(lab):
    return lab.add(FakeOllama("local"))



def test_wrong_credentials_are_exit_code_2_and_a_clear_line(lab, server, ollama):
    client = lab.frpc(server, "a", ollama.port, user=("test@example.com", "not-the-password"))
    assert client.ends() == 2
    assert "test@example.com" in client.log() or "password" in client.log()
    assert "not-the-password" not in client.log()
    server.says("(?i)(login|log in|credential|password)")
    assert "not-the-password" not in server.log()


def test_nothing_given_and_no_terminal_says_what_to_pass(lab, server, ollama):
    client = lab.frpc(server, "a", ollama.port, user=None)
    assert client.ends() == 2
    assert "--email" in client.log()
    assert "--password" in client.log() or "FRPX_PASSWORD" in client.log()


def test_credentials_from_the_environment(lab, server, ollama):
    lab.frpc(server, "a", ollama.port, user=None,
             env={"FRPX_EMAIL": DEMO_USER[0], "FRPX_PASSWORD": DEMO_USER[1]})
    server.has("a")


def test_credentials_from_the_terminal_are_not_echoed(lab, server, ollama):
    master, terminal = os.openpty()

    def take_terminal():
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)

    lab.frpc(server, "a", ollama.port, user=None, stdin=terminal, preexec_fn=take_terminal,
             pass_fds=(terminal,))
    os.set_blocking(master, False)
    screen = bytearray()

    def shows(text):
        def look():
            try:
                screen.extend(os.read(master, 4096))
            except BlockingIOError:
                pass
            return text in bytes(screen).lower() or text in (
                lab.programs[-1].log().lower().encode())
        wait_for(look, 10, f"the question for the {text}")

    def no_echo():
        return not termios.tcgetattr(terminal)[3] & termios.ECHO

    shows(b"mail")
    os.write(master, DEMO_USER[0].encode() + b"\n")
    shows(b"password")
    wait_for(no_echo, 5, "the terminal stops echoing")
    os.write(master, DEMO_USER[1].encode() + b"\n")
    server.has("a")
    wait_for(lambda: not no_echo(), 5, "the terminal echoes again")
    shows(b"mail")
    assert DEMO_USER[1].encode() not in screen
    lab.programs[-1].stop()  # else the end of its terminal would end it
    os.close(master)
    os.close(terminal)


def test_a_token_logs_in_without_password(lab, server, ollama):
    lab.frpc(server, "a", ollama.port)
    server.has("a")
    lab.programs[-1].stop()
    server.has()
    again = lab.frpc(server, "a", ollama.port, user=None)
    server.has("a")
    again.says(r"Successfully logged in\.")


def test_a_token_file_that_others_could_read_is_made_private(lab, server, ollama):
    folder = lab.folder / "client-a"
    folder.mkdir()
    kept = folder / "token.json"
    kept.write_text("{}")
    kept.chmod(0o644)
    lab.frpc(server, "a", ollama.port)
    server.has("a")
    wait_for(lambda: "token" in json.loads(kept.read_text()), 5, "the token is kept")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [f.name for f in folder.iterdir() if "token" in f.name] == ["token.json"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"token":7}', '{"token":""}', "\0" * 100,
                                     '{"token":"%s"}' % ("x" * 100_000)])
def test_a_broken_token_file_leads_to_the_credentials(lab, server, ollama, content):
    folder = lab.folder / "client-a"
    folder.mkdir()
    (folder / "token.json").write_text(content)
    lab.frpc(server, "a", ollama.port)
    server.has("a")


def test_a_refused_token_without_credentials_says_so(lab, server, ollama):
    folder = lab.folder / "client-a"
    folder.mkdir()
    (folder / "token.json").write_text('{"token":"made-up-token"}')
    client = lab.frpc(server, "a", ollama.port, user=None)
    assert client.ends() == 2
    assert "made-up-token" not in client.log() + server.log()


@pytest.mark.parametrize("client_id", ["a" * 129, "with space", "ünï", "a/b", ""])
def test_bad_ids_are_refused_at_once(lab, server, ollama, client_id):
    done = lab.run("frpc", "-c", client_id, "--control-port", server.control, "--proxy-port",
                   server.proxy, "--local-port", ollama.port, "--email", DEMO_USER[0],
                   "--password", DEMO_USER[1])
    assert done.returncode == 2
    assert "client-id" in done.stderr
    assert server.clients() == {}


def test_the_longest_id_is_taken(lab, server, ollama):
    lab.frpc(server, "a" * 128, ollama.port)
    server.has("a" * 128)


def test_first_login_before_the_server_is_there(lab, ollama):
    """The client waits for its server, with one line per change of state."""

    class Nowhere:
        control, proxy = net.closed_port(), net.closed_port()

    client = lab.frpc(Nowhere, "a", ollama.port)
    lines = client.says(r"(?i)(refused|cannot|retry|again|unreachable)")
    server = lab.frps("--control-port", Nowhere.control, "--proxy-port", Nowhere.proxy)
    server.has("a", limit=15)
    assert client.log().count(lines.group(0)) < 5, "one line per change of state"
