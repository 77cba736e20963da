from __future__ import annotations

import subprocess
import sys

from pipeline.train.error import TrainError


def test_the_command_line_can_know_the_error_without_torch():
    assert issubclass(TrainError, ValueError)
    code = "import sys, pipeline.train.error, pipeline.train.extra; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
