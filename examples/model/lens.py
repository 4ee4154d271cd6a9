"""Measures a model through the logit lens: what each block would answer.

After each block, the final norm and the head are applied to the last token of
the prompt, and the most likely token of the whole vocabulary is compared with
the last block's.
"""

import numpy as np
import torch


def padded(sequences, rows):
    """The prompts, those of like lengths together: their numbers, their tokens padded
    to one length, and where each one's last token is."""
    order = sorted(range(len(sequences)), key=lambda i: len(sequences[i].ids))
    for start in range(0, len(order), rows):
        chosen = order[start:start + rows]
        prompts = [sequences[i].ids[:sequences[i].answer] for i in chosen]
        ids = torch.zeros(len(prompts), max(map(len, prompts)), dtype=torch.long)
        for row, prompt in enumerate(prompts):
            ids[row, :len(prompt)] = torch.tensor(prompt)
        yield chosen, ids, torch.tensor([len(p) - 1 for p in prompts])


@torch.no_grad()
def look(model, sequences, rows=48):
    """Arrays (sequence, layer): the lens's token, its probability, its lead."""
    model.eval()
    c = model.config
    top = np.zeros((len(sequences), c.layers), np.int64)
    prob = np.zeros(top.shape, np.float32)
    gap = np.zeros(top.shape, np.float32)
    for chosen, ids, last in padded(sequences, rows):
        for layer, x in enumerate(model.hidden(ids)):
            if layer == 0:
                continue
            p = model.head(x[torch.arange(len(last)), last]).float().softmax(-1)
            best, index = p.topk(2)
            top[chosen, layer - 1] = index[:, 0].numpy()
            prob[chosen, layer - 1] = best[:, 0].numpy()
            gap[chosen, layer - 1] = (best[:, 0] - best[:, 1]).numpy()
    return top, prob, gap


def exits(feature, threshold):
    """The layer (from 0) where each row's feature first reaches the threshold."""
    reached = feature >= threshold
    reached[:, -1] = True
    return reached.argmax(1)


def policy(top, feature, threshold):
    """Share of the layers skipped and share of the answers kept."""
    layers = top.shape[1]
    at = exits(feature, threshold)
    kept = top[np.arange(len(top)), at] == top[:, -1]
    return (layers - 1 - at).mean() / layers, kept.mean(), at


def tune_all(views, least=0.99):
    """The threshold that skips most, averaged over the views, (top, feature)
    each, while at least so many answers are kept, averaged too."""
    best = (0.0, 2.0)
    for threshold in 1 - np.geomspace(1e-6, 0.9, 400):
        skipped, kept = np.mean([policy(*view, threshold)[:2] for view in views], 0)
        if kept >= least:
            best = max(best, (skipped, threshold))
    return best[1]


def tune(top, feature, least=0.99):
    return tune_all([(top, feature)], least)


def accuracy(top, sequences):
    return np.mean([t == s.ids[s.answer] for t, s in zip(top[:, -1], sequences)])


def summary(name, sequences, top, prob, gap):
    """A line of figures; the threshold is tuned on the rows it is shown for."""
    agree = " ".join(f"{a:.3f}" for a in (top == top[:, -1:]).mean(0))
    skipped = policy(top, gap, tune(top, gap))[0]
    return (f"{name} accuracy {accuracy(top, sequences):.4f} skipped {skipped:.3f} "
            f"agreement {agree}")
