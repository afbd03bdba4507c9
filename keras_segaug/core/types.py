"""Types of what users pass in and get back."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

# A number, or the ends of a range.
Range: TypeAlias = float | Sequence[float]
# The lowest and the highest value; None: what is known of the images decides.
ValueRange: TypeAlias = Sequence[float] | None
ClassNames: TypeAlias = Sequence[str] | Mapping[str, int]
ClassSwap: TypeAlias = Mapping[int | str, int | str] | Sequence[Sequence[int | str]]
Targets: TypeAlias = Mapping[str | int, str]
# Images, or any accepted structure of images, masks and what goes with them.
Data: TypeAlias = Any
Tensor: TypeAlias = Any
Parameters: TypeAlias = dict[str, Any]
# Two words, or a pair of words for each sample, or an integer.
Key: TypeAlias = Any
