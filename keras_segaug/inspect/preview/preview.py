"""One HTML page with images, their draws, their masks and the drawn parameters."""

import base64
import io
import json
import zlib
from pathlib import Path

import numpy as np

from keras_segaug.core.describe import drawn_for
from keras_segaug.extras import needed
from keras_segaug.inspect.check import heading, stages
from keras_segaug.inspect.preview import view
from keras_segaug.inspect.preview.draws import Owner, arrays_of, batches_of, coded, draw

_TEMPLATE = Path(__file__).with_name("preview.html")


def preview_page(augmentation, pairs, draws, class_names=None, ignore_index=255, seed=0, size=384):
    """A self-contained HTML page.

    Args:
        augmentation: a layer of keras_segaug.
        pairs: [(name, image, mask)].
        draws: how many draws of each pair.
        class_names: names in the order of ids, or a mapping {id: name}.
        ignore_index: the class that is not trained on.
        seed: integer; the draws follow from it.
        size: larger images are shrunk so that their longer side has this many pixels, after
            augmentation and counting.

    Returns:
        The page as a string.
    """
    owner = Owner("preview", augmentation)
    batches = [batches_of(owner, image, mask)[0] for _, image, mask in pairs]
    originals = []
    for batch in batches:
        images, masks = arrays_of(owner, batch)
        originals.append((images, coded(augmentation, images, masks), None))
    columns = {"Original": originals}
    for number in range(1, draws + 1):
        columns[f"Draw {number}"] = draw(owner, augmentation, batches, seed, number)
    ranges, notes = _value_ranges(columns, size)
    ids = {
        column: [view.class_ids(owner, masks)[0] for _, masks, _ in entries]
        for column, entries in columns.items()
    }
    classes = _classes(ids, class_names, ignore_index)
    samples = [
        {
            "name": name,
            "images": [
                {
                    "title": column,
                    **_rendered(owner, entries[i][0][0], ids[column][i], ranges[column], size),
                    "mask": _packed(ids[column][i], classes, size),
                    "steps": _steps(augmentation, entries[i][2]),
                    "shares": view.shares(ids[column][i], ignore_index),
                }
                for column, entries in columns.items()
            ],
        }
        for i, (name, *_) in enumerate(pairs)
    ]
    data = {
        "heading": heading(augmentation, stages(augmentation)),
        "augmentation": augmentation.to_json(),
        "notes": notes,
        "classes": classes,
        "samples": samples,
    }
    return filled(_TEMPLATE.read_text(encoding="utf-8"), data)


def filled(template, data):
    # "<" could end the script element that holds the data, or start a comment in it.
    text = json.dumps(data, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
    return template.replace("__DATA__", text)


def _value_ranges(columns, size):
    """Which values are black and white in the originals and in the draws; notes about them."""
    ranges, notes = {}, [f"Images are shown with sides of at most {size} pixels."]
    drawn = [column for column in columns if column != "Original"]
    for what, members in (("Originals", ["Original"]), ("Draws", drawn)):
        arrays = [images for column in members for images, *_ in columns[column]]
        (low, high), guessed = view.value_range_of(arrays)
        ranges.update(dict.fromkeys(members, (low, high)))
        if guessed:
            notes.append(f"{what} are shown with {low:.3g} as black and {high:.3g} as white.")
    return ranges, notes


def _classes(ids, class_names, ignore_index):
    """Every class in the images; pixels without a class come last, with the id None."""
    present = {int(c) for column in ids.values() for mask in column for c in np.unique(mask)}
    nothing = present & {ignore_index, view.NO_CLASS}
    classes = [
        {
            "id": class_id,
            "name": view.name_of(class_names, class_id),
            "color": view.hexadecimal(view.color_of(class_id)),
            # The background, shown everywhere, would hide the image.
            "on": class_id != 0,
        }
        for class_id in sorted(present - nothing)
    ]
    if nothing:
        gray = view.hexadecimal(view.IGNORED_COLOR)
        classes.append({"id": None, "name": "ignored", "color": gray, "on": True})
    return classes


def _shrunk(shape, size):
    factor = min(1.0, size / max(shape))
    return [max(1, round(side * factor)) for side in shape]


def _rendered(owner, image, ids, value_range, size):
    pillow = needed(owner, "PIL.Image", "plot")
    levels = view.rgb(owner, image, value_range)
    gray = image.shape[-1] == 1
    rendered = pillow.fromarray(np.ascontiguousarray(levels[..., 0] if gray else levels))
    height, width = _shrunk(ids.shape, size)
    if (height, width) != ids.shape:
        rendered = rendered.resize((width, height), pillow.Resampling.LANCZOS)
    file = io.BytesIO()
    rendered.save(file, "PNG", optimize=True)
    data = base64.b64encode(file.getvalue()).decode()
    return {"image": f"data:image/png;base64,{data}", "height": height, "width": width}


def _packed(ids, classes, size):
    """Places in the list of classes, 16 bits each, deflated."""
    known = [entry["id"] for entry in classes if entry["id"] is not None]
    places = np.searchsorted(known, ids)
    found = np.isin(ids, known)
    places = np.where(found, places, len(known)).astype("<u2")
    rows, columns = (
        ((np.arange(count) + 0.5) * side / count).astype(int)
        for count, side in zip(_shrunk(ids.shape, size), ids.shape, strict=True)
    )
    deflated = zlib.compress(places[rows][:, columns].tobytes(), 9)
    return base64.b64encode(deflated).decode()


def _steps(augmentation, parameters):
    """What was drawn for the first sample of a batch, layer by layer."""
    if parameters is None:
        return []
    return [
        {"layer": name, "applied": acts, "values": [list(pair) for pair in told.items()]}
        for name, acts, told in drawn_for(augmentation, parameters, 0)
    ]
