"""The target figures, computed from one result; the gain of several cores from two."""

from benchmarks.contenders import REFERENCE, is_peer
from benchmarks.figures import ratio, rounded
from benchmarks.work import (
    CHAIN,
    CHAIN_FLOAT,
    CROP,
    CROP_AIMED,
    CROP_SHARE,
    IDENTITY,
    ONE_LAYER,
    SIX_LAYERS,
    title,
)

MOST, LEAST = "at most", "at least"
EAGER = "keras_segaug, eager batch"
# (what, row and contender, divided by row and contender, "at most" or "at least", goal).
GOALS = (
    (
        "chain, uint8: keras_segaug / Albumentations",
        (CHAIN, REFERENCE),
        (CHAIN, "albumentations"),
        MOST,
        0.6,
    ),
    (
        f"chain, uint8: {EAGER}, torch / Kornia",
        (CHAIN, "segaug-torch"),
        (CHAIN, "kornia"),
        MOST,
        0.5,
    ),
    (
        f"chain, uint8: {EAGER}, torch / Kornia, compiled",
        (CHAIN, "segaug-torch"),
        (CHAIN, "kornia-compiled"),
        MOST,
        0.8,
    ),
    (
        f"chain, uint8: {EAGER}, torch / TensorFlow",
        (CHAIN, "segaug-torch"),
        (CHAIN, "segaug-eager"),
        MOST,
        6,
    ),
    (
        f"chain, uint8: {EAGER}, JAX / TensorFlow",
        (CHAIN, "segaug-jax"),
        (CHAIN, "segaug-eager"),
        MOST,
        1.2,
    ),
    (
        "elastic: keras_segaug / AlbumentationsX",
        ("elastic", REFERENCE),
        ("elastic", "albumentationsx"),
        MOST,
        1,
    ),
    (
        "elastic: Keras' layer / keras_segaug",
        ("elastic", "keras"),
        ("elastic", REFERENCE),
        LEAST,
        300,
    ),
    (
        "keras_segaug: six geometric layers / one",
        (SIX_LAYERS, REFERENCE),
        (ONE_LAYER, REFERENCE),
        MOST,
        1.25,
    ),
    (
        f"{EAGER}: a crop aimed at classes / a plain one",
        (CROP_AIMED, "segaug-eager"),
        (CROP, "segaug-eager"),
        MOST,
        2,
    ),
    (
        f"{EAGER}: a crop that no class may fill / a plain one",
        (CROP_SHARE, "segaug-eager"),
        (CROP, "segaug-eager"),
        MOST,
        2,
    ),
)
# The cheap layers, and how many milliseconds each may add to the dataset alone.
CHEAP = ("flip", CROP, "layer:ImageOnlyBrightness")
CHEAP_MOST = 0.15
# Where our time is longer than this, nobody may be more than so many times faster.
LONG, FASTEST_MOST = 0.3, 2.0


def median(result, row, name):
    return result["rows"].get(row, {}).get(name, {}).get("median")


def judged(what, value, word, goal):
    return what, value, word, goal, value <= goal if word == MOST else value >= goal


def targets(result, one=None):
    """(what, found, "at most" or "at least", goal, reached) for all goals in this result.

    `one` is the result of one core, beside which that of several is judged.
    """
    if result["threads"] > 1:
        return of_cores(result, one)
    found = []
    for what, above, below, word, goal in GOALS:
        times = [median(result, *key) for key in (above, below)]
        if None not in times and times[1] > 0:
            found.append(judged(what, times[0] / times[1], word, goal))
    return [*found, *above_identity(result), *beside_others(result), *single_figures(result)]


def of_cores(result, one):
    """The goals of several cores."""
    cores = f"{result['threads']} cores"
    ours = median(result, CHAIN, REFERENCE)
    before = median(one, CHAIN, REFERENCE) if one else None
    peer = median(result, CHAIN, "albumentations-map")
    found = []
    if ours and before:
        what = f"chain, uint8: keras_segaug on one core / on {cores}"
        found.append(judged(what, before / ours, LEAST, 1.7))
    if ours and peer:
        what = f"chain, uint8, {cores}: keras_segaug / Albumentations in tf.data"
        found.append(judged(what, ours / peer, MOST, 0.6))
    return found


def above_identity(result):
    floor = median(result, IDENTITY, REFERENCE)
    times = {row: median(result, row, REFERENCE) for row in CHEAP}
    return [
        judged(
            f"{title(row)}: milliseconds above the dataset alone", time - floor, MOST, CHEAP_MOST
        )
        for row, time in times.items()
        if floor is not None and time is not None
    ]


def shares(result):
    """[(goal in words, goal, {row: our time divided by theirs}, the largest first)]."""
    fastest, keras = {}, {}
    for row, results in result["rows"].items():
        found = {name: ratio(results, REFERENCE, name) for name in results if is_peer(name)}
        found = {name: share for name, share in found.items() if share is not None}
        if found and median(result, row, REFERENCE) > LONG:
            fastest[row] = max(found.values())
        if "keras" in found:
            keras[row] = found["keras"]
    return [
        (what, goal, dict(sorted(found.items(), key=lambda pair: -pair[1])))
        for what, goal, found in (
            (f"every row over {LONG} ms: keras_segaug / the fastest peer", FASTEST_MOST, fastest),
            ("every row: keras_segaug / Keras' layer", 1.0, keras),
        )
        if found
    ]


def beside_others(result):
    """The worst row beside the fastest peer and beside Keras' layers."""
    return [
        judged(f"{what}, the worst of {len(found)} rows", next(iter(found.values())), MOST, goal)
        for what, goal, found in shares(result)
    ]


def misses(result):
    """The rows that miss these two goals, in words: a line each for a goal that is missed."""
    lines = []
    for what, goal, found in shares(result):
        rows = [f"{title(row)} {rounded(share)}" for row, share in found.items() if share > goal]
        if rows:
            lines.append(f"- {what}, {MOST} {goal:g}, is missed by {len(rows)}: {', '.join(rows)}.")
    return lines


def single_figures(result):
    chain, chain_float = (result["rows"].get(row, {}) for row in (CHAIN, CHAIN_FLOAT))
    memory = "peak memory of a batch of 16 on JAX / its input and output"
    figures = (
        (
            "chain, uint8: keras_segaug's first call with tracing and compiling, seconds",
            chain.get(REFERENCE, {}).get("first_call"),
            1.5,
        ),
        (
            "importing keras_segaug after keras, milliseconds",
            result.get("import_milliseconds"),
            50.0,
        ),
        (
            "chain, uint8, 512×512: a later pass to its first element, milliseconds",
            result.get("later_pass_milliseconds"),
            50.0,
        ),
        (f"chain, uint8: {memory}", chain.get("segaug-jax", {}).get("memory"), 3.0),
        (f"chain, float32: {memory}", chain_float.get("segaug-jax", {}).get("memory"), 3.0),
    )
    return [judged(what, value, MOST, goal) for what, value, goal in figures if value is not None]
