"""The package's types, as a strict checker of a user's program sees them."""

import re
import subprocess
import sys
from pathlib import Path

import keras_segaug as ks
from tests.cases import CASES, MIXING

PROGRAM = Path(__file__).with_name("user_program.py")


def mypy(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", *arguments],
        capture_output=True,
        text=True,
        cwd=PROGRAM.parent.parent,
    )


def test_a_strictly_checked_program_may_use_every_public_name(tmp_path):
    # The `repr` of a layer is a call, so new layers are checked, too. (Arrays and functions have no
    # source form.)
    made = [case.make() for case in [*CASES, *MIXING]]
    written = {type(each).__name__: repr(each) for each in made if "<" not in repr(each)}
    calls = tmp_path / "calls.py"
    names, lines = ", ".join(ks.__all__), "".join(f"print({each})\n" for each in written.values())
    calls.write_text(f"from keras_segaug import {names}\n{lines}")
    named = set(re.findall(r"\bks\.(\w+)", PROGRAM.read_text()))
    assert set(ks.__all__) <= named | set(written)
    # Outside the repository, as for a user, so the package's modules are not checked strictly.
    config = tmp_path / "mypy.ini"
    config.write_text("[mypy]\n[mypy-keras_segaug.*]\nfollow_imports = silent\n")
    checked = mypy("--config-file", str(config), str(PROGRAM), str(calls))
    assert checked.returncode == 0, checked.stdout


def test_what_is_exported_is_listed_and_what_is_listed_is_exported():
    """A type checker takes `X as X` as public; `dir` and a star import show `__all__`."""
    text = Path(ks.__file__).read_text()
    exported = set(re.findall(r"(\w+) as \1\b", text))
    assert exported <= set(ks.__all__)
    assert {name for name in ks.__all__ if name[0].isupper()} <= exported


def test_a_wrong_argument_is_found(tmp_path):
    program = tmp_path / "wrong.py"
    program.write_text("import keras_segaug as ks\nks.JointRandomRotation('fast')\n")
    assert "incompatible type" in mypy("--follow-imports=silent", str(program)).stdout
