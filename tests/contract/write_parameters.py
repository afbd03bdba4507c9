"""Writes what every backend must draw: `python -m tests.contract.write_parameters`."""

import json

from tests.cases import CASES, MIXING
from tests.contract.test_randomness import REFERENCE, drawn_by, flat

if __name__ == "__main__":
    drawn = {case.id: [x.tolist() for x in flat(drawn_by(case))] for case in [*CASES, *MIXING]}
    REFERENCE.write_text(json.dumps(drawn, indent=1) + "\n")
    print(f"Wrote {len(drawn)} cases to {REFERENCE}.")
