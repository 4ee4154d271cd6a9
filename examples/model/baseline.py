#!/usr/bin/env python3
"""A bag-of-words logistic regression, the mark for the model to beat.

    python3 baseline.py --data DIR

For each task: words and pairs of words, present or not, trained on the same
rows as the model; the strength of the L2 penalty is chosen on dev, the figure
is test accuracy.  Prints task, penalty, dev accuracy, test accuracy.
"""

import argparse
import re
from pathlib import Path

import torch

import data


def features(example):
    words = re.findall(r"\w+|[^\w\s]", example.prompt.lower())
    return set(words) | {f"{a} {b}" for a, b in zip(words, words[1:])}


def matrix(bags, columns):
    """A sparse matrix of rows of equal length, of the features known."""
    found = [(row, columns[f]) for row, bag in enumerate(bags) for f in bag if f in columns]
    index = torch.tensor(found).T
    size = torch.bincount(index[0], minlength=len(bags)).float()
    return torch.sparse_coo_tensor(index, size[index[0]].rsqrt(),
                                   (len(bags), len(columns))).coalesce()


def fit(x, y, classes, penalty, weights=None):
    weights = torch.ones(len(y)) if weights is None else weights
    weight = torch.zeros(x.shape[1], classes, requires_grad=True)
    bias = torch.zeros(classes, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=100, line_search_fn="strong_wolfe")

    def loss():
        optimizer.zero_grad()
        each = torch.nn.functional.cross_entropy(torch.sparse.mm(x, weight) + bias, y, reduction="none")
        value = ((each * weights).sum() + penalty * weight.square().sum()) / weights.sum()
        value.backward()
        return value

    optimizer.step(loss)
    return weight.detach(), bias.detach()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    texts = data.Texts(args.data)
    for task in data.TASKS:
        rows = {"train": texts.tasks[task.name], **{s: texts.held_out[s][task.name]
                                                    for s in ("dev", "test")}}
        bags = {split: [features(e) for e in part] for split, part in rows.items()}
        counts = {}
        for bag in bags["train"]:
            for f in bag:
                counts[f] = counts.get(f, 0) + 1
        known = sorted(f for f, n in counts.items() if n > 1)
        columns = {f: i for i, f in enumerate(known)}
        x = {split: matrix(part, columns) for split, part in bags.items()}
        y = {split: torch.tensor([e.label for e in part]) for split, part in rows.items()}
        best = None
        for penalty in (0.03, 0.1, 0.3, 1.0):
            weight, bias = fit(x["train"], y["train"], len(task.choices), penalty)
            right = {s: ((torch.sparse.mm(x[s], weight) + bias).argmax(1) == y[s]).float().mean()
                     for s in ("dev", "test")}
            if best is None or right["dev"] > best[1]["dev"]:
                best = penalty, right
        print(f"{task.name}\t{best[0]}\t{best[1]['dev']:.4f}\t{best[1]['test']:.4f}", flush=True)


if __name__ == "__main__":
    main()
