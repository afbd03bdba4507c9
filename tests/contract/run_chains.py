"""Checks many random chains: `python -m tests.contract.run_chains 1000`.

Each failure is written to a file at once, with all that is needed to run it again.
"""

import argparse
import json
import time
from pathlib import Path

import keras

from tests.contract.chain_promises import Failure, Tally, check


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--failures", default="build/chains-{backend}.txt")
    given = parser.parse_args()
    backend = keras.backend.backend()
    path, tally, start = Path(given.failures.format(backend=backend)), Tally(), time.time()
    path.parent.mkdir(exist_ok=True)
    failed = 0
    with path.open("w") as file:
        for number in range(given.first, given.first + given.count):
            if time.time() - start > 60 * given.minutes:
                break
            try:
                check(number, tally)
            except Failure as failure:
                failed += 1
                print(failure, file=file, flush=True)
            if number % 50 == 49:
                seconds = round(time.time() - start)
                print(number + 1, f"{seconds} s", failed, tally, flush=True)
                keras.backend.clear_session()
    print(json.dumps({"backend": backend, "failed": failed, **vars(tally)}))
    raise SystemExit(failed > 0)


if __name__ == "__main__":
    main()
