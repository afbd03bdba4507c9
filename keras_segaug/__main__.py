"""The commands: `python -m keras_segaug check ...` and `python -m keras_segaug preview ...`."""

import argparse
import os
import sys
from pathlib import Path

FILE_HELP = "a .json file (see `Pipeline.to_json`) or a .keras file"


def main(arguments=None):
    options = parser().parse_args(arguments)
    try:
        try:
            options.command(options)
        finally:
            _flush()
    except (ImportError, OSError, TypeError, ValueError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    except MemoryError as error:
        print(f"Error: not enough memory: {error}", file=sys.stderr)
        return 2
    return 0


def _flush():
    """Writes what `print` has kept, while an error can still be told."""
    try:
        sys.stdout.flush()
    except OSError as error:
        # Python would try again when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return  # Whoever reads, such as `head`, has seen enough.
        raise OSError(f"the output could not be written: {error.strerror}") from error


def parser():
    top = argparse.ArgumentParser(
        prog="python -m keras_segaug", description="Look at an augmentation before training."
    )
    commands = top.add_subparsers(title="commands", required=True)
    _add_check(commands)
    _add_preview(commands)
    return top


def _add_check(commands):
    about = "load an augmentation; list its merged stages, what is compiled, the output shapes"
    command = commands.add_parser("check", help=about, description=about)
    command.add_argument("file", help=FILE_HELP)
    command.add_argument("--layer", help="of several augmentations in a model, only this one")
    command.add_argument(
        "--shape",
        type=shape,
        default="512,512,3",
        help="the images' shape, as 512,512,3; ? where it is not known (default: 512,512,3)",
    )
    command.add_argument(
        "--mask-shape", type=shape, help="the masks' shape (default: one class id a pixel)"
    )
    command.set_defaults(command=check)


def _add_preview(commands):
    about = "write one HTML page: pairs from two folders, draws of them, masks, parameters"
    command = commands.add_parser("preview", help=about, description=about)
    for option, about in (
        ("--images", "the folder of images"),
        ("--masks", "the folder of masks, of the same names"),
        ("--pipeline", FILE_HELP),
        ("--output", "the page to write, such as page.html"),
    ):
        command.add_argument(option, required=True, help=about)
    command.add_argument("--layer", help="of several augmentations in a model, this one")
    for role in ("image", "mask"):
        command.add_argument(f"--{role}-suffix", default="", help=f"the end of the {role}s' stems")
    for option, choices, about in (
        ("--palette", ("file", "voc", "cityscapes", "ade20k"), "what the colors of masks mean"),
        ("--exif-orientation", ("apply", "ignore"), "whether to turn photos as their tag says"),
    ):
        command.add_argument(option, choices=choices, help=f"{about}, as the loader has it")
    command.add_argument(
        "--class-names",
        type=class_names,
        help="background,road,... in the order of their ids, or a text file with one a line",
    )
    for option, default, about in (
        ("--count", 8, "how many pairs to show"),
        ("--draws", 4, "how many draws of each"),
        ("--size", 384, "longer sides are shrunk to this many pixels"),
    ):
        command.add_argument(
            option, type=positive, default=default, help=f"{about} (default: {default})"
        )
    command.add_argument("--seed", type=int, default=0, help="of the draws (default: 0)")
    command.add_argument(
        "--ignore-index", type=int, default=255, help="the class not trained on (default: 255)"
    )
    command.set_defaults(command=preview)


def check(options):
    from keras_segaug.inspect.check import report
    from keras_segaug.inspect.preview.files import load_augmentation, load_augmentations

    if options.layer is None:
        found = load_augmentations(options.file).values()
    else:
        found = [load_augmentation(options.file, options.layer)]
    print(
        *(report(layer, options.shape, options.mask_shape) for layer in found),
        sep="\n\n",
    )


def preview(options):
    from keras_segaug.data.problems import readable
    from keras_segaug.inspect.preview.files import load_augmentation
    from keras_segaug.inspect.preview.pairs import read_pairs
    from keras_segaug.inspect.preview.preview import preview_page

    output = Path(options.output)
    if not output.absolute().parent.is_dir():
        raise FileNotFoundError(f"--output: there is no folder {output.absolute().parent}.")
    augmentation = load_augmentation(options.pipeline, options.layer)
    pairs = read_pairs(
        "preview",
        options.images,
        options.masks,
        options.count,
        options.image_suffix,
        options.mask_suffix,
        options.palette,
        options.exif_orientation,
    )
    page = preview_page(
        augmentation,
        pairs,
        options.draws,
        class_names=options.class_names,
        ignore_index=options.ignore_index,
        seed=options.seed,
        size=options.size,
    )
    write(output, page)
    size = f"{len(page) / 1e6:.1f} MB"
    shown = f"{len(pairs)} pairs, {options.draws} draws of each, {size}"
    print(f"Wrote {readable(options.output)}: {shown}")


def write(path, text):
    """Writes a text file in full or not at all; to a pipe or a device, directly."""
    from keras_segaug.files import written_in_full

    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8")
        return
    with written_in_full("preview", path) as beside:
        beside.write_text(text, encoding="utf-8")


def class_names(text):
    try:
        # A list may be longer than a file name can be.
        if "," in text or not os.path.isfile(text):
            return text.split(",")
        return Path(text).read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise argparse.ArgumentTypeError(f"{text}: not a text in UTF-8: {error}") from error
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{text}: cannot be read: {error}") from error


def positive(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {text}")
    return int(text)


def shape(text):
    """(512, None, 3) from "512,?,3"."""
    try:
        sizes = tuple(None if part.strip() == "?" else int(part) for part in text.split(","))
    except ValueError:
        sizes = ()
    if not 2 <= len(sizes) <= 4 or any(size is not None and size < 1 for size in sizes):
        raise argparse.ArgumentTypeError(f"must be such as 512,512,3 or ?,?,3, not {text!r}")
    return sizes


if __name__ == "__main__":
    sys.exit(main())
