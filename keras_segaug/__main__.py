"""The commands: `python -m keras_segaug check ...` and `python -m keras_segaug preview ...`."""

import argparse
import sys

FILE_HELP = "a .json file (see `Pipeline.to_json`) or a .keras file"


def main(arguments=None):
    options = parser().parse_args(arguments)
    try:
        options.command(options)
    except (ImportError, OSError, TypeError, ValueError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    return 0


def parser():
    top = argparse.ArgumentParser(
        prog="python -m keras_segaug", description="Look at an augmentation before training."
    )
    commands = top.add_subparsers(title="commands", required=True)
    _add_check(commands)
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


def check(options):
    from keras_segaug.inspect.check import report
    from keras_segaug.inspect.files import load_augmentation, load_augmentations

    if options.layer is None:
        found = load_augmentations(options.file).values()
    else:
        found = [load_augmentation(options.file, options.layer)]
    print(
        *(report(layer, options.shape, options.mask_shape) for layer in found),
        sep="\n\n",
    )


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
