"""Fixtures of all tests here; importing it also makes the package `support` importable."""

import pytest

from support import net, services
from support.programs import BIN, Lab


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    lab = getattr(item, "funcargs", {}).get("lab")
    if report.failed and lab:
        for name, log in lab.logs():
            report.sections.append((f"log of {name}", log))


class AllSkipped:
    """Fails a run in which every test of a file was skipped: that shows nothing."""

    def __init__(self):
        self.outcomes = {}

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or report.outcome != "passed":
            self.outcomes.setdefault(report.location[0], set()).add(report.outcome)

    def pytest_collectreport(self, report):
        if report.skipped:  # as a whole, before any of its tests
            self.outcomes[report.nodeid] = {"skipped"}

    def files(self):
        return [file for file, outcomes in self.outcomes.items() if outcomes == {"skipped"}]

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session):
        if self.files() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter):
        for file in self.files():
            terminalreporter.write_line(f"{file}: every test was skipped, so it failed", red=True)


def pytest_configure(config):
    config.pluginmanager.register(AllSkipped())


@pytest.fixture
def lab(tmp_path):
    """Starts programs and helpers of one test and ends them (see support.programs.Lab)."""
    if not (BIN / "frps").exists():
        pytest.fail(f"no programs in {BIN}: build them, or set FRPX_BIN")
    made = Lab(tmp_path)
    yield made
    made.close()


@pytest.fixture
def echo(lab):
    """A local service that sends back what comes."""
    return lab.add(net.Listener(services.echo))


@pytest.fixture
def greeter(lab):
    """A local service that speaks first."""
    return lab.add(net.Listener(services.greet))
