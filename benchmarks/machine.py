"""What a result says about where and when it was measured."""

import datetime
import os
import platform
import re
from pathlib import Path


def facts():
    return {
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)),
        "system": platform.platform(),
        "python": platform.python_version(),
        "date": datetime.date.today().isoformat(),
        # The load that the machine already had when the run began.
        "load_at_start": round(os.getloadavg()[0], 2),
    }


def processor():
    information = Path("/proc/cpuinfo")
    if information.exists():
        found = re.search(r"^model name\s*: (.+)$", information.read_text(), re.M)
        if found:
            return found[1].strip()
    return platform.processor() or platform.machine()


def file_name(text):
    """`AMD EPYC` as `amd-epyc`."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def default_name():
    return f"{file_name(processor())}-{len(os.sched_getaffinity(0))}-cores"
