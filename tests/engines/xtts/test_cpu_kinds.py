"""The promises about sampling hold on older kinds of CPU too, which torch and oneDNN are made to believe in."""

import os
import subprocess
import sys
from dataclasses import dataclass

import pytest
import torch

from tests.rig.processes import ROOT

PARITY = "tests/engines/xtts/test_gpt_parity.py"
TESTS = [
    f"{PARITY}::test_what_is_sampled_depends_on_the_seed_and_not_on_neighbours",
    f"{PARITY}::test_a_sequence_that_overflowed_spoils_no_other_in_its_place_or_beside_it",
]
RUN = """
import sys, pytest, torch
assert torch.ops.mkldnn._is_mkldnn_bf16_supported() == bool(int(sys.argv[1]))
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", *sys.argv[2:]]))
"""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of CPU: the environment that hides what it lacks, and whether oneDNN takes bfloat16 on it."""

    environment: dict[str, str]
    onednn_takes_bfloat16: bool


AVX2 = Kind({"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}, False)
AVX512 = Kind({"ATEN_CPU_CAPABILITY": "avx512", "ONEDNN_MAX_CPU_ISA": "AVX512_CORE"}, True)
HAS_AVX512 = torch.backends.cpu.get_cpu_capability().startswith("AVX512")


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(AVX2, id="avx2"),
        pytest.param(AVX512, id="avx512", marks=pytest.mark.skipif(not HAS_AVX512, reason="this CPU is older")),
    ],
)
def test_a_cpu_without_bfloat16_keeps_what_is_promised_of_it(kind: Kind) -> None:
    command = [sys.executable, "-c", RUN, str(int(kind.onednn_takes_bfloat16)), *TESTS]
    env = {**os.environ, **kind.environment}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    assert " passed" in done.stdout
