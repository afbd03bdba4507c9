"""The script that deals batches out to two devices and two processes verifies what it says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.scale
EXPECTED = (
    "two processes augment, with a key an epoch, as one device does",
    "`fit` of two processes trains as on one device",
    "flip, rotation, elastic, crop, color: nothing travels between devices",
    "flip, rotation, elastic, crop, color: masks as of one device",
    "a record that all devices have many times is never drawn alike",
    "JointMosaic: partners of the same device alone",
    "JointCutMix: partners of any device",
    "`fit` trains as on one device",
)


def test_the_script_verifies_what_it_says():
    pytest.importorskip("jax")
    done = subprocess.run(
        [sys.executable, "-m", "examples.scale.jax_data_parallel"],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    printed = done.stdout.splitlines()
    assert [text for text in EXPECTED if f"ok: {text}" not in printed] == []
