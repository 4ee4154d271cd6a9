#!/usr/bin/env python3
"""Averages the weights of runs that have a common beginning.

    python3 average.py --out DIR RUN...

One model where there were several, with much of what an ensemble gains
(Wortsman et al., 2022).
"""

import argparse
import shutil
from pathlib import Path

import torch


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    args = parser.parse_args()
    saved = [torch.load(run / "model.pt") for run in args.runs]
    state = {name: sum(s["state"][name] for s in saved) / len(saved) for name in saved[0]["state"]}
    args.out.mkdir(parents=True, exist_ok=True)
    torch.save({"config": saved[0]["config"], "state": state}, args.out / "model.pt")
    shutil.copy(args.runs[0] / "tokenizer.model", args.out)


if __name__ == "__main__":
    main()
