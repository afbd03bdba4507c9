"""`make bench`: runs every row and writes benchmarks/results/MACHINE.json and docs/benchmarks.md.

python -m benchmarks.run --help
"""

import argparse
import json
import os
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, TimeElapsedColumn

from benchmarks import bars, machine, report
from benchmarks.contenders import CONTENDERS, OPT_IN
from benchmarks.cores import name_of
from benchmarks.race import ROOT, Settings, contest, race
from benchmarks.waiting import import_milliseconds, later_pass_milliseconds
from benchmarks.work import MAIN_ROWS, task_of

RESULTS = ROOT / "benchmarks" / "results"
# A single layer is compared with the contenders of the README's table that have a counterpart.
LAYER_CONTENDERS = (*report.SHORT_CONTENDERS, "medicai")


def read_options(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15, help="rounds a row (default: 15)")
    parser.add_argument("--seconds", type=float, default=0.15, help="of a round (default: 0.15)")
    parser.add_argument("--cores", type=int, default=1, help="cores and threads (default: 1)")
    parser.add_argument("--side", type=int, default=512, help="of the images (default: 512)")
    parser.add_argument("--rows", nargs="*", help="these only; 'layers' stands for all layers")
    parser.add_argument("--contenders", nargs="*", help=f"of {', '.join(CONTENDERS)}")
    parser.add_argument(
        "--python",
        action="append",
        default=[],
        metavar="NAME=PATH",
        help="the interpreter of a contender with an environment of its own; takes it in, too. "
        "So AlbumentationsX (AGPL) is asked for; its telemetry stays off",
    )
    parser.add_argument(
        "--machine",
        default=machine.default_name(),
        help="name of the result; with several cores, their number is added to it",
    )
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--document", type=Path, default=ROOT / "docs" / "benchmarks.md")
    parser.add_argument("--readme", type=Path, default=ROOT / "README.md")
    return parser.parse_args(arguments)


def rows_of(options):
    """The requested rows; the package says which layers there are."""
    rows = options.rows or [*MAIN_ROWS, "layers"]
    if "layers" not in rows:
        return rows
    from benchmarks.contenders.segaug import public_layers

    layers = [f"layer:{name}" for name in public_layers()]
    return [row for name in rows for row in (layers if name == "layers" else [name])]


def main(arguments=None):
    options = read_options(arguments)
    names = options.contenders or [name for name in CONTENDERS if name not in OPT_IN]
    pythons = dict(pair.split("=", 1) for pair in options.python)
    names = list(dict.fromkeys([*names, *pythons]))
    settings = Settings(
        rounds=options.rounds,
        seconds=options.seconds,
        cores=tuple(sorted(os.sched_getaffinity(0))[: options.cores]),
        pythons=pythons,
    )
    result = measure(names, rows_of(options), options.side, settings)
    options.results.mkdir(parents=True, exist_ok=True)
    path = options.results / f"{name_of(options.machine, len(settings.cores))}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    bars.draw_all(options.results, options.document.parent / "images")
    report.write(options.results, options.document)
    table = result["threads"] == 1 and report.write_readme(result, options.readme)
    readme = f" and the table in {options.readme}" if table else ""
    Console().print(f"Wrote {path}, {options.document}{readme}")


def measure(names, rows, side, settings):
    result = {"kind": "cpu", "machine": machine.facts(), "side": side}
    result |= {"threads": len(settings.cores), "rounds": settings.rounds, "rows": {}}
    result["import_milliseconds"] = import_milliseconds(settings.rounds)
    result["later_pass_milliseconds"] = later_pass_milliseconds(settings.cores)
    columns = (*Progress.get_default_columns(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("starting", total=len(rows))
        with contest(names, settings) as (racers, entries):
            result["contenders"] = entries
            for row in rows:
                progress.update(bar, description=row)
                chosen = LAYER_CONTENDERS if row.startswith("layer:") else tuple(racers)
                result["rows"][row] = race(racers, task_of(row, side), settings, chosen)
                progress.advance(bar)
    return result


if __name__ == "__main__":
    main()
