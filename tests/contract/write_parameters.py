"""Writes what every backend must draw: `python -m tests.contract.write_parameters`.

The entry of a case that draws the same as before stays unchanged, to the last digit.
"""

import json

import numpy as np

from tests.cases import CASES, MIXING
from tests.contract.test_randomness import REFERENCE, drawn_by, flat


def same(found, expected):
    """Compares as the test does."""
    return len(found) == len(expected) and all(
        np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=1e-6, atol=1e-7)
        for a, b in zip(found, expected, strict=True)
    )


if __name__ == "__main__":
    stored = json.loads(REFERENCE.read_text())
    drawn = {case.id: [x.tolist() for x in flat(drawn_by(case))] for case in [*CASES, *MIXING]}
    changed = [name for name, found in drawn.items() if not same(found, stored.get(name, ()))]
    kept = {name: found if name in changed else stored[name] for name, found in drawn.items()}
    REFERENCE.write_text(json.dumps(kept, indent=1) + "\n")
    print(f"{len(kept)} cases in {REFERENCE}; new or changed: {', '.join(changed) or 'none'}.")
