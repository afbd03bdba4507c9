"""torch's `DistributedDataParallel`: layers in the dataset, in `collate_fn` and in the module.

    KERAS_BACKEND=torch python -m examples.scale.torch_ddp

starts two ranks on this machine, twice, and checks their results. Under `torchrun
--nproc-per-node 2 -m examples.scale.torch_ddp` the ranks check what a single run can show.
"""

import contextlib
import pickle
import tempfile
from datetime import timedelta
from pathlib import Path

import numpy as np

try:
    import torch
    import torch.distributed as dist
except ImportError:
    raise SystemExit("This script needs torch: pip install torch") from None
import keras
from torch.nn.functional import cross_entropy
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, Dataset, DistributedSampler

import keras_segaug as ks
from examples.scale.common import augmentation, check_pairs, fingerprint, records

SEED, EPOCHS, RANKS, RECORDS = 7, 2, 2, 45  # Odd, so the sampler gives one record to both.


class Pairs(Dataset):
    """Numbered records; with a layer, each is augmented by a key of seed, epoch and number."""

    def __init__(self, layer=None):
        self.layer = layer
        self.numbers, self.images, self.masks = records(RECORDS)
        # In shared memory, so that workers that outlive an epoch see it change.
        self.epoch = torch.zeros((), dtype=torch.int64).share_memory_()

    def __len__(self):
        return RECORDS

    def __getitem__(self, index):
        number, pair = int(self.numbers[index]), (self.images[index], self.masks[index])
        if self.layer is None:
            return number, *pair
        key = ks.random.fold_in(ks.random.key(SEED, int(self.epoch)), number)
        (image, mask), drawn = self.layer.augment(pair, key, return_parameters=True)
        return number, image, mask, drawn_by(drawn)[0]


def collate_with(layer):
    """A `collate_fn` that augments whole batches, with the layer's own stream."""

    def collate(samples):
        numbers, *pairs = (np.stack(part) for part in zip(*samples, strict=True))
        (images, masks), drawn = layer(*pairs, return_parameters=True)
        return torch.as_tensor(numbers), images, masks, drawn_by(drawn)

    return collate


class Network(torch.nn.Module):
    """Augments on the device, then predicts a class for each pixel."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer
        self.scores = torch.nn.Linear(3, 4)

    def forward(self, images, masks):
        (images, masks), drawn = self.layer(images, masks, return_parameters=True)
        return self.scores(images / 255.0), images, masks, drawn_by(drawn)


def drawn_by(parameters):
    """What each sample drew, as text."""
    arrays = [np.asarray(each) for each in keras.tree.flatten(parameters["layers"])]
    return [" ".join(str(each[i]) for each in arrays) for i in range(len(arrays[0]))]


def batches(pairs, collate=None, **place):
    """(epoch, batch) of this rank. Without `set_epoch` all epochs have the order of the first."""
    sampler = DistributedSampler(pairs, seed=SEED, **place)
    # Forks start at once, and are safe with Keras on torch; `spawn` imports everything again.
    how = {"num_workers": 2, "persistent_workers": True, "multiprocessing_context": "fork"}
    loader = DataLoader(pairs, 8, sampler=sampler, collate_fn=collate, timeout=60.0, **how)
    for epoch in range(EPOCHS):
        sampler.set_epoch(epoch)
        pairs.epoch.fill_(epoch)
        yield from ((epoch, *batch) for batch in loader)


def rows(augmented):
    """(epoch, number, what it drew, its pixels) of batches, after checking their pairs."""
    for epoch, numbers, images, masks, drawn in augmented:
        check_pairs(images, masks)
        pairs = zip(numbers.tolist(), drawn, images, masks, strict=True)
        yield from ((epoch, number, each, fingerprint(*pair)) for number, each, *pair in pairs)


def train(layer):
    """Batches that the layer augmented in the module, which trains on them."""
    # Built before it is wrapped, so that DDP copies its state, including the seed, from rank 0.
    layer(*(each[:1] for each in records(1)[1:]))
    network = DistributedDataParallel(Network(layer))
    optimizer, losses = torch.optim.Adam(network.parameters(), 0.05), []
    for epoch, numbers, images, masks in batches(Pairs()):
        scores, images, masks, drawn = network(images, masks)
        loss = cross_entropy(scores.movedim(-1, 1), masks.long(), ignore_index=255)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        yield epoch, numbers, images, masks, drawn
    weights = of_all([each.tolist() for each in network.module.scores.parameters()])
    must(all(each == weights[0] for each in weights), "The ranks have other weights.")
    must(losses[-1] < losses[0], f"The loss went from {losses[0]} to {losses[-1]}.")


def must(holds, otherwise):
    if not holds:
        raise AssertionError(otherwise)


def of_all(found):
    everybody = [None] * dist.get_world_size()
    dist.all_gather_object(everybody, found)
    return everybody


def check_same_layers(layer):
    """Refuses to start if a rank has other layers, another seed or version than rank 0."""
    made = of_all(layer.fingerprint())
    other = [rank for rank, each in enumerate(made) if each != made[0]]
    if other:
        who = f"Ranks {other} have other layers, seeds or versions of the package than rank 0"
        raise ValueError(f"{who}: start all from one config. Rank {dist.get_rank()}: {layer!r}")


def check_apart(where, ranks):
    """{(epoch, number): pixels}; no two records may draw the same, and none may be missing."""
    owners = {}
    for rank, found in enumerate(ranks):
        must(len(found) == EPOCHS * -(-RECORDS // len(ranks)), f"{where}: {len(found)} samples.")
        for i, (epoch, number, drawn, _) in enumerate(found):
            # With keys, a record that the sampler repeats gives the same again.
            mine = epoch, number, "" if where == "__getitem__" else f"{i} of rank {rank}"
            other = owners.setdefault(drawn, mine)
            must(other == mine, f"{where}: epoch, record, sample {other} and {mine} drew alike.")
    by_number = {row[:2]: row[3] for found in ranks for row in found}
    must(len(by_number) == RECORDS * EPOCHS, f"{where}: records are missing.")
    return by_number


def be_a_rank(rank, file):
    """Runs all checks; rank 0 writes to the file what the same seed must give again."""
    place = {"init_method": f"file://{file}.group", "rank": rank, "world_size": RANKS}
    dist.init_process_group("gloo", timeout=timedelta(seconds=60), **(place if file else {}))
    # The same on all ranks, like the layers' seeds: only their numbers distinguish the ranks.
    torch.manual_seed(SEED)
    check_same_layers(augmentation())
    with contextlib.suppress(ValueError):
        check_same_layers(ks.JointRandomFlip(seed=dist.get_rank()))
        raise AssertionError("Ranks with other seeds were not refused.")
    ways = {
        "__getitem__": of_all([*rows(batches(Pairs(augmentation())))]),
        "collate_fn": of_all([*rows(batches(Pairs(), collate_with(augmentation())))]),
        "module": of_all([*rows(train(augmentation()))]),
    }
    dist.destroy_process_group()
    keyed, *_ = [check_apart(where, ranks) for where, ranks in ways.items()]
    if file and rank == 0:
        file.write_bytes(pickle.dumps((keyed, ways)))


def main():
    with tempfile.TemporaryDirectory() as folder:
        for file in (files := [Path(folder, run) for run in "ab"]):
            # If one rank fails, the other is killed; if one hangs, its timeouts end it.
            torch.multiprocessing.spawn(be_a_rank, (file,), RANKS)
        first, second = (pickle.loads(file.read_bytes()) for file in files)
    print("all ranks have the same layers and seed; others are refused")
    print("in __getitem__, in collate_fn and in the module: pairs are exact, dtypes are kept")
    print("no two ranks, workers or epochs draw the same")
    print("the module was trained: the loss is lower, all ranks have the same weights")
    must(first == second, "The same seed gave something else.")
    print("the same seed gives the same again, with and without keys")
    alone = [*rows(batches(Pairs(augmentation()), num_replicas=1, rank=0))]
    must(check_apart("__getitem__", [alone]) == first[0], "One rank gave something else than two.")
    print("keys: one rank gives each record what two gave it")


if __name__ == "__main__":
    if keras.backend.backend() != "torch":
        raise SystemExit("Set KERAS_BACKEND=torch in the environment.")
    be_a_rank(None, None) if dist.is_torchelastic_launched() else main()
