"""How far files are from the files of the same names in another folder."""
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

import numpy as np
import tensor_file
import torch
from archive_cases import tensors_in


@dataclass
class Difference:
    """Largest difference of a file's numbers: absolute, and relative to the largest number of the same tensor."""

    absolute: float = 0.0
    relative: float = 0.0
    # Any other difference: names, shapes, texts.
    other: str = ""

    @property
    def small(self) -> bool:
        """Whether this is only float32 rounding in another order, which grows over the steps of a training."""
        return not self.other and self.relative < 1e-3

    def text(self) -> str:
        if self.other:
            return f"DIFFERS: {self.other}"
        return f"largest difference {self.absolute:.1e}, relative {self.relative:.1e}"


def numbers(path: Path) -> tuple[dict[str, np.ndarray], object]:
    """A file as arrays by name, and everything that is not a number."""
    if path.suffix == ".safetensors":
        return tensor_file.read(path)
    if path.suffix == ".json":
        arrays: dict[str, np.ndarray] = {}
        rest = dict(flat(json.loads(path.read_text()), "", arrays))
        return arrays, rest
    if path.suffix in (".pth", ".pt"):
        return {name: t.float().numpy() for name, t in tensors_in(torch.load(path, weights_only=False)).items()}, None
    return {"bytes": np.frombuffer(path.read_bytes(), np.uint8)}, None


def flat(value, name: str, arrays: dict[str, np.ndarray]) -> Iterator[tuple[str, object]]:
    """Puts the numbers of a JSON value into `arrays` and yields everything else."""
    if isinstance(value, (dict, list)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from flat(item, f"{name}/{key}", arrays)
    elif isinstance(value, (int, float)):
        arrays[name] = np.array(float(value))
    else:
        yield name, value


def compare(made: Path, expected: Path) -> Difference:
    (got, got_rest), (want, want_rest) = numbers(made), numbers(expected)
    if list(got) != list(want):
        return Difference(other=f"names {sorted(set(got) ^ set(want)) or 'in another order'}")
    if got_rest != want_rest:
        return Difference(other="metadata or texts")
    result = Difference()
    for name, array in want.items():
        if got[name].shape != array.shape:
            return Difference(other=f"{name}: shape {got[name].shape} for {array.shape}")
        if array.size == 0:
            continue
        apart = np.abs(got[name].astype(np.float64) - array.astype(np.float64)).max()
        result.absolute = max(result.absolute, apart)
        result.relative = max(result.relative, apart / max(1e-30, np.abs(array.astype(np.float64)).max()))
    return result


def report(written: list[str], out: Path, expected: Path) -> bool:
    """Prints a line a file; true when only rounding differs."""
    good = True
    for name in written:
        if not (expected / name).exists():
            print(f"{name}: not in {expected}")
            continue
        if (out / name).read_bytes() == (expected / name).read_bytes():
            print(f"{name}: the same bytes")
            continue
        difference = compare(out / name, expected / name)
        good = good and difference.small
        print(f"{name}: {difference.text()}")
    return good
