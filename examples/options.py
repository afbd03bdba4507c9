"""Command-line options that the training examples share."""

import argparse
from pathlib import Path

HERE = Path(__file__).resolve().parent


def positive(text):
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {text}")
    return int(text)


def common_options(description, epochs, seeds):
    """A parser with these options."""
    parser = argparse.ArgumentParser(description=description.partition("\n")[0])
    parser.add_argument(
        "--data",
        type=Path,
        default=HERE / "data" / "ct",
        help="folder with images/*.png, masks/*.png of equal names and, optionally, classes.json",
    )
    parser.add_argument("--epochs", type=positive, default=epochs, help="(default: %(default)s)")
    parser.add_argument("--backend", choices=("tensorflow", "jax", "torch"), default="tensorflow")
    parser.add_argument("--seed", type=int, default=0, help="the first seed (default: 0)")
    parser.add_argument(
        "--seeds", type=positive, default=seeds, help="seeds to compare over (default: %(default)s)"
    )
    return parser
