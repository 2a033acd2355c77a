#!/usr/bin/env python3
"""Makes the expected values of test/goldens: see README.md."""
import argparse
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import archive_cases
import listed_cases
import method_cases
import metric_cases
import model_cases
import op_cases
import picture_cases
import torch
import training_cases
from check import report
from job import Case, Job

GOLDENS = Path(__file__).resolve().parents[2] / "test" / "goldens"
GROUPS = (
    op_cases,
    picture_cases,
    metric_cases,
    model_cases,
    method_cases,
    training_cases,
    archive_cases,
    listed_cases,
)


def chosen(only: str, large: bool) -> dict[str, Case]:
    """The cases that a pattern of the list matches; without a list all but the large ones."""
    small = {name: case for group in GROUPS for name, case in group.CASES.items()}
    every = small | {name: case for group in GROUPS for name, case in getattr(group, "LARGE", {}).items()}
    if not only:
        return every if large else small
    patterns = [pattern.strip() for pattern in only.split(",")]
    found = {name: case for name, case in every.items() if any(fnmatchcase(name, p) for p in patterns)}
    missed = [p for p in patterns if not any(fnmatchcase(name, p) for name in every)]
    if missed:
        sys.exit(f"make.py: no case matches {', '.join(missed)}: expected patterns of {', '.join(every)}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the expected values of test/goldens.")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--only", default="", help='cases, with * and ?, separated by commas: "op.*,model.tiny"')
    parser.add_argument("--large", action="store_true", help="also ViT-L/14: minutes, and 8 GB of memory")
    parser.add_argument("--seed", type=int, default=1, help="seed of all made-up tensors; the repository's is 1")
    parser.add_argument("--check", type=Path, help="folder to compare with; exit status 1 unless only rounding differs")
    args = parser.parse_args()
    torch.set_num_threads(2)
    job = Job(args.out, GOLDENS, args.seed)
    for name, case in chosen(args.only, args.large).items():
        print(name, file=sys.stderr, flush=True)
        case(job)
    if args.check and not report(job.written, args.out, args.check):
        sys.exit(1)


if __name__ == "__main__":
    main()
