"""The package's types, as a strict checker of a user's program sees them."""

import re
import subprocess
import sys
from pathlib import Path

import keras_segaug as ks

PROGRAM = Path(__file__).with_name("user_program.py")


def mypy(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", *arguments],
        capture_output=True,
        text=True,
        cwd=PROGRAM.parent.parent,
    )


def test_a_strictly_checked_program_may_use_every_public_name(tmp_path):
    named = set(re.findall(r"\bks\.(\w+)", PROGRAM.read_text()))
    assert set(ks.__all__) <= named
    # Outside of the tree, as a user's is, so that the package's own modules are not strict ones.
    config = tmp_path / "mypy.ini"
    config.write_text("[mypy]\n[mypy-keras_segaug.*]\nfollow_imports = silent\n")
    checked = mypy("--config-file", str(config), str(PROGRAM))
    assert checked.returncode == 0, checked.stdout


def test_a_wrong_argument_is_found(tmp_path):
    program = tmp_path / "wrong.py"
    program.write_text("import keras_segaug as ks\nks.JointRandomRotation('fast')\n")
    assert "incompatible type" in mypy("--follow-imports=silent", str(program)).stdout
