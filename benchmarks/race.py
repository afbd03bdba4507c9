"""Runs contenders side by side: a process each, on the same cores, taking turns round by round.

Each has a separate process, because a library's threads keep spinning for a while after their work
and would slow down the next contender in the same process. They take turns, so that whatever else
the machine does meanwhile affects all of them alike.
"""

import contextlib
import dataclasses
import json
import os
import random
import select
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.contenders import CONTENDERS
from benchmarks.figures import summary

ROOT = Path(__file__).resolve().parent.parent
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)


@dataclasses.dataclass(frozen=True)
class Settings:
    """How to measure.

    Attributes:
        rounds: how many rounds each contender runs of each task.
        seconds: how long a round should last; quick work is repeated to fill it.
        cores: the cores all contenders are pinned to; each uses as many threads.
        patience: seconds after which a contender that does not answer is abandoned.
        pythons: a contender's name and the interpreter it needs, where that is not this one.
    """

    rounds: int = 15
    seconds: float = 0.15
    cores: tuple = (0,)
    patience: float = 240.0
    pythons: dict = dataclasses.field(default_factory=dict)


class Stopped(Exception):  # noqa: N818
    """A contender's process has ended, or does not answer."""


class Racer:
    """The parent's side of one contender's process."""

    def __init__(self, name, settings):
        self.name = name
        self._patience = settings.patience
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        cores = ",".join(map(str, cores_of(CONTENDERS[name], settings)))
        python = settings.pythons.get(name, sys.executable)
        command = [python, "-m", "benchmarks.child", name, cores, str(len(settings.cores))]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment(name, len(settings.cores)),
            cwd=ROOT,
        )

    def hear(self):
        """The next reply."""
        ready, _, _ = select.select([self._process.stdout], [], [], self._patience)
        line = self._process.stdout.readline() if ready else b""
        if not line:
            why = "its process ended" if ready else f"no answer in {self._patience:.0f} s"
            self.stop()
            raise Stopped(f"{why}: {self._last_error()}")
        return json.loads(line)

    def ask(self, **order):
        try:
            self._process.stdin.write((json.dumps(order) + "\n").encode())
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise Stopped("its process ended") from error
        return self.hear()

    def stop(self):
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()

    def _last_error(self):
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1][:200] if lines else "it said nothing"


def cores_of(contender, settings):
    """The cores of its process: the shared ones, and the spare ones it needs, if there are any."""
    others = sorted(os.sched_getaffinity(0) - set(settings.cores))
    return (*settings.cores, *others[: contender.spare_cores])


def environment(name, threads):
    """The contender's environment variables: its threads, its backend, no accelerator."""
    contender = CONTENDERS[name]
    variables = {**os.environ, **dict.fromkeys(THREAD_VARIABLES, str(threads))}
    variables |= {"CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3"}
    if threads == 1:
        variables["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    return {**variables, **contender.environment, "BENCHMARK_VARIANT": contender.variant}


@contextlib.contextmanager
def contest(names, settings):
    """Starts the contenders: yields ({name: racer}, {name: what the result says about it})."""
    # One after the other: parallel imports would compete for the cores and exceed the patience.
    racers, entries = {}, {}
    try:
        for name in names:
            contender = CONTENDERS[name]
            racer = Racer(name, settings)
            racers[name] = racer
            try:
                greeting = racer.hear()
            except Stopped as stopped:
                greeting = {"missing": str(stopped)}
            entries[name] = {"title": contender.title, "note": contender.note, **greeting}
            if "missing" in greeting:
                racers.pop(name).stop()
        yield racers, entries
    finally:
        for racer in racers.values():
            racer.stop()


def race(racers, task, settings, chosen=None):
    """Runs one task: {name: {"median": ..., "low": ..., ...} or {"absent" or "error": why}}.

    A contender whose process ends is removed from `racers`; `chosen` names those that take part,
    None means all.
    """
    results, running = {}, []
    order = {"task": dataclasses.asdict(task), "seconds": settings.seconds}
    for name in [name for name in racers if chosen is None or name in chosen]:
        rows = CONTENDERS[name].rows
        if rows is not None and task.row not in rows:
            continue
        results[name] = ask_safely(racers, name, **order)
        if "pictures" in results[name]:
            running.append(name)
    times = {name: [] for name in running}
    for _ in range(settings.rounds):
        # In a new order each time, so that no contender always follows the same one.
        for name in random.sample(running, len(running)):
            reply = ask_safely(racers, name, round=True)
            if "milliseconds" in reply:
                times[name].append(reply["milliseconds"])
            else:
                results[name] = reply
                running.remove(name)
    for name in running:
        results[name] |= summary(times[name])
    return results


def ask_safely(racers, name, **order):
    """Like `ask`; a contender whose process has ended leaves the race."""
    try:
        return racers[name].ask(**order)
    except Stopped as stopped:
        racers.pop(name).stop()
        return {"error": str(stopped)}
