#!/usr/bin/env python3
"""Measures a trained model: accuracy, and what leaving early would save.

    python3 evaluate.py --data DIR --run DIR

The run folder is one that train.py has written; its weights are rounded to
float16, as in the GGUF file, and computed with in float32.  Writes
figures.tsv there: task, split, measure, layer (0: of the whole), value.

Measures: "accuracy" of the last layer; "agreement" of a layer's most likely
token, of the whole vocabulary, with the last layer's; and for a policy that
leaves at the first layer where the lead of the most likely token ("gap") or
its probability ("prob") reaches a threshold: the share of layers skipped, of
answers kept, and the accuracy then.  A policy's threshold is the one that
skips most on dev with at least 99 % of the answers kept; task "all" has one
threshold for all tasks, and its figures are means over the tasks.
"""

import argparse
from pathlib import Path

import numpy as np
import sentencepiece
import torch

import data
import lens
from model import Config, Llama


def load(run):
    """The model of a run with the weights that its GGUF file has."""
    saved = torch.load(run / "model.pt", map_location="cpu")
    model = Llama(Config(**saved["config"]))
    model.load_state_dict(saved["state"])
    with torch.no_grad():
        for p in model.parameters():
            if p.dim() >= 2:
                p.copy_(p.half().float())
    return model.eval()


class View:
    """What the lens shows of one task's split."""

    def __init__(self, model, rows):
        self.answer = np.array([s.ids[s.answer] for s in rows])
        self.top, self.prob, self.gap = lens.look(model, rows)

    def accuracy(self, at=None):
        top = self.top[:, -1] if at is None else self.top[np.arange(len(self.top)), at]
        return (top == self.answer).mean()

    def leave(self, feature, threshold):
        """Skipped share, answers kept, accuracy."""
        skipped, kept, at = lens.policy(self.top, getattr(self, feature), threshold)
        return skipped, kept, self.accuracy(at)


def figures(model, held):
    """Rows of figures.tsv."""
    views = {split: {name: View(model, rows) for name, rows in tasks.items()}
             for split, tasks in held.items()}
    made = []
    for split, tasks in views.items():
        for name, view in tasks.items():
            made.append((name, split, "accuracy", 0, view.accuracy()))
            for layer in range(view.top.shape[1]):
                agree = (view.top[:, layer] == view.top[:, -1]).mean()
                made.append((name, split, "agreement", layer + 1, agree))
        for feature in ("gap", "prob"):
            together = []
            pooled = lens.tune_all([(v.top, getattr(v, feature)) for v in views["dev"].values()])
            for name, view in tasks.items():
                dev = views["dev"][name]
                threshold = lens.tune(dev.top, getattr(dev, feature))
                for measure, value in zip(("skipped", "kept", "accuracy"),
                                          view.leave(feature, threshold)):
                    made.append((name, split, f"{feature}-{measure}", 0, value))
                together.append(view.leave(feature, pooled))
            for measure, value in zip(("skipped", "kept", "accuracy"), np.mean(together, 0)):
                made.append(("all", split, f"{feature}-{measure}", 0, value))
    return made


def held_out(texts, tokenizer, context):
    return {split: {name: data.encode(tokenizer, rows, context) for name, rows in tasks.items()}
            for split, tasks in texts.held_out.items()}


def write(path, rows):
    with open(path, "w", encoding="utf-8") as out:
        for *names, value in rows:
            out.write("\t".join(map(str, names)) + f"\t{value:.4f}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--run", required=True, type=Path)
    args = parser.parse_args()
    model = load(args.run)
    tokenizer = sentencepiece.SentencePieceProcessor(model_file=str(args.run / "tokenizer.model"))
    held = held_out(data.Texts(args.data), tokenizer, model.config.context)
    write(args.run / "figures.tsv", figures(model, held))


if __name__ == "__main__":
    main()
