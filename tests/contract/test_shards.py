"""Devices that share a batch each work on their own shard, with the same result as one device."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(keras.backend.backend() != "jax", reason="batches are dealt out by JAX"),
]
TRACED = [
    *("chain, in a program", "color, in a program", "mixing, in a program", "across, in a program"),
    "chain, a key each",
]


@pytest.fixture(scope="module")
def found():
    """The result of two devices for a batch, and the data that moves between them."""
    flags = "--xla_force_host_platform_device_count=2"
    done = subprocess.run(
        [sys.executable, "-m", "tests.contract.run_shards"],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu", "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("case", [*TRACED, "chain, eagerly", "mixing, eagerly"])
def test_what_two_devices_make_is_what_one_makes(found, case):
    assert found[case]["equal"]


@pytest.mark.parametrize("case", [each for each in TRACED if "across" not in each])
def test_each_device_works_on_its_own_shard_alone(found, case):
    assert found[case]["collectives"] == []
    assert found[case]["sharded"]


def test_an_eager_call_leaves_the_batch_where_it_is(found):
    assert found["chain, eagerly"]["sharded"]


def test_partners_travel_where_they_may(found):
    assert "all-gather" in found["across, in a program"]["collectives"]
