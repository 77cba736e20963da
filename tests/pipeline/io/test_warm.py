import subprocess
import sys

import pytest

from pipeline.io.warm import warm_readers
from pipeline.kernels.json_lines import plain_lines
from pipeline.kernels.json_strings import unescaped
from pipeline.kernels.spans import join_spans
from pipeline.kernels.warc_heads import plain_heads

KERNELS = {
    "jsonl": (plain_lines, unescaped, join_spans),
    "wet": (plain_heads, join_spans),
    "warc": (plain_heads, join_spans),
}


@pytest.mark.parametrize("form", KERNELS)
def test_kernels_of_a_format_are_compiled_for_what_its_readers_pass(form):
    warm_readers([form])
    assert all(kernel.signatures for kernel in KERNELS[form])


def test_planning_slices_needs_no_kernels():
    code = "import sys, pipeline.io.slices; print([one for one in sys.modules if one.startswith('numba')])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
