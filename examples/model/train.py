#!/usr/bin/env python3
"""Trains the demonstration model: tokenizer, weights, figures, GGUF.

    python3 train.py --data DIR --out DIR

DIR is laid out as README.md says.  The loss is the ordinary next-token
cross-entropy, with more weight on the token that answers a prompt; nothing in
it knows of leaving early.
"""

import argparse
import json
import math
import multiprocessing
import random
import shutil
import time
from pathlib import Path

import numpy as np
import sentencepiece
import torch
import torch.nn.functional as F

import data
import evaluate
import gguf_writer
import lens
from model import Config, Llama
from parallel import SharedAdamW


MOST_CHOICES = max(len(task.choices) for task in data.TASKS)
# sources whose answers are guesses
WEAK = ("movie_reviews", "taught_sst2", "taught_opinions", "spans_sst2", "taught_subj", "taught_trec")


def pair(text):
    return [float(part) for part in text.split("/")]


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--data", required=True, type=Path, help="folder of the data sets")
    p.add_argument("--out", required=True, type=Path, help="folder to write to")
    p.add_argument("--start", type=Path, help="folder of a run whose model is trained further")
    p.add_argument("--taught", type=Path, help="rows of taught.py")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--workers", type=int, default=2, help="processes, a core each")
    p.add_argument("--layers", type=int, default=12)
    p.add_argument("--width", type=int, default=160)
    p.add_argument("--heads", type=int, default=5)
    p.add_argument("--ff", type=int, default=448)
    p.add_argument("--dropout", type=float, default=0.1)
    p.add_argument("--word-dropout", type=float, default=0.1,
                   help="share of a prompt's text tokens hidden in training")
    p.add_argument("--rate", type=float, default=2e-3, help="peak learning rate")
    p.add_argument("--decay", type=float, default=0.1, help="weight decay")
    p.add_argument("--tokens", type=int, default=3072, help="tokens a batch")
    p.add_argument("--answer-weight", type=float, default=20.0,
                   help="weight of an answer token beside a text token")
    p.add_argument("--text-weight", type=pair, default="0.3/0.05",
                   help="weight of text tokens in the first/second stage")
    p.add_argument("--text-share", type=pair, default="1/0.3",
                   help="share of the text tokens, drawn anew each time, in the loss")
    p.add_argument("--weak-weight", type=float, default=0.3,
                   help="weight of a review chunk's answer beside a task row's")
    p.add_argument("--mix", default="movie_reviews=0.6/0.5,wikitext=0.25/0,tinystories=0.4/0,"
                   "sst2=1/9,agnews=0.5/3.5,trec=1/9,subj=0.5/5",
                   help="epochs of each source in the first/second stage")
    p.add_argument("--average", type=float, default=0.995, help="decay of the averaged weights")
    p.add_argument("--check-every", type=int, default=500, help="steps between looks at dev")
    return p.parse_args()


def train_tokenizer(texts, folder, vocab):
    """A BPE tokenizer of the training texts, each answer word one piece."""
    path = folder / "tokenizer-texts.txt"
    with open(path, "w", encoding="utf-8") as out:
        for source in (*texts.tasks.values(), texts.reviews, *texts.plain.values()):
            for example in source:
                out.write(f"{example.prompt} {example.answer or ''}\n")
        for task in data.TASKS:  # rare answers too must become pieces
            for word in task.choices:
                out.write(f"{task.template.split()[-1]} {word}\n" * 2000)
    sentencepiece.SentencePieceTrainer.train(
        input=str(path), model_prefix=str(folder / "tokenizer"), model_type="bpe",
        vocab_size=vocab, byte_fallback=True, add_dummy_prefix=True,
        normalization_rule_name="identity", remove_extra_whitespaces=False,
        character_coverage=0.9995, unk_id=0, bos_id=1, eos_id=2, pad_id=-1,
        input_sentence_size=0, max_sentence_length=16384, num_threads=1, minloglevel=1)
    path.unlink()
    return sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))


def check_answers(tokenizer):
    for task in data.TASKS:
        tokens = [data.answer_token(tokenizer, word) for word in task.choices]
        assert [tokenizer.id_to_piece(t) for t in tokens] == ["\u2581" + w for w in task.choices]
        assert len(set(tokens)) == len(tokens)
        prompt = tokenizer.encode(task.template)
        whole = tokenizer.encode(f"{task.template} {task.choices[0]}")
        assert whole == prompt + tokens[:1], "the answer must not change the prompt's tokens"


def initialise(model):
    c = model.config
    for name, p in model.named_parameters():
        if p.dim() < 2:
            continue
        std = 0.05
        if name.endswith(("attn_output.weight", "ffn_down.weight")):
            std /= math.sqrt(2 * c.layers)
        torch.nn.init.normal_(p, std=std)


def beginning(args, texts):
    """The model and the tokenizer to start from: new, or another run's."""
    if args.start:
        shutil.copy(args.start / "tokenizer.model", args.out)
        saved = torch.load(args.start / "model.pt")
        model = Llama(Config(**{**saved["config"], "dropout": args.dropout}))
        model.load_state_dict(saved["state"])
        return model, sentencepiece.SentencePieceProcessor(
            model_file=str(args.out / "tokenizer.model"))
    config = Config(width=args.width, layers=args.layers, heads=args.heads, ff=args.ff,
                    dropout=args.dropout)
    tokenizer = train_tokenizer(texts, args.out, config.vocab)
    model = Llama(config)
    initialise(model)
    return model, tokenizer


def schedule(step, steps, warm=100):
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / (steps - warm)))


def plan(args, encoded):
    """The batches of the whole run, in order, each with its stage."""
    rng = random.Random(args.seed)
    stages = ([], [])
    for part in args.mix.split(","):
        source, epochs = part.split("=")
        for stage, count in zip(stages, epochs.split("/")):
            whole, rest = divmod(float(count), 1)
            rows = encoded[source]
            stage += rows * int(whole) + rng.sample(rows, int(rest * len(rows)))
    made = []
    for number, stage in enumerate(stages):
        if stage:
            made += [(number, b) for b in data.batches(stage, args.tokens, rng)]
    return made


def tensors(batch, args, stage, unknown):
    """Inputs, targets and weights of a batch; what is not a target weighs 0.
    Then where the answers are, and the tokens and probabilities taught there."""
    longest = max(len(s.ids) for s in batch) - 1
    inputs = torch.zeros(len(batch), longest, dtype=torch.long)
    targets = torch.zeros(len(batch), longest, dtype=torch.long)
    weights = torch.zeros(len(batch), longest)
    answers = torch.zeros(len(batch), longest, dtype=torch.bool)
    taught_tokens, taught_shares = [], []
    for row, s in enumerate(batch):
        ids = torch.tensor(s.ids)
        size = len(ids) - 1
        inputs[row, :size] = ids[:-1]
        targets[row, :size] = ids[1:]
        share, weight = args.text_share[stage], args.text_weight[stage]
        weights[row, :size] = (torch.rand(size) < share) * (weight / share)
        if s.answer:
            weak = args.weak_weight if s.source in WEAK else 1.0
            weights[row, s.answer - 1] = args.answer_weight * weak
            answers[row, s.answer - 1] = True
            padded = [*s.taught, *[(0, 0.0)] * (MOST_CHOICES - len(s.taught))]
            taught_tokens.append([token for token, _ in padded])
            taught_shares.append([share for _, share in padded])
            # Hide some of the words between the prompt's first and last ones.
            hidden = torch.rand(size) < args.word_dropout
            hidden[:3] = hidden[max(s.answer - 3, 0):] = False
            inputs[row, :size][hidden] = unknown
    shape = len(taught_tokens), MOST_CHOICES
    return (inputs, targets, weights, answers, torch.tensor(taught_tokens, dtype=torch.long).view(shape),
            torch.tensor(taught_shares).view(shape))


def worker(rank, args, model, average, optimizer, run, dev, unknown, log):
    """One process's part of the training; the dev tasks are shared out too."""
    torch.manual_seed(args.seed * 1000 + rank)
    optimizer.start(rank)
    started, seen, sums = time.time(), 0, np.zeros(4)
    for step, (stage, batch) in enumerate(run):
        model.train()
        optimizer.zero()
        part = batch[rank::args.workers]
        if part:
            inputs, targets, weights, answers, tokens, shares = tensors(part, args, stage, unknown)
            weights = weights.flatten()
            chosen = weights.nonzero().flatten()
            weights, targets, answers = weights[chosen], targets.flatten()[chosen], answers.flatten()[chosen]
            with torch.autocast("cpu", torch.bfloat16):
                hidden = model.last_hidden(inputs).flatten(0, 1).index_select(0, chosen)
                logits = model.head(hidden)
            logs = F.log_softmax(logits.float(), -1)
            losses = -logs.gather(1, targets[:, None]).squeeze(1)
            of_answers = -(logs[answers].gather(1, tokens) * shares).sum(1)
            losses = losses.masked_scatter(answers, of_answers)
            ((losses * weights).sum() / args.tokens).backward()
            kept = losses.detach()
            sums += [kept[~answers].sum(), (~answers).sum(), kept[answers].sum(), answers.sum()]
        optimizer.step(args.rate * schedule(step, len(run)))
        seen += sum(len(s.ids) for s in batch)
        if rank == 0 and (step + 1) % 50 == 0:
            spent = time.time() - started
            log(f"step {step + 1} stage {stage + 1} text {sums[0] / max(sums[1], 1):.3f} "
                f"answer {sums[2] / max(sums[3], 1):.3f} {seen / spent:.0f} tokens/s {spent:.0f} s")
            sums[:] = 0
        if (step + 1) % args.check_every == 0 or step + 1 == len(run):
            if rank == 0:
                torch.save(average.state_dict(), args.out / "last.pt")
            for name, rows in list(dev.items())[rank::args.workers]:
                with torch.autocast("cpu", torch.bfloat16):
                    seen_by_lens = lens.look(average, rows)
                log("  dev " + lens.summary(name, rows, *seen_by_lens))


def train(args, model, encoded, dev, unknown, log):
    average = Llama(model.config)
    optimizer = SharedAdamW(model, average, args.workers, args.decay, args.average)
    run = plan(args, encoded)
    tokens = sum(len(s.ids) for _, batch in run for s in batch)
    log(f"{len(run)} steps, {tokens} tokens")
    started = time.time()
    common = (args, model, average, optimizer, run, dev, unknown, log)
    others = [multiprocessing.Process(target=worker, args=(rank, *common), daemon=True)
              for rank in range(1, args.workers)]
    for process in others:
        process.start()
    worker(0, *common)
    for process in others:
        process.join()
    return average, {"steps": len(run), "tokens": tokens, "seconds": time.time() - started}


def main():
    args = parse_arguments()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)  # before any work: the processes are forked
    torch.manual_seed(args.seed)
    journal = open(args.out / "log.txt", "a", encoding="utf-8")

    def log(line):
        print(line, flush=True)
        journal.write(line + "\n")
        journal.flush()

    texts = data.Texts(args.data)
    log(f"dropped {texts.dropped}")
    model, tokenizer = beginning(args, texts)
    config = model.config
    check_answers(tokenizer)
    sources = {**texts.tasks, "movie_reviews": texts.reviews, **texts.plain}
    if args.taught:
        sources.update((name, [data.Example(*e) for e in rows]) for name, rows in torch.load(args.taught).items())
    encoded = {n: data.encode(tokenizer, rows, config.context) for n, rows in sources.items()}
    for name, rows in encoded.items():
        log(f"{name}: {len(rows)} rows, {sum(len(s.ids) for s in rows)} tokens")
    held = evaluate.held_out(texts, tokenizer, config.context)

    log(f"{sum(p.numel() for p in model.parameters())} weights")
    model, cost = train(args, model, encoded, held["dev"], tokenizer.unk_id(), log)
    log(json.dumps(cost))
    torch.save({"config": vars(config), "state": model.state_dict()}, args.out / "model.pt")
    gguf_writer.export(args.out / "demo.gguf", model, tokenizer, "ai-tools demo")
    evaluate.write(args.out / "figures.tsv", evaluate.figures(evaluate.load(args.out), held))


if __name__ == "__main__":
    main()
