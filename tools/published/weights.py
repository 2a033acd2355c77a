"""Makes a whole ViT-L/14 and adapters up from a seed, in the files that the published program reads.

    python3 tools/published/weights.py OUT --seed 5

ViT-L-14-336px.pt is a TorchScript archive in the precisions of OpenAI's file. text_adapter.pth and image_adapter_20.pth
are adapters to test. start/text_adapter.pth and start/image_adapter.pth, with no epoch done, are for training to go on
from.
"""
import argparse
import re
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent.parent / "goldens"))
from adapters import adapter_specs  # noqa: E402
from clip import SIZES, made_up, weight_specs  # noqa: E402

MODEL = "ViT-L-14-336"
RATES = {"text": 1e-5, "image": 5e-4}


def stored(name: str, value: torch.Tensor) -> torch.Tensor:
    """Matrices of layers and their biases in half precision; norms, embeddings and positions as they are."""
    return value.half() if re.search(r"conv1|c_fc|[._]proj", name) else value


def archive(weights: dict[str, torch.Tensor]) -> torch.jit.ScriptModule:
    """A module that holds these weights under their names; it computes nothing."""
    root = torch.nn.Module()
    for name, value in weights.items():
        *path, last = name.split(".")
        module = root
        for part in path:
            if part not in module._modules:
                module.add_module(part, torch.nn.Module())
            module = module._modules[part]
        module.register_parameter(last, torch.nn.Parameter(value, requires_grad=False))
    for name, number in (("input_resolution", 336), ("context_length", 77), ("vocab_size", 49408)):
        root.register_buffer(name, torch.tensor(number))
    return torch.jit.script(root)


def checkpoint(file: Path, part: str, epoch: int, adapters: dict[str, torch.Tensor]) -> None:
    """Writes what train.py keeps of a part; the optimizer has done no step."""
    prefix = f"{part}_adapter."
    own = {name.removeprefix(prefix): value for name, value in adapters.items() if name.startswith(prefix)}
    optimizer = torch.optim.Adam([torch.nn.Parameter(value) for value in own.values()], RATES[part], (0.5, 0.999))
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"epoch": epoch, f"{part}_adapter": own, f"{part}_optimizer": optimizer.state_dict()}, file)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    weights = made_up(weight_specs(SIZES[MODEL]), options.seed)
    archive({name: stored(name, value) for name, value in weights.items()}).save(str(options.out / f"{MODEL}px.pt"))
    adapters = made_up(adapter_specs(SIZES[MODEL]), options.seed + 1)
    checkpoint(options.out / "text_adapter.pth", "text", 5, adapters)
    checkpoint(options.out / "image_adapter_20.pth", "image", 20, adapters)
    checkpoint(options.out / "start/text_adapter.pth", "text", 0, adapters)
    checkpoint(options.out / "start/image_adapter.pth", "image", 0, adapters)
    print(f"{options.out}: {MODEL}px.pt and adapters, seed {options.seed}")


if __name__ == "__main__":
    main()
