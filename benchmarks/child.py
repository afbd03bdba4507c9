"""The process of one contender: takes orders from `race.py` over its standard streams.

    python -m benchmarks.child NAME CORES THREADS

It exchanges one JSON object a line. First it reports the versions of its packages, or why it cannot
take part. Then an order {"task": {...}} makes it get ready, and {"round": true} makes it run one
round.
"""

import importlib
import importlib.metadata
import json
import os
import sys
import time

from benchmarks import work
from benchmarks.contenders import CONTENDERS
from benchmarks.work import AbsentError, Task


def main(name, cores, threads):
    os.sched_setaffinity(0, {int(core) for core in cores.split(",")})
    replies = take_over_output()

    def reply(**message):
        print(json.dumps(message), file=replies, flush=True)

    contender = CONTENDERS[name]
    try:
        module = importlib.import_module(f"benchmarks.contenders.{contender.module}")
        versions = {package: importlib.metadata.version(package) for package in module.packages}
    except Exception as error:
        reply(missing=reason_of(error))
        return
    reply(versions={**getattr(module, "own_versions", {}), **versions})
    racer = Racer(module, contender.variant, int(threads))
    for line in sys.stdin:
        order = json.loads(line)
        try:
            if "task" in order:
                reply(**racer.get_ready(Task(**order["task"]), order["seconds"]))
            else:
                reply(milliseconds=racer.run_round())
        except AbsentError as error:
            reply(absent=str(error))
        except Exception as error:
            reply(error=f"{type(error).__name__}: {first_line(error)}")


def take_over_output():
    """Sends what libraries print to standard error, so that it does not mix with the replies."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return replies


def reason_of(error):
    if isinstance(error, ModuleNotFoundError):
        return "not installed"
    return f"cannot be imported: {first_line(error)}"


def first_line(error):
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else ""


class Racer:
    """One contender's current task."""

    def __init__(self, module, variant, threads):
        self._module, self._variant, self._threads = module, variant, threads
        self._job = self._count = None

    def get_ready(self, task, seconds):
        """Compiles and warms up; finds how many images fill a round of `seconds`."""
        self._job = None  # frees the previous task's images first
        work.pairs_of(task, task.batch)  # cached: not timed below
        start = time.perf_counter()
        self._job = self._module.prepare(task, self._variant, self._threads)
        self._job.run(self._job.unit)
        first_call = time.perf_counter() - start
        units = 1
        while True:
            took = self._time(units * self._job.unit)
            if took >= seconds / 4 or units >= 4096:
                break
            units *= 2
        units = min(max(round(units * seconds / max(took, 1e-9)), 1), 4096)
        self._count = max(units * self._job.unit, self._job.least)
        return {"first_call": first_call, "pictures": self._count, **self._job.facts}

    def run_round(self):
        """Milliseconds an image."""
        self._job.settle()
        start = time.perf_counter()
        seconds = self._job.run(self._count)
        if seconds is None:
            seconds = time.perf_counter() - start
        return 1000.0 * seconds / self._count

    def _time(self, count):
        start = time.perf_counter()
        self._job.run(count)
        return time.perf_counter() - start


if __name__ == "__main__":
    main(*sys.argv[1:])
