"""Applies each mutant to a copy of the package: `python -m tests.mutants.run_mutants`.

The tests named for it must fail on the copy. (They pass on the package itself: that is what all
other runs are for.) Two run at a time. Fails where one survives.
"""

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.mutants.mutants import MUTANTS

ROOT = Path(__file__).parents[2]
# What pytest returns where tests failed; anything else is no verdict.
FAILED = 1
_PYTEST = ("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider")


def verdict(mutant):
    """ "killed", "survived", or what kept the tests from saying."""
    source = (ROOT / "keras_segaug" / mutant.file).read_text()
    if source.count(mutant.before) != 1:
        return f"{mutant.before!r} stands there {source.count(mutant.before)} times"
    with tempfile.TemporaryDirectory() as home:
        for name in ("keras_segaug", "tests"):
            shutil.copytree(ROOT / name, Path(home, name))
        for name in ("examples", "pyproject.toml"):
            Path(home, name).symlink_to(ROOT / name)
        changed = source.replace(mutant.before, mutant.after)
        Path(home, "keras_segaug", mutant.file).write_text(changed)
        done = subprocess.run(
            [sys.executable, *_PYTEST, *shlex.split(mutant.tests)],
            cwd=home,
            env={**os.environ, "PYTHONPATH": home, "TF_CPP_MIN_LOG_LEVEL": "3"},
            capture_output=True,
            text=True,
        )
    if done.returncode == FAILED:
        return "killed"
    return "survived" if done.returncode == 0 else done.stdout[-2000:] + done.stderr[-2000:]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", type=int, nargs="*", help="numbers of mutants")
    numbers = parser.parse_args().only or range(len(MUTANTS))
    chosen = [MUTANTS[i] for i in numbers]
    left = 0
    with ThreadPoolExecutor(2) as pool:
        for number, mutant, found in zip(numbers, chosen, pool.map(verdict, chosen), strict=True):
            print(f"{number:2} {mutant.file}: {mutant.before!r}: {found}", flush=True)
            left += found != "killed"
    print(f"{len(chosen) - left} of {len(chosen)} mutants killed")
    return 1 if left else 0


if __name__ == "__main__":
    raise SystemExit(main())
