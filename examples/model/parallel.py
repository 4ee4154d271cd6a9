"""AdamW over processes that share the weights.

Each process takes the gradient of its part of a batch with one thread, and
updates its share of the weights: on a few cores this is a good deal faster
than threads inside each operation.  All weights, gradients and averages lie
in flat shared arrays; a run is repeatable for a given number of processes.
"""

import multiprocessing

import torch


def flat_views(flat, parameters):
    """Views of a flat array, one in the shape of each parameter."""
    offset = 0
    for p in parameters:
        yield flat[offset:offset + p.numel()].view_as(p)
        offset += p.numel()


class SharedAdamW:
    def __init__(self, model, average, workers, decay, average_decay, betas=(0.9, 0.98),
                 eps=1e-8, clip=1.0):
        # Matrices first, so that weight decay covers one run of the weights.
        order = sorted(model.named_parameters(), key=lambda item: item[1].dim() < 2)
        self.parameters = [p for _, p in order]
        means = dict(average.named_parameters())
        count = sum(p.numel() for p in self.parameters)
        self.decayed = sum(p.numel() for p in self.parameters if p.dim() >= 2)
        self.weights, self.means, self.first, self.second = (
            torch.zeros(count).share_memory_() for _ in range(4))
        self.gradients = torch.zeros(workers, count).share_memory_()
        self.norms = torch.zeros(workers).share_memory_()
        for view, p in zip(flat_views(self.weights, self.parameters), self.parameters):
            view.copy_(p.data)
            p.data = view
        self.means.copy_(self.weights)
        for view, (name, _) in zip(flat_views(self.means, self.parameters), order):
            means[name].data = view
        self.workers, self.decay, self.average_decay = workers, decay, average_decay
        self.betas, self.eps, self.clip = betas, eps, clip
        self.barrier = multiprocessing.Barrier(workers)
        self.steps = 0

    def start(self, rank):
        """Called in each process: its gradients go to its own row."""
        self.rank = rank
        count = len(self.weights)
        self.mine = slice(count * rank // self.workers, count * (rank + 1) // self.workers)
        for view, p in zip(flat_views(self.gradients[rank], self.parameters), self.parameters):
            p.grad = view

    def zero(self):
        self.gradients[self.rank].zero_()

    @torch.no_grad()
    def step(self, rate):
        """Adds up the processes' gradients and updates this process's share."""
        self.steps += 1
        self.barrier.wait()
        g = self.gradients[:, self.mine].sum(0)
        self.norms[self.rank] = g.square().sum()
        self.barrier.wait()
        g *= min(1.0, self.clip / (float(self.norms.sum()) ** 0.5 + 1e-6))
        w, mean, m, v = (t[self.mine] for t in (self.weights, self.means, self.first, self.second))
        m.lerp_(g, 1 - self.betas[0])
        v.mul_(self.betas[1]).addcmul_(g, g, value=1 - self.betas[1])
        scale = (v / (1 - self.betas[1] ** self.steps)).sqrt_().add_(self.eps)
        w[:max(0, self.decayed - self.mine.start)] *= 1 - rate * self.decay
        w.addcdiv_(m, scale, value=-rate / (1 - self.betas[0] ** self.steps))
        # The average follows fast at first, so that it forgets the beginning.
        mean.lerp_(w, max(1 - self.average_decay, 1 / (self.steps + 1)))
        self.barrier.wait()
