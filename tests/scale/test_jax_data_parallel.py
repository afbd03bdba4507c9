"""The script that deals batches out to two devices and two processes verifies what it says."""

import pytest

from tests.scale.scripts import lines_of

pytestmark = pytest.mark.scale
EXPECTED = (
    "two processes with layers of different seeds are refused",
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
    printed = lines_of("jax_data_parallel", "jax")
    assert [text for text in EXPECTED if f"ok: {text}" not in printed] == []
