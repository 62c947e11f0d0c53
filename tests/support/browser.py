"""A real Chromium, driven through Playwright (dashboard/test/browser.mjs)."""

import json
import shutil
import subprocess
from pathlib import Path

from support.programs import OUR_END_IS_ITS_END, environment
from support.waiting import seconds, wait_for

DASHBOARD = Path(__file__).parents[2] / "dashboard"
PATIENCE = 10  # seconds for what the page should do by itself


class Browser:
    """One browser; each page has cookies and storage of its own. Use it from one thread."""

    def __init__(self, folder):
        chromium, node = shutil.which("chromium"), shutil.which("node")
        assert chromium and node, "chromium and node are needed: scripts/install-deps.sh test"
        self._log = open(folder / "browser.log", "ab")
        self._process = subprocess.Popen(
            [*OUR_END_IS_ITS_END, node, DASHBOARD / "test/browser.mjs", chromium,
             str(int(1000 * seconds(PATIENCE)))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True,
            cwd=DASHBOARD, env=environment(folder))
        self._answer()

    def open(self, server, **options):
        """The dashboard of `server` on a page of its own; options are those of a context."""
        return Page(self, server, options)

    def ask(self, call, *parameters, page=None):
        command = {"page": page, "call": call, "with": parameters}
        self._process.stdin.write(json.dumps(command, default=str) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self):
        line = self._process.stdout.readline()
        assert line, "the browser ended"
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer["value"]

    def stop(self):
        self._process.stdin.close()
        self._process.wait(seconds(20))
        self._log.close()


class Page:
    """One page. Methods that are not here are Playwright's, by its names and selectors."""

    def __init__(self, browser, server, options):
        self._browser = browser
        self.origin = f"http://127.0.0.1:{server.api_port}"
        options = {"origin": self.origin, "viewport": {"width": 1280, "height": 900}, **options}
        self._number = browser.ask("open", options)
        self.goto(f"{self.origin}/")

    def __getattr__(self, method):
        return lambda *parameters: self._browser.ask(method, *parameters, page=self._number)

    def press(self, *keys):
        for key in keys:
            self._browser.ask("keyboard.press", key, page=self._number)

    def button(self, name):
        """Press the button of exactly that name."""
        self.click(f"role=button[name={json.dumps(name)}]")

    def shows(self, text, inside="body"):
        """Wait until the text can be seen."""
        self.waitForSelector(f"{inside} >> text={text} >> visible=true >> nth=0")

    def lacks(self, text, inside="body"):
        """Wait until the text cannot be seen any more."""
        self.waitForSelector(f"{inside} >> text={text} >> visible=true >> nth=0",
                             {"state": "detached"})

    def focused(self):
        """What a screen reader would call the element that has the focus."""
        return self.evaluate("(document.activeElement.getAttribute('aria-label')"
                             " ?? document.activeElement.innerText).trim()")

    def tab_to(self, name, most=80):
        """Press Tab until the element of that name has the focus."""
        for _ in range(most):
            self.press("Tab")
            if self.focused() == name:
                return
        raise AssertionError(f"Tab does not come to {name!r}, last was {self.focused()!r}")

    def wrong(self):
        """Errors on the console, breaches of the policy, requests to anybody else."""
        return self.report()["wrong"]

    def tells(self, part, limit=PATIENCE):
        """Wait until something that went wrong names `part`."""
        wait_for(lambda: any(part in one for one in self.wrong()), limit,
                 lambda: f"{part!r} is reported: {self.wrong()}")
