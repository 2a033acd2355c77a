"""Compares what the published program and `aaclip` made of the same pictures.

    python3 tools/published/compare.py table TEST_LOG RESULTS_JSON...
    python3 tools/published/compare.py maps SCORES_NPZ PREDICTED_JSONL...
    python3 tools/published/compare.py training START PUBLISHED AACLIP

`table` compares every figure of the last table of a test.log with results.json. `maps` compares maps and detection
scores that run.py kept with those of `aaclip predict --raw npy --json`. `training` compares the checkpoints in two
folders that went on from those in a third. Exits with 1 where figures differ, where maps or scores differ by more than
a hundred-thousandth of the largest value, and where trained weights are further apart than a hundredth of their way.
"""
import json
import sys
from pathlib import Path

import numpy as np
import torch

FIGURES = ("pixelAuc", "pixelAp", "imageAuc", "imageAp")


def published_table(log: str) -> dict[str, list[float]]:
    """The last table's rows: class name to the four figures."""
    lines = log.rpartition("class name")[2].splitlines()[1:]
    rows = (line.split() for line in lines if not line.startswith("INFO"))
    return {name: [float(value) for value in values] for name, *values in filter(None, rows)}


def compare_tables(log: Path, results: list[Path]) -> bool:
    theirs = published_table(log.read_text())
    classes = [one for file in results for run in json.loads(file.read_text())["runs"] for one in run["classes"]]
    same = True
    for one in classes:
        ours, published = [one[figure] for figure in FIGURES], theirs[one["className"]]
        equal = ours == [round(value, 2) for value in published]
        same &= equal
        print(one["className"], "aaclip", ours, "published", published, "same" if equal else "DIFFERENT")
    return same and len(classes) > 0


def compare_maps(scores: Path, predictions: list[Path]) -> bool:
    """Prints the largest differences; maps are sums over the levels, scores are those of the detection token."""
    theirs = np.load(scores)
    names = [name.removesuffix(":map") for name in theirs.files if name.endswith(":map")]
    lines = [json.loads(line) for file in predictions for line in file.read_text().splitlines()]
    worst_map, worst_score, largest = 0.0, 0.0, 0.0
    for line in lines:
        name = next(name for name in names if line["image"].endswith(name))
        ours = np.load(next(file for file in line["files"] if file.endswith(".npy")))
        worst_map = max(worst_map, float(np.abs(ours - theirs[f"{name}:map"]).max()))
        largest = max(largest, float(np.abs(ours).max()))
        worst_score = max(worst_score, abs(line["image_score"] - float(theirs[f"{name}:score"])))
    print(f"{len(lines)} pictures: maps differ by at most {worst_map:.2e} (largest value {largest:.2f}), ", end="")
    print(f"detection scores by at most {worst_score:.2e}")
    return len(lines) > 0 and max(worst_map / largest, worst_score) < 1e-5


def compare_training(start: Path, trained: list[Path]) -> bool:
    """Prints how far apart the weights are, beside how far they have moved (L2, part by part)."""
    good = True
    for part in ("text_adapter", "image_adapter"):
        before, theirs, ours = (torch.load(folder / f"{part}.pth")[part] for folder in (start, *trained))
        moved = sum(float(((theirs[name] - before[name]) ** 2).sum()) for name in before) ** 0.5
        apart = sum(float(((theirs[name] - ours[name]) ** 2).sum()) for name in before) ** 0.5
        worst = max(float((theirs[name] - ours[name]).abs().max()) for name in before)
        good &= 0 < moved and apart < 0.01 * moved
        print(f"{part}: moved {moved:.3e}, apart {apart:.3e}, {apart / moved:.1e} of it; one weight {worst:.1e}")
    return good


if __name__ == "__main__":
    first, *others = map(Path, sys.argv[2:])
    compare = {"table": compare_tables, "maps": compare_maps, "training": compare_training}[sys.argv[1]]
    sys.exit(0 if compare(first, others) else 1)
