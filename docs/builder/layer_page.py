"""The page of a layer, as Markdown."""

import json
import re
import textwrap
import tomllib
from functools import cache
from html import escape
from pathlib import Path

import keras_segaug as segaug
from benchmarks.report import cell, table
from docs.builder import pictures
from docs.builder.catalog import own_arguments, public_layers
from docs.builder.targets import CHANGED, KEPT, REFUSED

DOCS = Path(__file__).resolve().parents[1]
RESULTS = DOCS.parent / "benchmarks" / "results"
TITLES = {"ct": "CT", "nuclei": "Microscopy", "street": "Street", "aerial": "Aerial"}
LIBRARIES = {
    "keras": "Keras",
    "albumentations": "Albumentations",
    "torchvision": "torchvision v2",
    "kornia": "Kornia",
}
PEERS = {"segaug": "keras_segaug", **LIBRARIES, "albumentationsx": "AlbumentationsX"}
TARGETS = {
    "image": "images",
    "mask": "masks",
    "weights": "per-pixel weights",
    "continuous": "depth and the like (`continuous`)",
    "points": "`points`",
}
FATES = {CHANGED: "changed", KEPT: "stays as it is", REFUSED: "refused, with an error"}


def write_page(name, folder, targets):
    """Writes one page, in any process; returns what went wrong, or None."""
    [entry] = [each for each in public_layers() if each.name == name]
    try:
        (folder / f"{name}.md").write_text(page(entry, folder, targets))
    except Exception as error:
        return f"{name}: {type(error).__name__}: {error}"
    return None


def page(entry, folder, targets):
    """The Markdown of a layer's page; writes its pictures into a folder beside it."""
    known = pictures.write_all(entry, folder / "images")
    parts = [
        f"---\ndescription: {json.dumps(entry.summary)}\n---",
        f"# {entry.name}",
        f"*{entry.type}.* {entry.summary}",
        scenes(entry, known),
        "## What happens to what\n\n" + fates(entry, targets),
        "## Code\n\n" + code(entry),
        f"## Arguments\n\n::: keras_segaug.{entry.name}\n    options:\n      heading_level: 3",
        inherited(entry),
        "## In other libraries\n\n" + equivalents(entry),
        "## Cost\n\n" + cost(entry),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


# --- Pictures --------------------------------------------------------------------------------


def scenes(entry, known):
    return "\n\n".join(
        f'=== "{TITLES[name]}"\n\n' + textwrap.indent(scene(entry, name, facts), "    ")
        for name, facts in known.items()
    )


def scene(entry, name, facts):
    """A slider over the draws, a sheet of all, and what the first of middle strength changed."""
    labels = draw_labels(entry, facts["draws"])
    path = f"images/{entry.name}-{name}.webp"
    what = f"{entry.name}, {TITLES[name]}"
    last = facts["draws"][1][0].image.shape[:2]
    first = pictures.scene(name)[0].shape[1:3]
    size = ""
    if last != first:
        size = f" Here {first[1]} × {first[0]} pixels became {last[1]} × {last[0]}."
    rows = f"Rows: {' → '.join(labels)}." if len(set(labels)) > 1 else "Nothing is drawn at random."
    last_draw = len(labels) * pictures.DRAWS - 1
    return f"""\
<div class="draws" data-sheet="../{path}" data-labels="{escape(json.dumps(labels))}">
<div class="draws-shown" role="img" aria-label="{escape(f"{what}: a draw and its classes")}"></div>
<label>Draw <input type="range" min="0" max="{last_draw}" value="{last_draw // 2}">
<output></output></label>
</div>

![{what}: nine draws, each beside its classes]({path}){{ .sheet loading=lazy }}

{rows}

![{what}: before and after]({path.replace(".webp", "-changes.webp")}){{ .sheet loading=lazy }}

{changes(facts)}{size}"""


def draw_labels(entry, draws):
    """The arguments that each row of draws was made with, where they differ between rows."""
    strengths = [row[0].arguments for row in draws]
    differing = [k for k in strengths[0] if len({repr(each[k]) for each in strengths}) > 1]
    if differing:
        return [", ".join(f"{k}={_short(each[k])}" for k in differing) for each in strengths]
    if pictures.are_alike(draws):
        return ["always the same"] * len(draws)
    return ["weakest", "middle", "strongest"]


def _short(value):
    if isinstance(value, tuple) and len(value) == 2 and value[0] == value[1]:
        return f"({value[0]:g}, {value[1]:g})"
    return f"{value:g}" if isinstance(value, float) else f"{value}"


def changes(facts):
    what = ["Above the image, its classes, their outlines"]
    if facts["difference"]:
        what[0] += ", and by how much the values differ afterwards"
    what.append("below the same after one draw of middle strength")
    if facts["ignored"]:
        what[1] += "; red are the pixels that no class is known of, with `mask_fill_value=255`"
    return "; ".join(what) + "."


# --- Facts -----------------------------------------------------------------------------------


def fates(entry, targets):
    """A table of trial results; raises an error where backends differ."""
    tried = [found[entry.name] for found in targets.values() if found]
    if any(found != tried[0] for found in tried):
        raise RuntimeError(f"{entry.name}: backends treat targets differently: {tried}")
    rows = [[TARGETS[role], FATES[fate]] for role, fate in tried[0].items()]
    text = table(["target", "what becomes of it"], rows)
    if entry.type == "composition":
        text += "\nOf the layers in the example above; others do what they do alone."
    return text


def code(entry):
    """How the layer is called on a batch; runs the code, so that what is shown works."""
    strengths = pictures.arguments_at(entry, "street")
    call = _qualified(repr(entry.cls(**strengths[len(strengths) // 2])))
    if "<" in call:
        # A user's own function, which the example below defines.
        return "See the example below."
    images, masks = pictures.inputs(entry, "street")
    made = f'images = np.zeros({images.shape}, "uint8")\nmasks = np.zeros({masks.shape}, "uint8")'
    result = "views" if entry.cls is segaug.MultiView else "images, masks"
    text = f"""\
import numpy as np
import keras_segaug as ks

layer = {call}
{made}
{result} = layer((images, masks))
"""
    exec(compile(text, f"{entry.name}: code of its page", "exec"), {})
    return f"```python\n{text}```"


def _qualified(text):
    """With `ks.` before the names of the package."""
    return re.sub(rf"\b({'|'.join(segaug.__all__)})(?=\()", r"ks.\1", text)


def inherited(entry):
    """Where to find the arguments that the layer shares with others."""
    own = {"self", *own_arguments(entry.cls)}
    rows = []
    for base in entry.cls.__mro__[1:]:
        if getattr(segaug, base.__name__, None) is not base:
            continue
        link = f"[{base.__name__}][keras_segaug.{base.__name__}]"
        for name, parameter in own_arguments(base).items():
            if name not in own and parameter.kind is not parameter.VAR_KEYWORD:
                own.add(name)
                rows.append([f"`{name}`", f"`{parameter.default!r}`", link])
    if not rows:
        return ""
    shared = table(["argument", "default", "explained under"], rows)
    return '??? note "Arguments it shares with other layers"\n\n' + textwrap.indent(shared, "    ")


@cache
def known_equivalents():
    return tomllib.loads((DOCS / "equivalents.toml").read_text())


def equivalents(entry):
    found = known_equivalents().get(entry.name)
    if found is None:
        return "Nobody has compared this layer with other libraries yet."
    names = [" ".join(f"`{name}`" for name in found.get(key, [])) or "–" for key in LIBRARIES]
    return f"{table(list(LIBRARIES.values()), [names])}\n{found['differs']}"


@cache
def newest_results():
    """The most recent result of the benchmark on a CPU."""
    runs = [json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))]
    runs = [run for run in runs if run.get("kind") == "cpu" and "rows" in run]
    return max(runs, key=lambda run: run["machine"]["date"])


def cost(entry):
    """Milliseconds a pair, with those of the timed peers; or a note that it was not timed."""
    run = newest_results()
    row = run["rows"].get(f"layer:{entry.name}", {})
    timed = [key for key in PEERS if "median" in row.get(key, {})]
    if "segaug" not in timed:
        return "Not timed yet; `make bench` times it beside other libraries."
    machine, side = run["machine"], run["side"]
    figures = table([PEERS[key] for key in timed], [[cell(row, key) for key in timed]])
    return (
        f"{figures}\nMilliseconds an image of {side} × {side} × 3 with its mask, and how many "
        "times longer than keras_segaug; **bold** is faster. One core, each library in the form it "
        f"is usually called in; {machine['processor']}, {machine['date']}, `make bench`. "
        "[All rows, and what was timed](../benchmarks.md)."
    )
