"""Runs the published program as it is, on a processor, with packages that are missing here replaced.

    python3 tools/published/run.py PROGRAM test.py --weights FILE --data DIR --scores FILE -- --dataset BTAD ...

PROGRAM is a clone of the published program. What follows "--" are its own options. README.md lists everything that is
different from running it by hand.
"""
import argparse
import importlib.util
import os
import shutil
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
import torch.nn.functional as F


def gaussian_blur2d(x: torch.Tensor, size: tuple[int, int], sigma: tuple[float, float]) -> torch.Tensor:
    """Kornia's blur of [B, 1, H, W]: one pass along each axis, with reflected borders and normalised taps."""
    taps = torch.arange(size[0], dtype=x.dtype) - size[0] // 2
    taps = torch.exp(-(taps**2) / (2 * sigma[0] ** 2))
    taps = (taps / taps.sum()).reshape(1, 1, 1, -1)
    reach = size[0] // 2
    x = F.conv2d(F.pad(x, (reach, reach, 0, 0), mode="reflect"), taps)
    return F.conv2d(F.pad(x, (0, 0, reach, reach), mode="reflect"), taps.transpose(2, 3))


def fix_text(text: str) -> str:
    """What ftfy makes of plain ASCII: nothing."""
    assert text.isascii(), f"{text}: install ftfy for names beyond ASCII"
    return text


def replace_missing() -> None:
    """Gives packages that cannot be imported just the functions that are called."""
    parts = {"kornia": {}, "kornia.filters": {"gaussian_blur2d": gaussian_blur2d}, "ftfy": {"fix_text": fix_text}}
    for name, functions in {**parts, "cv2": {}, "ipdb": {}}.items():
        try:
            __import__(name)
        except ImportError:
            print(f"{name} is missing: replaced", file=sys.stderr)
            module = ModuleType(name)
            vars(module).update(functions)
            sys.modules[name] = module


def keep_scores(program: ModuleType, file: Path) -> None:
    """Writes every class's maps and scores, as they are before they are scaled, to one npz file."""
    kept: dict[str, np.ndarray] = {}
    inner = program.get_predictions

    def predictions(**arguments):
        masks, labels, maps, scores, names = inner(**arguments)
        kept.update({f"{name}:map": map for name, map in zip(names, maps)})
        kept.update({f"{name}:score": score for name, score in zip(names, scores)})
        np.savez(file, **kept)
        return masks, labels, maps, scores, names

    program.get_predictions = predictions


def skip_augmentation(dataset: ModuleType) -> None:
    """Leaves only resizing, scaling and normalising, the last three steps, of what is done to a picture in training."""
    inner = dataset.BaseDataset.__init__

    def plain(self, *arguments, **named):
        inner(self, *arguments, **named)
        self.transforms_list = []
        self.transform_x.transforms = self.transform_x.transforms[-3:]

    dataset.BaseDataset.__init__ = plain


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path)
    parser.add_argument("script", choices=["test.py", "train.py"])
    parser.add_argument("--weights", type=Path, required=True, help="the file to load as ViT-L-14-336px.pt")
    parser.add_argument("--data", type=Path, required=True, help="the data set's folder, with full-shot.jsonl in it")
    parser.add_argument("--scores", type=Path, help="npz file for maps and scores (test.py)")
    parser.add_argument("--no-augmentation", action="store_true", help="train on the pictures as they are (train.py)")
    parser.add_argument("--threads", type=int, default=2)
    split = sys.argv.index("--")
    options, own = parser.parse_args(sys.argv[1:split]), sys.argv[split + 1 :]
    weights, data, scores = (path and path.resolve() for path in (options.weights, options.data, options.scores))
    replace_missing()
    sys.path.insert(0, str(options.program.resolve()))
    name, folder = (own[own.index(flag) + 1] for flag in ("--dataset", "--save_path"))
    sys.argv = [options.script, *own, "--save_path", str(Path(folder).resolve())]
    os.chdir(options.program)
    lists = Path("dataset/metadata") / name
    lists.mkdir(parents=True, exist_ok=True)
    for file in data.glob("*-shot.jsonl"):
        shutil.copyfile(file, lists / file.name)
    import dataset.constants
    import model.clip

    dataset.constants.DATA_PATH[name] = str(data)
    model.clip._MODEL_CKPT_PATHS["ViT-L-14-336"] = weights
    spec = importlib.util.spec_from_file_location("published", options.script)
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    torch.set_num_threads(options.threads)
    if options.no_augmentation:
        skip_augmentation(dataset)
    if scores:
        keep_scores(program, scores)
    program.main()


if __name__ == "__main__":
    main()
