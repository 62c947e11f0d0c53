"""The run of pytest itself: what is only skipped has shown nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
SKIPPED = "import pytest\n\n@pytest.mark.skip(reason='why')\ndef test_a():\n    pass\n"


@pytest.mark.parametrize("files, code", [
    ({"test_a": SKIPPED}, 1),
    ({"test_a": "import pytest\npytest.skip('why', allow_module_level=True)\n"}, 5),
    ({"test_a": SKIPPED, "test_b": "def test_b():\n    pass\n"}, 1),
    ({"test_a": "import pytest\npytest.skip('why', allow_module_level=True)\n",
      "test_b": "def test_b():\n    pass\n"}, 1),
    ({"test_a": SKIPPED + "\n\ndef test_b():\n    pass\n"}, 0),
    ({"test_a": "def test_a():\n    pass\n"}, 0),
], ids=["all", "as a whole", "one of two files", "one of two as a whole", "one of two tests", "none"])
def test_a_file_whose_tests_are_all_skipped_fails(tmp_path, files, code):
    for name, text in files.items():
        (tmp_path / f"{name}.py").write_text(text)
    done = subprocess.run(
        [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "conftest",
         "--rootdir", tmp_path, tmp_path],
        cwd=TESTS, text=True, capture_output=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    assert ("every test was skipped" in done.stdout) == (code != 0), done.stdout
