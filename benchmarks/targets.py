"""The target figures, computed from one result."""

from benchmarks.work import (
    CHAIN,
    CHAIN_FLOAT,
    CROP,
    CROP_AIMED,
    CROP_SHARE,
    ONE_LAYER,
    SIX_LAYERS,
)

# (what, row and contender, divided by row and contender, "at most" or "at least", goal).
# With float32 out, the peer's time is that of its uint8 chain, without a conversion.
GOALS = (
    (
        "chain, uint8: keras_segaug / Albumentations",
        (CHAIN, "segaug"),
        (CHAIN, "albumentations"),
        "at most",
        0.4,
    ),
    (
        "chain, float32: keras_segaug / Albumentations' uint8 chain",
        (CHAIN_FLOAT, "segaug"),
        (CHAIN, "albumentations"),
        "at most",
        0.6,
    ),
    (
        "chain, uint8: Keras' layers / keras_segaug",
        (CHAIN, "keras"),
        (CHAIN, "segaug"),
        "at least",
        15,
    ),
    (
        "chain, float32: Keras' layers / keras_segaug",
        (CHAIN_FLOAT, "keras"),
        (CHAIN_FLOAT, "segaug"),
        "at least",
        10,
    ),
    (
        "chain, uint8: torchvision v2 / keras_segaug",
        (CHAIN, "torchvision"),
        (CHAIN, "segaug"),
        "at least",
        10,
    ),
    (
        "chain, uint8: Kornia / keras_segaug",
        (CHAIN, "kornia"),
        (CHAIN, "segaug"),
        "at least",
        8,
    ),
    (
        "elastic: keras_segaug / AlbumentationsX",
        ("elastic", "segaug"),
        ("elastic", "albumentationsx"),
        "at most",
        1,
    ),
    (
        "elastic: Keras' layer / keras_segaug",
        ("elastic", "keras"),
        ("elastic", "segaug"),
        "at least",
        300,
    ),
    (
        "keras_segaug: six geometric layers / one",
        (SIX_LAYERS, "segaug"),
        (ONE_LAYER, "segaug"),
        "at most",
        1.25,
    ),
    (
        "chain, uint8: eager batch, TensorFlow / tf.data",
        (CHAIN, "segaug-eager"),
        (CHAIN, "segaug"),
        "at most",
        1.3,
    ),
    (
        "chain, uint8: eager batch, JAX / tf.data",
        (CHAIN, "segaug-jax"),
        (CHAIN, "segaug"),
        "at most",
        1.3,
    ),
    (
        "chain, uint8: inside fit / tf.data",
        (CHAIN, "segaug-fit"),
        (CHAIN, "segaug"),
        "at most",
        1.3,
    ),
    (
        "keras_segaug, eager batch: a crop aimed at classes / a plain one",
        (CROP_AIMED, "segaug-eager"),
        (CROP, "segaug-eager"),
        "at most",
        2,
    ),
    (
        "keras_segaug, eager batch: a crop that no class may fill / a plain one",
        (CROP_SHARE, "segaug-eager"),
        (CROP, "segaug-eager"),
        "at most",
        2,
    ),
)


def targets(result):
    """(what, found, "at most" or "at least", goal, reached) for all goals in this result."""
    found = []
    for what, above, below, word, goal in GOALS:
        times = [
            result["rows"].get(row, {}).get(name, {}).get("median") for row, name in (above, below)
        ]
        if None in times or times[1] <= 0:
            continue
        value = times[0] / times[1]
        found.append(
            (what, value, word, goal, value <= goal if word == "at most" else value >= goal)
        )
    chain, chain_float = (result["rows"].get(row, {}) for row in (CHAIN, CHAIN_FLOAT))
    memory = "peak memory of a batch of 16 on JAX / its input and output"
    more = (
        (
            "chain, uint8: keras_segaug's first call with tracing and compiling, seconds",
            chain.get("segaug", {}).get("first_call"),
            3.0,
        ),
        (
            "importing keras_segaug after keras, milliseconds",
            result.get("import_milliseconds"),
            50.0,
        ),
        (f"chain, uint8: {memory}", chain.get("segaug-jax", {}).get("memory"), 3.0),
        (f"chain, float32: {memory}", chain_float.get("segaug-jax", {}).get("memory"), 3.0),
    )
    found += [
        (what, value, "at most", goal, value <= goal)
        for what, value, goal in more
        if value is not None
    ]
    return found
