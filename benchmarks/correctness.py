"""Runs `check_alignment` over the transforms of several libraries; writes docs/correctness.md.

python -m benchmarks.correctness --help
"""

import argparse
import contextlib
import importlib.metadata
import json
import os
import sys
import warnings
from pathlib import Path

ROOT = Path(__file__).parent.parent
# Set before anything imports Keras, and before Albumentations looks online for a newer version.
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")


class RowError(Exception):
    """A transform could not be made or called: an error of the row, not of the library."""


def read_options(arguments=None):
    from benchmarks.correctness_rows import LIBRARIES

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--libraries", nargs="*", choices=list(LIBRARIES), default=list(LIBRARIES))
    parser.add_argument("--rows", nargs="*", help="names of rows; all where left out")
    parser.add_argument("--calls", type=int, default=4)
    parser.add_argument(
        "--results", type=Path, default=ROOT / "benchmarks" / "results" / "correctness.json"
    )
    parser.add_argument("--document", type=Path, default=ROOT / "docs" / "correctness.md")
    parser.add_argument("--page-only", action="store_true", help="from the results that are there")
    return parser.parse_args(arguments)


def main(arguments=None):
    from benchmarks import correctness_page
    from benchmarks.correctness_rows import LIBRARIES

    options = read_options(arguments)
    if not options.page_only:
        libraries = {name: LIBRARIES[name] for name in options.libraries}
        result = measure(libraries, options.calls, options.rows)
        options.results.write_text(json.dumps(result, indent=1, default=float) + "\n")
    options.document.write_text(correctness_page.page(json.loads(options.results.read_text())))
    print(f"Wrote {options.document}")


def measure(libraries, calls, only=None):
    """The result of all rows; raises `RowError` where one cannot be made."""
    if any("torch" in library.packages for library in libraries.values()):
        import torch  # noqa: F401 - loaded after TensorFlow, its CUDA build crashes the process

    from rich.console import Console
    from rich.progress import Progress, TimeElapsedColumn

    from benchmarks import machine
    from keras_segaug.version import __version__

    result = {"kind": "correctness", "machine": machine.facts(), "keras_segaug": __version__}
    result |= {"calls": calls, "libraries": {}}
    chosen = {
        name: [row for row in library.rows if not only or row.name in only]
        for name, library in libraries.items()
    }
    columns = (*Progress.get_default_columns(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("starting", total=sum(map(len, chosen.values())))
        for name, library in libraries.items():
            entry = {"title": library.title, "about": library.about, "rows": {}}
            result["libraries"][name] = entry | {"versions": versions(library)}
            names = library.names()
            for row in chosen[name]:
                progress.update(bar, description=f"{name}: {row.name}")
                entry["rows"][row.name] = examine(library, row, names, calls)
                progress.advance(bar)
    return result


def versions(library):
    return {package: importlib.metadata.version(package) for package in library.packages}


def examine(library, row, names, calls):
    """{"usual": {code, findings, facts}, "changed": ...} of one row."""
    return {
        form: {"code": code, **checked(library, row, code, names, {**options, "calls": calls})}
        for form, (code, options) in library.forms(row).items()
    }


def checked(library, row, code, names, options):
    import keras_segaug
    from benchmarks import verdicts

    try:
        with quiet():
            augmentation = eval(library.wrap.format(code), dict(names))
    except Exception as error:
        raise RowError(f"{library.title}, {row.name}: cannot make `{code}`: {error!r}") from error
    try:
        with quiet():
            return verdicts.entry(keras_segaug.check_alignment(augmentation, **options))
    except Exception as error:
        raise RowError(f"{library.title}, {row.name}: cannot check `{code}`: {error!r}") from error


@contextlib.contextmanager
def quiet():
    """Hides the libraries' own warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


if __name__ == "__main__":
    sys.exit(main())
