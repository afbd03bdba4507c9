"""Writes what every backend must draw: `python -m tests.contract.write_parameters`."""

import json

from tests.cases import CASES
from tests.contract.test_randomness import REFERENCE, flat

if __name__ == "__main__":
    drawn = {
        case.id: [x.tolist() for x in flat(case.make().draw_parameters((4, 16, 14, 3), 123))]
        for case in CASES
    }
    REFERENCE.write_text(json.dumps(drawn, indent=1) + "\n")
    print(f"Wrote {len(drawn)} cases to {REFERENCE}.")
