"""docs/benchmarks.md, made from benchmarks/results/*.json; it shows losses as well as wins.

python -m benchmarks.report
"""

import json
from pathlib import Path

from benchmarks import bars, cores, gpu_report
from benchmarks.contenders import REFERENCE, is_peer
from benchmarks.figures import ratio, rounded
from benchmarks.marks import replaced
from benchmarks.targets import misses, targets
from benchmarks.work import CHAIN, CHAIN_FLOAT, CROP, MAIN_ROWS, ONE_LAYER, SIX_LAYERS, title

HEADER = """# Benchmarks

Made by `make bench` from `benchmarks/results/*.json`; do not edit by hand.

Milliseconds an image with its mask, the median over rounds; behind it how many times longer than
keras_segaug's first column. **Bold** is a loss: somebody is faster. Every contender runs in a
process of its own, pinned to the same cores, in turns, on 16 different images.
"""


SHORT_ROWS = (
    CHAIN,
    CHAIN_FLOAT,
    SIX_LAYERS,
    ONE_LAYER,
    "elastic",
    "flip",
    CROP,
    "jitter",
    "blur",
)
SHORT_CONTENDERS = (
    REFERENCE,
    "keras",
    "albumentations",
    "albumentationsx",
    "torchvision",
    "kornia",
)


def table(header, rows):
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines) + "\n"


def cell(results, name):
    """A contender's entry in a row: time and ratio, or why there is none."""
    found = results.get(name)
    if found is None:
        return ""
    if "median" not in found:
        return "–" if "absent" in found else "failed"
    text = rounded(found["median"])
    share = ratio(results, name, REFERENCE)
    if name == REFERENCE or share is None:
        return text
    text = f"{text} ({rounded(share)}×)"
    return f"**{text}**" if share < 1 and is_peer(name) else text


def ran(result, rows):
    """The contenders with at least one time in these rows, in the order of the result."""
    return [
        name
        for name in result["contenders"]
        if any("median" in result["rows"][row].get(name, {}) for row in rows)
    ]


def rows_table(result, rows):
    names = ran(result, rows)
    titles = [result["contenders"][name]["title"] for name in names]
    body = [[title(row), *(cell(result["rows"][row], name) for name in names)] for row in rows]
    return table(["work", *titles], body)


def spread_table(result, rows):
    """The quartiles, from which a reader can judge which differences are noise."""

    def quartiles(found):
        if "median" not in found:
            return ""
        return f"{rounded(found['low'])} to {rounded(found['high'])}"

    names = ran(result, rows)
    titles = [result["contenders"][name]["title"] for name in names]
    body = [
        [title(row), *(quartiles(result["rows"][row].get(name, {})) for name in names)]
        for row in rows
    ]
    return table(["lower to upper quartile, ms", *titles], body)


def contenders_table(result):
    body = []
    for entry in result["contenders"].values():
        versions = ", ".join(f"{k} {v}" for k, v in entry.get("versions", {}).items())
        body.append([entry["title"], versions or entry["missing"], entry["note"]])
    return table(["contender", "versions", "how it is used"], body)


def losses(result):
    """Where another library is faster, in words."""
    lines = []
    for row, results in result["rows"].items():
        for name in results:
            share = ratio(results, name, REFERENCE)
            if share is not None and share < 1 and is_peer(name):
                who = result["contenders"][name]["title"]
                lines.append(f"- {title(row)}: {who} takes {rounded(share)} of our time.")
    return "\n".join(lines or ["Nowhere in this run."]) + "\n"


def failures(result):
    lines = [
        f"- {title(row)}, {result['contenders'][name]['title']}: {found['error']}"
        for row, results in result["rows"].items()
        for name, found in results.items()
        if "error" in found
    ]
    return "### Failed\n\n" + "\n".join(lines) + "\n" if lines else ""


def cpu_section(name, result, one=None):
    """`one` is the result of one core, beside which that of several is shown."""
    facts = result["machine"]
    rows = list(result["rows"])
    main = [row for row in rows if row in MAIN_ROWS]
    layers = [row for row in rows if row not in MAIN_ROWS]
    parts = [
        f"## {name}\n",
        f"{facts['processor']}, {facts['system']}, Python {facts['python']}, {facts['date']}. "
        f"{result['threads']} of {facts['cores']} cores and as many threads for each contender, "
        f"{result['rounds']} rounds, {result['side']}×{result['side']}×3 uint8 images with "
        f"uint8 masks; load of the machine at the start {facts['load_at_start']}.\n",
    ]
    if bars.times(result):
        parts.append(f"![{bars.alternative(result)}](images/{bars.file_of(name)})\n")
    if main:
        parts += [rows_table(result, main), "### Slower than others\n", losses(result)]
        parts += [cores_section(result, one), targets_section(result, one)]
        parts += ["### Spread\n", spread_table(result, main)]
    if layers:
        parts += ["### Every layer\n", rows_table(result, layers)]
    return "\n".join([*parts, "### Contenders\n", contenders_table(result), failures(result)])


def cores_section(result, one):
    if one is None:
        return ""
    return "### One core beside several\n\n" + table(*cores.comparison(result, one, title))


def targets_section(result, one=None):
    found = targets(result, one)
    if not found:
        return ""
    body = [
        [what, rounded(value), f"{word} {goal:g}", "yes" if reached else "**no**"]
        for what, value, word, goal, reached in found
    ]
    parts = ["### Targets\n", table(["what", "found", "goal", "reached"], body)]
    lines = misses(result) if result["threads"] == 1 else []
    return "\n".join([*parts, *lines, ""] if lines else parts)


def short_lines(result):
    """The README's lines: milliseconds an image, the fastest in bold; None if rows are missing."""
    names = [name for name in SHORT_CONTENDERS if name in ran(result, result["rows"])]
    if not set(SHORT_ROWS) <= set(result["rows"]) or REFERENCE not in names:
        return None
    body = []
    for row in SHORT_ROWS:
        times = {name: result["rows"][row].get(name, {}).get("median") for name in names}
        best = min(time for time in times.values() if time is not None)
        texts = ["–" if time is None else rounded(time) for time in times.values()]
        bold = [f"**{x}**" if t == best else x for x, t in zip(texts, times.values(), strict=True)]
        body.append([title(row), *bold])
    facts, entries = result["machine"], result["contenders"]
    ours = ", ".join(f"{k} {v}" for k, v in entries[REFERENCE]["versions"].items())
    about = (
        f"Milliseconds an image of {result['side']}×{result['side']}×3 with its mask, "
        f"{result['threads']} core of an {facts['processor']}, medians of {result['rounds']} "
        f"alternating rounds, {facts['date']}, {ours}:"
    )
    titles = [entries[name]["title"] for name in names]
    return [about, "", *table(["work", *titles], body).splitlines()]


def write_readme(result, readme):
    """Replaces the README's table by that of this result, if the result has all the rows."""
    lines = short_lines(result)
    if lines is not None:
        readme.write_text(replaced(readme.read_text(), "bench", lines))
    return lines is not None


def growth_section(name, result):
    facts = result["machine"]
    versions = {
        f"{package} {version}"
        for entry in result["contenders"].values()
        for package, version in entry.get("versions", {}).items()
    }
    lines = [
        f"## Growth: {name}\n",
        f"`make bench-growth`: {facts['processor']}, Python {facts['python']}, {facts['date']}, "
        f"{result['threads']} core and thread for each contender, medians of {result['rounds']} "
        f"rounds, bands from quartile to quartile; {', '.join(sorted(versions))}.\n",
    ]
    lines += [f"![{about}](images/{file})\n" for file, about in result["plots"].items()]
    lines.append(per_pixel(result))
    return "\n".join(lines)


def per_pixel(result, small=512, large=2048):
    """Nanoseconds a pixel at two sides; more at the larger one is what no cache holds."""
    points = result["curves"].get("side", {}).get("points", [])
    found = {point["x"]: point["results"] for point in points}
    body = []
    for name, entry in result["contenders"].items():
        times = [found.get(side, {}).get(name, {}).get("median") for side in (small, large)]
        if None not in times:
            pixels = [1e6 * t / s**2 for t, s in zip(times, (small, large), strict=True)]
            body.append([entry["title"], *map(rounded, pixels), rounded(pixels[1] / pixels[0])])
    titles = [f"{side}×{side}, ns a pixel" for side in (small, large)]
    return table(["reference chain, uint8 out", *titles, "ratio"], body) if body else ""


SECTIONS = {"gpu": gpu_report.section, "growth": growth_section}


def write(results, document):
    """Makes the document from all results in a folder."""
    parts = [HEADER]
    paths = sorted(Path(results).glob("*.json"))
    found = {path.stem: json.loads(path.read_text()) for path in paths}
    for name, result in found.items():
        if result["kind"] == "correctness":  # has its own page
            continue
        if result["kind"] == "cpu":
            one = found.get(cores.one_core_name(name)) if result["threads"] > 1 else None
            parts.append(cpu_section(name, result, one))
        else:
            parts.append(SECTIONS[result["kind"]](name, result))
    document.parent.mkdir(parents=True, exist_ok=True)
    document.write_text("\n".join(parts).rstrip() + "\n")


if __name__ == "__main__":
    HERE = Path(__file__).resolve().parent
    write(HERE / "results", HERE.parent / "docs" / "benchmarks.md")
