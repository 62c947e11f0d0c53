"""The dashboard in a real Chromium, before real servers and clients."""

import gzip

import pytest

from support import net, services
from support.browser import Browser
from support.fake_ollama import FakeOllama
from support.net import free_ports
from support.services import expose, ranges
from support.waiting import wait_for

TOKEN = "a-token-for-operators"
CLIENT = "#fleet .client:has-text('{}')"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    made = Browser(tmp_path_factory.mktemp("browser"))
    yield made
    made.stop()


@pytest.fixture
def open_page(browser):
    """Opens the dashboard of a server. At the end nothing may have gone wrong in any page, but for
    what the test names in `expected`."""
    pages = []

    def opened(server, expected=(), **options):
        page = browser.open(server, **options)
        pages.append((page, expected))
        return page

    yield opened
    for page, expected in pages:
        wrong = [one for one in page.wrong() if not any(part in one for part in expected)]
        page.close()
        assert not wrong


@pytest.fixture
def accounts(lab):
    """A server on SQLite, and a way to run a command of frps on its data."""
    server = lab.frps(demo=False)

    def run(*arguments, password=None):
        env = {"FRPX_PASSWORD": password} if password is not None else {}
        done = lab.run("frps", *arguments, "--data-dir", lab.folder / "frps-data", env=env)
        assert done.returncode == 0, done.stdout + done.stderr

    return server, run


def test_the_server_has_it(lab):
    server = lab.frps()
    plain = server.api("/")
    assert plain.get("Content-Encoding") is None and plain.body.lstrip().startswith(b"<!")
    packed = server.api("/", headers={"Accept-Encoding": "gzip, br"})
    assert packed.get("Content-Encoding") == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert "no dashboard" not in server.log()


def test_clients_come_and_go_before_the_eyes(lab, open_page):
    server = lab.frps()
    page = open_page(server)
    page.shows("No client is connected.")
    service = lab.add(FakeOllama("a", ("tiny", "large")))
    client = lab.frpc(server, "gpu-box", service.port)
    page.shows("gpu-box", "#fleet")
    page.shows("large", "#fleet")
    page.shows("tiny", "#models")
    page.shows("Client came", "#log")
    client.stop()
    page.shows("No client is connected.")
    page.shows("Client left", "#log")


def test_requests_are_seen(lab, open_page):
    server, _, _ = lab.house("a")
    page = open_page(server)
    page.shows("No requests in the last 15 minutes.")
    for _ in range(5):
        assert server.fetch().status == 200
    page.waitForSelector("#traffic figure >> nth=2")
    page.shows("5 requests", "#fleet")


def test_a_key_is_made_used_and_revoked(accounts, open_page):
    server, _ = accounts
    page = open_page(server)
    page.shows("There are no keys yet.")
    page.button("Make a key")
    page.fill("role=textbox[name='Name']", "laptop")
    page.click("dialog >> role=button[name='Make a key']")
    page.shows("It is shown this once.")
    key = page.inputValue("dialog textarea")
    assert len(key) >= 40
    wait_for(lambda: server.fetch(key=key).status == 503, 5, "the key is valid, nobody serves")
    page.button("I have it")
    page.shows("laptop", "#keys")
    assert key not in page.content(), "it is shown once"

    page.button("Revoke key laptop")
    page.shows("Requests with it are refused from now on.", "dialog")
    assert server.fetch(key=key).status == 503, "nothing is done before the answer"
    page.click("dialog >> role=button[name='Revoke']")
    page.lacks("laptop", "#keys")
    wait_for(lambda: server.fetch(key=key).status == 401, 5, "the next request is refused")
    page.check("role=checkbox")
    page.shows("Revoked", "#keys table")


def test_a_key_that_cannot_be_made_says_why(accounts, open_page):
    server, run = accounts
    run("key", "add", "--name", "laptop")
    page = open_page(server, expected=["409"])
    page.button("Make a key")
    page.fill("role=textbox[name='Name']", "laptop")
    page.click("dialog >> role=button[name='Make a key']")
    page.waitForSelector("dialog >> role=alert >> .notice")
    assert page.inputValue("role=textbox[name='Name']") == "laptop", "nothing typed is lost"
    page.press("Escape")
    page.waitForSelector("dialog", {"state": "detached"})


def test_drain_take_back_disconnect(lab, open_page):
    server, _, _ = lab.house("a")
    page = open_page(server)
    page.button("Drain a")
    page.click("dialog >> role=button[name='Cancel']")
    page.waitForSelector("dialog", {"state": "detached"})
    assert not server.clients()["a"]["draining"], "who cancels changes nothing"
    page.button("Drain a")
    page.click("dialog >> role=button[name='Drain']")
    page.shows("Draining", "#fleet")
    assert server.clients()["a"]["draining"] and server.fetch().status == 503
    page.button("Take a back")
    page.click("dialog >> role=button[name='Take back']")
    page.shows("Ready", "#fleet")
    assert not server.clients()["a"]["draining"]
    page.button("Disconnect a")
    page.click("dialog >> role=button[name='Disconnect']")
    page.shows("No client is connected.")
    server.has()
    page.reload()
    page.button("Changes")
    for action in ("drain client", "undrain client", "disconnect client"):
        page.shows(action, "#log")


def test_services_their_ports_and_leases(lab, open_page):
    """A port that the server chose stays the client's when it leaves, until it is released."""
    port = free_ports(1)[0]
    server = lab.frps("--outer-ports", ranges([port]))
    echo = lab.add(net.Listener(services.echo))
    page = open_page(server)
    page.shows("No service is open.")
    client = expose(lab, server, "a", {"name": "echo", "local_port": echo.port})
    page.shows("echo", "#services")
    page.shows(str(port), "#services")
    page.shows("Tunnel opened", "#log")
    client.stop()
    page.shows("No service is open.")
    page.shows(str(port), "#services")
    page.click("#services >> role=button[name=/^Release port/]")
    page.click("dialog >> role=button[name='Release']")
    page.lacks(str(port), "#services")
    page.shows("Lease released", "#log")


def test_a_user_is_edited_and_removed(accounts, open_page):
    server, run = accounts
    run("user", "add", "me@example.com", password="a good password")
    page = open_page(server, expected=["400"])
    page.shows("me@example.com", "#users")
    page.button("Edit me@example.com")
    page.fill("dialog input[name=ports]", "9-8")
    page.click("dialog >> role=button[name='Save']")
    page.waitForSelector("dialog >> role=alert >> .notice")
    page.fill("dialog input[name=ports]", "9000-9099")
    page.selectOption("dialog select", "viewer")
    page.click("dialog >> role=button[name='Save']")
    page.shows("9000-9099", "#users")
    page.shows("Viewer", "#users")
    told = server.api("/api/users/me@example.com").json()["data"]
    assert (told["role"], told["ports"]) == ("viewer", "9000-9099")
    page.shows("User changed", "#log")
    page.button("Remove me@example.com")
    page.click("dialog >> role=button[name='Remove']")
    page.shows("There are no users.", "#users")
    assert server.api("/api/users").json()["data"] == []


def test_the_log_level_is_set_and_the_configuration_read_anew(lab, open_page):
    file = lab.folder / "frps.toml"
    file.write_text('log-level = "info"\n')
    server = lab.frps("--config", file)
    page = open_page(server, expected=["409"])
    page.waitForSelector("#server button[aria-pressed=true] >> text=info")
    page.button("debug")
    page.waitForSelector("#server button[aria-pressed=true] >> text=debug")
    assert server.api("/api/log-level").json()["data"] == {"level": "debug"}
    file.write_text('log-level = "warn"\nmax-clients = 7\n')
    page.button("Reload")
    page.click("dialog >> role=button[name='Reload']")
    page.shows("In effect now: log-level. After the next start: max-clients.")
    page.waitForSelector("#server button[aria-pressed=true] >> text=warn")
    file.write_text('log-level = "loud"\n')
    page.button("Reload")
    page.click("dialog >> role=button[name='Reload']")
    page.shows("loud", "dialog")


def test_the_api_token_logs_in(lab, open_page):
    server = lab.frps("--api-token", TOKEN)
    page = open_page(server, expected=["401"])
    page.button("API token")
    page.fill("input[name=secret]", "a-wrong-token")
    page.press("Enter")
    page.waitForSelector("role=alert >> .notice")
    page.fill("input[name=secret]", TOKEN)
    page.press("Enter")
    page.shows("No client is connected.")
    assert page.evaluate("localStorage.length + document.cookie.length") <= 1, "the theme alone"
    page.reload()
    page.shows("No client is connected.")
    page.button("Log out")
    page.shows("This server asks who you are.")
    page.reload()
    page.shows("This server asks who you are.")


@pytest.fixture
def guarded(lab):
    """A server that asks who is there, with a viewer, an admin, a key and a client."""
    server = lab.frps("--api-token", TOKEN, demo=False)
    for email, role in (("viewer@example.com", "viewer"), ("admin@example.com", "admin"),
                        ("client@example.com", "client")):
        lab.run("frps", "user", "add", email, "--role", role, "--data-dir",
                lab.folder / "frps-data", env={"FRPX_PASSWORD": "a good password"})
    lab.run("frps", "key", "add", "--name", "laptop", "--data-dir", lab.folder / "frps-data")
    lab.frpc(server, "a", lab.add(FakeOllama("a")).port,
             user=("client@example.com", "a good password"))
    return server


def log_in(page, email, password="a good password"):
    page.fill("input[name=email]", email)
    page.fill("input[name=secret]", password)
    page.press("Enter")


def test_a_viewer_sees_everything_and_can_do_nothing(guarded, open_page):
    page = open_page(guarded, expected=["401", "403"])
    log_in(page, "viewer@example.com")
    page.shows("a", "#fleet h3")
    page.shows("laptop", "#keys")
    page.shows("Viewer", "header")
    page.shows("admin@example.com", "#users")
    page.shows("info", "#server")
    actions = "Drain|Disconnect|Make a key|Revoke|Release|Edit|Remove|Reload|debug"
    assert page.evaluate(f"[...document.querySelectorAll('main button')].filter("
                         f"b => /{actions}/.test(b.innerText)).length") == 0
    refused = page.evaluate("fetch('/api/clients/a/drain', {method: 'POST', headers: "
                            "{Authorization: 'Bearer ' + sessionStorage.getItem('frpx-token')}})"
                            ".then(r => r.status)")
    assert refused == 403, "the page hides what the API refuses"
    page.tells("403")


def test_an_admin_may_act_and_wrong_passwords_do_not(guarded, open_page):
    page = open_page(guarded, expected=["401"])
    log_in(page, "admin@example.com", "a wrong password")
    page.waitForSelector("role=alert >> .notice")
    log_in(page, "admin@example.com")
    page.shows("admin@example.com", "header")
    page.button("Drain a")
    page.click("dialog >> role=button[name='Drain']")
    page.shows("Draining", "#fleet")


def test_languages(lab, open_page):
    server = lab.frps()
    page = open_page(server, locale="zh-CN")
    page.shows("没有客户端连接。")
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    page.selectOption("header select >> nth=0", "en")
    page.shows("No client is connected.")
    assert page.evaluate("document.documentElement.lang + document.title") == "enfrpx dashboard"
    page.reload()
    page.shows("No client is connected.")


def test_the_keyboard_is_enough(lab, open_page):
    server, _, _ = lab.house("a")
    page = open_page(server)
    page.shows("a", "#fleet h3")
    page.press("Tab")
    assert page.focused() == "Skip to content"
    page.press("Enter")
    page.tab_to("Drain a")
    page.press("Enter")
    page.shows("Drain a?", "dialog")
    for _ in range(6):
        page.press("Tab")
        assert page.evaluate("document.activeElement === document.body"
                             " || !!document.activeElement.closest('dialog')")
    page.press("Escape")
    page.waitForSelector("dialog", {"state": "detached"})
    assert page.focused() == "Drain a", "the focus comes back"
    page.press("Enter")
    page.tab_to("Drain")
    page.press("Enter")
    page.shows("Draining", "#fleet")
    assert page.focused() == "Take a back"


def test_names_and_landmarks_for_a_screen_reader(lab, open_page):
    server, _, _ = lab.house("a")
    page = open_page(server)
    page.shows("a", "#fleet h3")
    for role in ("banner", "main", "navigation", "log"):
        page.waitForSelector(f"role={role}", {"state": "attached"})
    for place in ("Overview", "Traffic", "Clients", "Models", "Services and ports", "Keys", "Users",
                  "Server"):
        assert page.isVisible(f"role=region[name='{place}']"), place
    page.waitForSelector("role=meter[name='Memory']")
    nameless = page.evaluate(
        "[...document.querySelectorAll('button, a, input, select')].filter(e => !(e.innerText.trim()"
        " || e.ariaLabel || e.labels?.[0]?.innerText.trim())).map(e => e.outerHTML)")
    assert nameless == []


def test_a_server_that_goes_and_comes_back(lab, open_page):
    server = lab.frps("--api-port", "0", name="first")
    page = open_page(server, expected=["ERR_CONNECTION", "ERR_INCOMPLETE", "ERR_EMPTY"])
    page.shows("No client is connected.")
    server.stop()
    page.shows("The server does not answer.", "role=alert")
    page.button("Try now")
    again = lab.frps("--api-port", server.api_port, name="again")
    page.lacks("The server does not answer.")
    lab.frpc(again, "late", lab.add(FakeOllama("late")).port)
    page.shows("late", "#fleet")


HOSTILE = ("<img src=x onerror=alert(1)>", "\u202etxt.exe", "x" * 120)


@pytest.mark.parametrize("width", [375, 768, 1440])
def test_hostile_names_are_text_and_nothing_is_cut_off(lab, open_page, width):
    server, _, _ = lab.house("a", models=HOSTILE)
    server.learns("a", *HOSTILE)
    page = open_page(server, viewport={"width": width, "height": 800})
    page.shows(HOSTILE[0], "#models")
    assert page.evaluate("document.querySelectorAll('img').length") == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.screenshot({"path": lab.folder / f"{width}.png", "fullPage": True})


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_looks_as_the_system_does_or_as_chosen(lab, open_page, scheme):
    def brightness():
        return page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g)"
                             ".slice(0, 3).reduce((sum, one) => sum + Number(one), 0)")

    page = open_page(lab.frps(), colorScheme=scheme)
    page.shows("No client is connected.")
    assert (brightness() > 380) == (scheme == "light")
    other = "dark" if scheme == "light" else "light"
    page.selectOption("header select >> nth=1", other)
    assert (brightness() > 380) == (other == "light")


def test_the_first_load_is_small(lab, open_page):
    page = open_page(lab.frps())
    page.shows("No client is connected.")
    files = page.evaluate("[...performance.getEntriesByType('resource'),"
                          " ...performance.getEntriesByType('navigation')]"
                          ".filter(e => !e.name.includes('/api/')).map(e => e.encodedBodySize)")
    assert len(files) >= 3 and 10_000 < sum(files) < 150_000


@pytest.mark.parametrize("breach, told", [
    ("document.body.innerHTML += '<b>x</b>'", "require-trusted-types-for"),
    ("document.body.setAttribute('style', 'color: red')", "style-src"),
    ("document.body.append(Object.assign(document.createElement('script'), {src: '//127.0.0.2/'}))",
     "require-trusted-types-for"),
    ("void fetch('http://127.0.0.1:9/').catch(() => 0)", "connect-src"),
    ("document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.1:9/x'}))", "img-src"),
    ("console.error('mishap')", "mishap"),
    ("setTimeout(() => { throw new Error('mishap'); })", "mishap"),
])
def test_a_breach_would_be_told(lab, open_page, breach, told):
    """What the other tests rely on: the policy holds, and the browser's reports arrive."""
    page = open_page(lab.frps(), expected=["policy", "console", "exception", "request"])
    page.shows("No client is connected.")
    assert page.wrong() == []
    page.evaluate(f"{{ try {{ {breach}; }} catch {{}} }}")
    page.tells(told)
