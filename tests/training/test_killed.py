"""The draws of a process that was really killed are not drawn again after the restart."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(folder, last):
    """(exit status, [(which draw comes next, checksum of the weights)] after each step)."""
    command = [sys.executable, "-m", "tests.training.killed", str(folder), str(last)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr[-2000:]
    lines = [line.split() for line in done.stdout.splitlines()]
    return done.returncode, [(int(number), float(weights)) for number, weights in lines]


@pytest.mark.slow
def test_draws_go_on_after_a_kill_in_the_middle_of_an_epoch(tmp_path):
    status, killed = run(tmp_path, last=6)
    assert status == -signal.SIGKILL
    # Eight samples in batches of two: the second step of the second epoch.
    assert [number for number, _ in killed] == [0, 1, 2, 3, 4, 5, 6]
    status, restarted = run(tmp_path, last=-1)
    assert status == 0
    # Keras restarts the epoch, with the weights and the draws that were saved last.
    assert restarted[0] == killed[-1]
    assert [number for number, _ in restarted] == [6, 7, 8, 9, 10]
