"""A test that never ends, for `tests/integration/test_interrupted_run.py`. Its name keeps it out of
every other run.
"""

import os
import time
from pathlib import Path

import pytest

from tests.fixtures.sandbox import Sandbox


@pytest.mark.timeout(120)
def test_it_never_ends(db: None, sandbox: Sandbox) -> None:
    Path(os.environ["ENDLESS_TEST_STARTED"]).write_text(os.environ["TMPDIR"])
    time.sleep(100)
