#!/usr/bin/env python3
"""What a committee of teachers says of rows: more rows for the small tasks, and
second thoughts on the labelled ones.

    python3 taught.py --data DIR --out FILE [--teachers RUN...]

writes the rows that `train.py --taught FILE` learns from.

Sentences of film reviews and questions of other data sets carry no label of our
tasks.  A bag-of-words regression trained on a task's own rows (baseline.py), and
the models of earlier runs if there are any, say how likely each answer is; their
geometric mean, the regression one voice and the models together another, is what train.py then teaches (Hinton et al., 2015).  Labelled rows
are taught mostly as they are labelled, and a little as a regression that has not
seen them would answer.  Nothing here has seen a row of a dev or test split.
"""

import argparse
import dataclasses
import json
import random
import re
from pathlib import Path

import sentencepiece
import torch

import baseline
import data
import evaluate
import lens

PENALTY = {"sst2": 0.1, "agnews": 0.1, "trec": 0.03, "subj": 0.1}


class BagOfWords:
    """Weighted rows: [(example, weight)]."""

    def __init__(self, task, rows):
        bags = [baseline.features(e) for e, _ in rows]
        counts = {}
        for bag in bags:
            for f in bag:
                counts[f] = counts.get(f, 0) + 1
        known = sorted(f for f, n in counts.items() if n > 1)
        self.columns = {f: i for i, f in enumerate(known)}
        y = torch.tensor([e.label for e, _ in rows])
        weights = torch.tensor([float(w) for _, w in rows])
        self.weight, self.bias = baseline.fit(baseline.matrix(bags, self.columns), y, len(task.choices),
                                              PENALTY[task.name], weights)

    def logs(self, examples):
        """Log-probabilities [examples, choices]."""
        made = []
        for start in range(0, len(examples), 4096):
            bags = [baseline.features(e) for e in examples[start:start + 4096]]
            x = baseline.matrix(bags, self.columns)
            made.append(torch.log_softmax(torch.sparse.mm(x, self.weight) + self.bias, 1))
        return torch.cat(made)


class EarlierRun:
    def __init__(self, folder, task):
        self.model = evaluate.load(folder)
        self.tokenizer = sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
        self.tokens = torch.tensor([data.answer_token(self.tokenizer, word) for word in task.choices])

    @torch.no_grad()
    def logs(self, examples, rows=64):
        sequences = data.encode(self.tokenizer, examples, self.model.config.context)
        made = torch.zeros(len(examples), len(self.tokens))
        for chosen, ids, last in lens.padded(sequences, rows):
            with torch.autocast("cpu", torch.bfloat16):
                last = self.model.last_hidden(ids)[torch.arange(len(last)), last]
                made[chosen] = torch.log_softmax(self.model.head(last)[:, self.tokens].float(), 1)
        return made


def mean_opinion(teachers, examples):
    """Probabilities [examples, choices] of a regression and the models after it."""
    first, *others = (t.logs(examples) for t in teachers)
    return torch.softmax((first + sum(others) / len(others)) / 2 if others else first, 1)


def review_sentences(texts):
    """(verdict of the review, sentence), short and long ones left out."""
    for label, text in data.read_rows(texts.root / "movie_reviews" / "train.tsv"):
        for sentence in re.split(r"(?<=[.!?])\s+", text):
            if 6 <= len(sentence.split()) <= 45:
                yield int(label), sentence


def questions(texts):
    for name in ("squad", "sciq", "arc_easy", "arc_challenge"):
        with open(texts.root / name / "train.jsonl", encoding="utf-8") as lines:
            for line in lines:
                question = json.loads(line)["question"].strip()
                if question.endswith("?") and 4 <= len(question.split()) <= 30:
                    yield re.sub(r"\s*([?,])", r" \1", question)


def ask(task, texts, teachers, least, most=None, verdicts=None):
    """Rows of those texts of which the teachers are at least so sure; of each
    answer at most so many, the first ones.  A review's verdict is worth odds of
    two to one on each of its sentences."""
    blank = [data.Example(f"taught_{task.name}", task.template.format(t), 0, task.choices[0]) for t in texts]
    p = mean_opinion(teachers, blank)
    if verdicts is not None:
        p[torch.arange(len(p)), torch.tensor(verdicts)] *= 2
        p /= p.sum(1, keepdim=True)
    kept, count = [], [0] * len(task.choices)
    for e, soft in zip(blank, p.tolist()):
        label = soft.index(max(soft))
        if soft[label] < least or (most and count[label] >= most):
            continue
        count[label] += 1
        kept.append(data.Example(e.source, e.prompt, label, task.choices[label], tuple(soft)))
    return kept


def second_thoughts(task, rows, share, folds=5):
    """The rows with so large a share of a regression's opinion that has not seen them."""
    made = list(rows)
    for fold in range(folds):
        own = range(fold, len(rows), folds)
        others = [(e, 1) for i, e in enumerate(rows) if i % folds != fold]
        p = torch.exp(BagOfWords(task, others).logs([rows[i] for i in own])) * share
        for i, soft in zip(own, p):
            e = rows[i]
            soft[e.label] += 1 - share
            made[i] = data.Example(e.source, e.prompt, e.label, e.answer, tuple(soft.tolist()))
    return made


def spans(task, rows, rng, least=3, folds=5):
    """A run of words of each row, as a regression that has not seen the row reads it."""
    prefix, suffix = task.template.split("{}")
    made = []
    for fold in range(folds):
        cut = []
        for e in rows[fold::folds]:
            words = e.prompt[len(prefix):len(e.prompt) - len(suffix)].split()
            size = rng.randint(min(least, len(words)), len(words))
            start = rng.randint(0, len(words) - size)
            cut.append(" ".join(words[start:start + size]))
        others = [(e, 1) for i, e in enumerate(rows) if i % folds != fold]
        made += ask(task, cut, [BagOfWords(task, others)], 0.5)
    return [data.Example("spans_sst2", *dataclasses.astuple(e)[1:]) for e in made]


def rows(texts, runs, share=0.3):
    """{source: examples}: the four tasks with second thoughts, and "taught_..."."""
    sst2, _, trec, subj = data.TASKS
    seen = set(texts.forbidden)

    def new(text):
        k = data.key(text)
        if not k or k in seen:
            return False
        seen.add(k)
        return True

    def teachers(task, more=()):
        own = [(e, 1) for e in texts.tasks[task.name]] + [(e, 0.1) for e in more]
        return [BagOfWords(task, own)] + [EarlierRun(run, task) for run in runs]

    reviews = [(label, s) for label, s in review_sentences(texts) if new(s)]
    sentences, verdicts = [s for _, s in reviews], [label for label, _ in reviews]
    # what the subjective half of subj holds are sentences of reviews too
    prefix, suffix = subj.template.split("{}")
    opinions = [e.prompt[len(prefix):len(e.prompt) - len(suffix)] for e in texts.tasks["subj"] if e.label == 1]
    critics = teachers(sst2, texts.reviews)
    made = {task.name: second_thoughts(task, texts.tasks[task.name], share) for task in data.TASKS}
    made["taught_sst2"] = ask(sst2, sentences, critics, 0.65, verdicts=verdicts)
    rng = random.Random(1)
    made["spans_sst2"] = [e for _ in range(3) for e in spans(sst2, texts.tasks["sst2"], rng)]
    made["taught_opinions"] = ask(sst2, opinions, critics, 0.5)
    made["taught_subj"] = ask(subj, sentences, teachers(subj), 0.5, 4000)
    # most questions of a school book ask for a thing
    made["taught_trec"] = ask(trec, [q for q in questions(texts) if new(q)], teachers(trec), 0.4, 4000)
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--teachers", type=Path, nargs="*", default=[], help="folders of runs")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    made = rows(data.Texts(args.data), args.teachers)
    torch.save({name: [dataclasses.astuple(e) for e in part] for name, part in made.items()}, args.out)
    for name, part in made.items():
        print(f"{name}: {len(part)} rows")


if __name__ == "__main__":
    main()
