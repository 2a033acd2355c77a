"""Cases `pth.*` and `archives`: files that torch itself writes, and what is in them."""
from functools import partial

import tensor_file
import torch
from adapters import adapter_specs
from clip import SIZES, made_up
from job import Case, Job


def checkpoint(part: str, job: Job) -> None:
    """The adapters of one tower after a step of Adam on their squares, as the published program saves them."""
    prefix = f"{part}_adapter."
    everything = made_up(adapter_specs(SIZES["tiny"]), job.base + 11)
    weights = {name.removeprefix(prefix): w for name, w in everything.items() if name.startswith(prefix)}
    adam = torch.optim.Adam([w.requires_grad_() for w in weights.values()], lr=1e-3, betas=(0.5, 0.999))
    sum(w.square().sum() for w in weights.values()).backward()
    adam.step()
    weights = {name: w.detach() for name, w in weights.items()}
    file = f"{part}_adapter.tiny.pth"
    # As text: torch names the folder inside the archive after the file, but only if the file is given by name.
    torch.save({"epoch": 3, f"{part}_adapter": weights, f"{part}_optimizer": adam.state_dict()}, str(job.path(file)))
    job.save(f"pth.{part}_adapter.tiny", weights, file=file)


def tensors_in(value, name: str = "") -> dict[str, torch.Tensor]:
    """Tensors of a loaded file by their paths; a module is replaced by its state."""
    if isinstance(value, torch.nn.Module):
        value = value.state_dict()
    if isinstance(value, torch.Tensor):
        return {name: value}
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, (list, tuple)) else ()
    found: dict[str, torch.Tensor] = {}
    for key, item in items:
        found |= tensors_in(item, f"{name}.{key}" if name else str(key))
    return found


def archives(job: Job) -> None:
    """
    The contents, as float32, of two archives that were made once: every kind of tensor and view, and TorchScript. The
    tensors of the first are also in `legacy.pth`, which was saved with `_use_new_zipfile_serialization=False`.
    """
    # Modules are objects, not only tensors: newer versions refuse them by default.
    state = torch.load(job.goldens / "archives/state_dict.pth", weights_only=False)
    script = torch.jit.load(job.goldens / "archives/torchscript.pt").state_dict()
    for name, found in (("state_dict", tensors_in(state)), ("torchscript", dict(script))):
        path = job.goldens / f"archives/{name}.safetensors"
        listed, metadata = tensor_file.read(path)
        tensors = {key: found[key].float().reshape(listed[key].shape) for key in listed}
        tensor_file.write(job.path(f"archives/{name}.safetensors"), tensors, metadata)


CASES: dict[str, Case] = {
    **{f"pth.{part}_adapter.tiny": partial(checkpoint, part) for part in ("text", "image")},
    "archives": archives,
}
