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
