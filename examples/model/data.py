"""Texts, prompts and batches for the demonstration model.

The data folder holds one folder a data set; see README.md for the layout.
Nothing of a dev or test split reaches training: a training row whose text,
letters and digits only, is that of such a row is dropped.
"""

import dataclasses
import re
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Task:
    name: str
    template: str        # of the columns after the label; a row is one line
    choices: tuple       # the answer word of each label
    columns: int = 1     # text columns; between the label and them may be others
    train: tuple = ("train",)

    def prompt(self, row):
        return self.template.format(*row[-self.columns:])


TASKS = (
    Task("sst2", "Review: {} Sentiment:", ("negative", "positive")),
    Task("agnews", "News: {} - {} Topic:", ("World", "Sports", "Business", "Science"),
         columns=2, train=("train", "train_extra")),
    Task("trec", "Question: {} Type:",
         ("abbreviation", "description", "entity", "person", "location", "number")),
    Task("subj", "Sentence: {} Style:", ("objective", "subjective")),
)
TREC_COARSE = ("ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM")


def read_rows(path):
    with open(path, encoding="utf-8") as lines:
        return [line.rstrip("\n").split("\t") for line in lines]


def key(text):
    """What two spellings of one sentence share: its letters and digits."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


@dataclasses.dataclass
class Example:
    """A prompt and its answer, or (answer None) plain text."""
    source: str
    prompt: str
    label: int = None
    answer: str = None
    soft: tuple = None   # probability of each choice, where that is what is taught


class Texts:
    """All that is trained on and measured on, with counts of what was dropped."""

    def __init__(self, root, review_words=(12, 45)):
        self.root = Path(root)
        self.dropped = {}
        held = [(task, split) for task in TASKS for split in ("dev", "test")]
        self.held_out = {split: {} for _, split in held}
        forbidden = set()
        for task, split in held:
            rows = read_rows(self.root / task.name / f"{split}.tsv")
            self.held_out[split][task.name] = [self.example(task, row) for row in rows]
            forbidden |= {key(" ".join(row[-task.columns:])) for row in rows}
        forbidden.discard("")
        self.forbidden = forbidden
        self.tasks = {task.name: self.task_rows(task) for task in TASKS}
        self.reviews = self.review_chunks(*review_words)
        self.plain = {name: self.plain_chunks(name) for name in ("wikitext", "tinystories")}

    @staticmethod
    def example(task, row):
        label = int(row[0])
        if task.name == "trec" and not row[1].startswith(TREC_COARSE[label]):
            raise ValueError(f"trec: label {label} beside {row[1]}")
        return Example(task.name, task.prompt(row), label, task.choices[label])

    def task_rows(self, task):
        kept, seen, dropped = [], set(), 0
        for split in task.train:
            for row in read_rows(self.root / task.name / f"{split}.tsv"):
                text = key(" ".join(row[-task.columns:]))
                if text in self.forbidden or text in seen:
                    dropped += 1
                    continue
                seen.add(text)
                kept.append(self.example(task, row))
        self.dropped[task.name] = dropped
        return kept

    def review_chunks(self, least, most):
        """Runs of sentences of the long reviews, with the review's label.

        A chunk rarely says as clearly as its review what the verdict is: these
        are weak labels, and train.py gives them less weight.
        """
        sst2 = TASKS[0]
        chunks, dropped = [], 0
        for label, text in read_rows(self.root / "movie_reviews" / "train.tsv"):
            chunk, size = [], 0
            sentences = re.split(r"(?<=[.!?])\s+", text)
            for number, sentence in enumerate(sentences):
                words = sentence.split()[:most]
                if key(sentence) in self.forbidden:
                    dropped += 1
                    continue
                if size + len(words) > most and size >= least:
                    chunks.append((label, " ".join(chunk)))
                    chunk, size = [], 0
                chunk += words
                size += len(words)
            if size >= least:
                chunks.append((label, " ".join(chunk)))
        self.dropped["movie_reviews"] = dropped
        made = []
        for row in chunks:
            example = self.example(sst2, row)
            example.source = "movie_reviews"
            made.append(example)
        return made

    def plain_chunks(self, name, words=90):
        """Runs of lines of about so many words."""
        chunks, chunk, size = [], [], 0
        with open(self.root / name / "train.txt", encoding="utf-8") as lines:
            for line in lines:
                line = line.strip()
                if key(line) in self.forbidden:
                    continue
                for part in re.findall(r"(?:\S+\s+){0,%d}\S+" % (words - 1), line):
                    chunk.append(part)
                    size += len(part.split())
                    if size >= words * 2 // 3:
                        chunks.append(Example(name, " ".join(chunk)))
                        chunk, size = [], 0
        return chunks


@dataclasses.dataclass
class Sequence:
    source: str
    ids: list            # BOS, prompt, answer, EOS
    answer: int          # index of the answer token in ids, 0 for plain text
    label: int
    taught: tuple = ()   # (token, probability) of each answer to teach


def encode(tokenizer, examples, context):
    """Token sequences; a prompt too long loses the end of its text."""
    made = []
    for e in examples:
        if e.answer is None:
            ids = [tokenizer.bos_id()] + tokenizer.encode(e.prompt)
            made.append(Sequence(e.source, ids[:context], 0, -1))
            continue
        prompt = tokenizer.encode(e.prompt)
        answer = answer_token(tokenizer, e.answer)
        room = context - 3
        if len(prompt) > room:
            tail = 4
            prompt = prompt[:room - tail] + prompt[-tail:]
        ids = [tokenizer.bos_id(), *prompt, answer, tokenizer.eos_id()]
        made.append(Sequence(e.source, ids, len(ids) - 2, e.label, taught_tokens(tokenizer, e, answer)))
    return made


def taught_tokens(tokenizer, e, answer):
    if e.soft is None:
        return ((answer, 1.0),)
    task = next(t for t in TASKS if e.answer in t.choices)
    return tuple((answer_token(tokenizer, word), p) for word, p in zip(task.choices, e.soft))


def answer_token(tokenizer, word):
    pieces = tokenizer.encode(word)
    if len(pieces) != 1:
        raise ValueError(f"{word!r} is {len(pieces)} tokens, not one")
    return pieces[0]


def batches(sequences, tokens, rng, pool=64):
    """Shuffled batches of about so many tokens, each of like lengths."""
    order = list(sequences)
    rng.shuffle(order)
    mean = sum(len(s.ids) for s in order) / len(order)
    span = max(1, int(pool * tokens / mean))
    made = []
    for start in range(0, len(order), span):
        batch = []
        for s in sorted(order[start:start + span], key=lambda s: len(s.ids)):
            if batch and (len(batch) + 1) * len(s.ids) > tokens:
                made.append(batch)
                batch = []
            batch.append(s)
        made.append(batch)
    rng.shuffle(made)
    return made
