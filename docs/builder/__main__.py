"""Writes all pages of the site into a folder, from which MkDocs builds the site.

python -m docs.builder [--output build/docs] [--only JointRandomFlip ...]
"""

import argparse
import json
import multiprocessing
import os
import shutil
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from rich.progress import Progress


def make_pages(entries, folder, targets):
    """Writes the pages of all layers; returns the failures, each with its layer's name."""
    from docs.builder import layer_page

    # A spawned worker inherits no threads of TensorFlow.
    context = multiprocessing.get_context("spawn")
    with (
        Progress() as progress,
        ProcessPoolExecutor(max_workers=min(4, os.cpu_count() or 1), mp_context=context) as pool,
    ):
        task = progress.add_task("Pages of layers", total=len(entries))
        names = [entry.name for entry in entries]
        jobs = [pool.submit(layer_page.write_page, name, folder, targets) for name in names]
        failures = []
        for job in as_completed(jobs):
            failures += [job.result()] if job.result() else []
            progress.advance(task)
    return failures


def empty(folder, parser):
    """Removes what an earlier build wrote, and nothing else."""
    if folder.exists() and any(folder.iterdir()) and not (folder / "layers/images").is_dir():
        parser.error(f"{folder} holds something else than an earlier build: it would be removed")
    shutil.rmtree(folder, ignore_errors=True)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("build/docs"))
    parser.add_argument("--only", nargs="*", help="pages of these layers; the others stay")
    options = parser.parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from docs.builder import index_page, navigation, pages, reference
    from docs.builder.catalog import public_layers
    from docs.builder.targets import tables

    entries = public_layers()
    if unknown := set(options.only or ()) - {entry.name for entry in entries}:
        parser.error(f"no layers: {', '.join(sorted(unknown))}")
    folder = options.output / "layers"
    if not options.only:
        empty(options.output, parser)
    (folder / "images").mkdir(parents=True, exist_ok=True)
    pages.Copied(options.output.resolve()).copy_all()
    reference.write(options.output / "api")
    kept = options.output.with_name("targets.json")
    targets = json.loads(kept.read_text()) if options.only and kept.exists() else {}
    if not all(entry.name in found for entry in entries for found in targets.values() if found):
        targets = {}  # a layer was added since
    if not targets:
        print("What each layer does to each target, tried on every backend ...", flush=True)
        targets = tables()
        kept.write_text(json.dumps(targets))
    index_page.write(entries, targets, folder)
    navigation.write(entries, options.output)
    chosen = [entry for entry in entries if not options.only or entry.name in options.only]
    failures = make_pages(chosen, folder, targets)
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
