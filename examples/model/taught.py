"""More rows for the small tasks, labelled by a bag of words.

Sentences of film reviews and questions of other data sets carry no label of our
tasks.  A bag-of-words regression trained on a task's own rows (baseline.py)
gives them one where it is sure; train.py counts them as weak rows.  For a
sentence of a long review its guess must also be the review's verdict.
"""

import json
import re

import torch

import baseline
import data


class Teacher:
    def __init__(self, task, rows, penalty):
        bags = [baseline.features(e) for e in rows]
        counts = {}
        for bag in bags:
            for f in bag:
                counts[f] = counts.get(f, 0) + 1
        known = sorted(f for f, n in counts.items() if n > 1)
        self.task, self.columns = task, {f: i for i, f in enumerate(known)}
        y = torch.tensor([e.label for e in rows])
        self.weight, self.bias = baseline.fit(baseline.matrix(bags, self.columns), y,
                                              len(task.choices), penalty)

    def guess(self, examples):
        """(label, probability) of each example."""
        made = []
        for start in range(0, len(examples), 4096):
            bags = [baseline.features(e) for e in examples[start:start + 4096]]
            x = baseline.matrix(bags, self.columns)
            p = torch.softmax(torch.sparse.mm(x, self.weight) + self.bias, 1)
            made += list(zip(p.argmax(1).tolist(), p.max(1).values.tolist()))
        return made


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


def example(task, text, label):
    return data.Example(f"taught_{task.name}", task.template.format(text), label,
                        task.choices[label])


def proportionate(examples, task, most):
    """At most so many of each class, the first ones."""
    count, kept = [0] * len(task.choices), []
    for e in examples:
        count[e.label] += 1
        if count[e.label] <= most:
            kept.append(e)
    return kept


def rows(texts):
    """{"taught_sst2": [...], "taught_subj": [...], "taught_trec": [...]}"""
    sst2, trec = data.TASKS[0], data.TASKS[2]
    seen = set(texts.forbidden)

    def new(text):
        k = data.key(text)
        if not k or k in seen:
            return False
        seen.add(k)
        return True

    reviews = [(label, s) for label, s in review_sentences(texts) if new(s)]
    # what the subjective half of subj holds are sentences of reviews too
    prefix, suffix = data.TASKS[3].template.split("{}")
    opinions = [e.prompt[len(prefix):len(e.prompt) - len(suffix)] for e in texts.tasks["subj"] if e.label == 1]
    asked = [q for q in questions(texts) if new(q)]

    teacher = Teacher(sst2, texts.tasks["sst2"], 0.1)
    taught = []
    for (label, text), (guess, p) in zip(reviews, teacher.guess([example(sst2, s, 0) for _, s in reviews])):
        if guess == label and p > 0.6:
            taught.append(example(sst2, text, guess))
    for text, (guess, p) in zip(opinions, teacher.guess([example(sst2, s, 0) for s in opinions])):
        if p > 0.65:
            taught.append(example(sst2, text, guess))
    made = {"taught_sst2": taught}
    subj = data.TASKS[3]
    teacher = Teacher(subj, texts.tasks["subj"], 0.1)
    sure = [example(subj, text, guess) for (_, text), (guess, p)
            in zip(reviews, teacher.guess([example(subj, s, 0) for _, s in reviews])) if p > 0.8]
    made["taught_subj"] = proportionate(sure, subj, 4000)
    teacher = Teacher(trec, texts.tasks["trec"], 0.03)
    made["taught_trec"] = [example(trec, text, guess) for text, (guess, p)
                           in zip(asked, teacher.guess([example(trec, q, 0) for q in asked])) if p > 0.5]
    # most questions of a school book ask for a thing
    made["taught_trec"] = proportionate(made["taught_trec"], trec, 2000)
    return made
