"""Results on several cores beside that of one core of the same machine."""

import re

from benchmarks.figures import ratio, rounded


def name_of(machine, threads):
    """The name of a result: that of the machine, and of how many threads where they are several."""
    return machine if threads == 1 else f"{machine}-on-{threads}-threads"


def one_core_name(name):
    """The name of the result of one core beside the result of this name."""
    return re.sub(r"-on-\d+-threads$", "", name)


def comparison(result, one, title):
    """The header and the lines of a table: one core, several, and how many times faster these are.

    `title` puts a row into words.
    """
    threads = result["threads"]
    header = ["work", "contender", "one core, ms", f"{threads} cores, ms", "times faster"]
    lines = []
    for row, results in result["rows"].items():
        before = one["rows"].get(row, {})
        for name in results:
            times = {"one": before.get(name, {}), "several": results[name]}
            speedup = ratio(times, "one", "several")
            if speedup is not None:
                medians = [rounded(found["median"]) for found in times.values()]
                who = result["contenders"][name]["title"]
                lines.append([title(row), who, *medians, rounded(speedup)])
    return header, lines
