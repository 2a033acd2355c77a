"""One run of the generator: where it writes, which seed it uses, and what all cases do the same way."""
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Mapping

import tensor_file
import torch
from synth import synth
from torch import Tensor


@dataclass
class Job:
    out: Path
    # Cases that compute from files made once (pictures, lists of inputs) read those here.
    goldens: Path
    seed: int
    written: list[str] = field(default_factory=list)

    @property
    def base(self) -> int:
        """The base that the seeds of single tensors are counted from."""
        return 1000 * self.seed

    def path(self, name: str) -> Path:
        """The path for a file of this name, which then counts as written."""
        self.written.append(name)
        path = self.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def noise(self, name: str, shape, std: float = 1.0, mean: float = 0.0, dtype=torch.float32) -> Tensor:
        return torch.from_numpy(synth(self.base, name, tuple(shape), std, mean)).to(dtype)

    def save(self, name: str, tensors: Mapping[str, object], **metadata) -> None:
        """Writes a case, with the seed as its last metadata."""
        tensor_file.write(self.path(f"{name}.safetensors"), tensors, {**metadata, "seed": self.seed})

    def save_json(self, name: str, value, **style) -> None:
        self.path(f"{name}.json").write_text(json.dumps(value, **style))

    def listed(self, name: str):
        """A JSON file of inputs and results, to take the inputs from."""
        return json.loads((self.goldens / f"{name}.json").read_text())


Case = Callable[[Job], None]
