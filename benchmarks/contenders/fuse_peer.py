"""fuse-augmentations, which turns a chain of Kornia's transforms into one warp."""

import kornia.augmentation as K  # noqa: N812
import torch
from fuse_augmentations import Compose

from benchmarks import work
from benchmarks.contenders import kornia_peer
from benchmarks.work import AbsentError, Job

packages = ("torch", "kornia", "fuse-augmentations")
ROWS = ("flip", "affine", work.CHAIN, work.CHAIN_FLOAT, work.CHAIN_NINE, work.CHAIN_16)


def chain():
    # It fuses ColorJitter, and refuses ColorJiggle and, beside a mask, most of what it cannot fuse.
    color = K.ColorJitter(brightness=work.BRIGHTNESS, contrast=work.CONTRAST, p=1.0)
    return [kornia_peer.flip(), kornia_peer.all_in_one(), color]


def make_sequence(row, side):
    if row in ROWS[2:]:
        transforms = chain()
    elif row in ROWS or row.startswith("layers:"):
        transforms = work.parts(row, side, kornia_peer.geometry, kornia_peer.MAKERS)
    else:
        raise AbsentError("not fused")
    # Masks are sampled as nearest; the borders are said once, for the one warp.
    return Compose(transforms, padding_mode="reflection", data_keys=["input", "mask"])


def prepare(task, variant, threads):
    torch.set_num_threads(threads)
    sequence = make_sequence(task.row, task.side)
    batch = task.batch or kornia_peer.BATCH
    images, masks = kornia_peer.batch_of(task, batch)
    largest, float_out = task.value_range[1], task.row == work.CHAIN_FLOAT

    @torch.inference_mode()
    def run(count):
        for _ in range(count // batch):
            kornia_peer.augment(sequence, images, masks, largest, float_out)

    return Job(run, batch)
