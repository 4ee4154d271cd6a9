"""A Llama-architecture decoder: RMSNorm, rotary positions, SwiGLU, no biases.

The rotation works on adjacent pairs of a head's components, as GGUF's "llama"
architecture expects of attn_q and attn_k, so that weights are exported as
they are.  The head is tied to the token embedding.
"""

import dataclasses

import torch
import torch.nn.functional as F
from torch import nn


@dataclasses.dataclass
class Config:
    vocab: int = 4096
    width: int = 160
    layers: int = 12
    heads: int = 5
    ff: int = 448
    context: int = 256
    norm_eps: float = 1e-5
    rope_base: float = 10000.0
    dropout: float = 0.1

    @property
    def head_width(self):
        return self.width // self.heads


class SharedDropout(nn.Module):
    """Dropout of components of the residual stream, the same ones all along a
    row: much cheaper than a draw for each token."""

    def __init__(self, share):
        super().__init__()
        self.share = share

    def forward(self, x):
        if not self.training or not self.share:
            return x
        keep = torch.rand(x.shape[0], 1, x.shape[2]) >= self.share
        return x * (keep / (1 - self.share)).to(x.dtype)


class RMSNorm(nn.Module):
    def __init__(self, width, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x):
        scale = torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps)
        return x * scale * self.weight


def rotate(x, turn):
    """Rotates the adjacent pairs of x (rows, tokens, heads, head width)."""
    pairs = torch.view_as_complex(x.float().unflatten(-1, (-1, 2)))
    return torch.view_as_real(pairs * turn).flatten(-2)


class Block(nn.Module):
    def __init__(self, config):
        super().__init__()
        c = self.config = config
        self.attn_norm = RMSNorm(c.width, c.norm_eps)
        self.attn_q = nn.Linear(c.width, c.width, bias=False)
        self.attn_k = nn.Linear(c.width, c.width, bias=False)
        self.attn_v = nn.Linear(c.width, c.width, bias=False)
        self.attn_output = nn.Linear(c.width, c.width, bias=False)
        self.ffn_norm = RMSNorm(c.width, c.norm_eps)
        self.ffn_gate = nn.Linear(c.width, c.ff, bias=False)
        self.ffn_up = nn.Linear(c.width, c.ff, bias=False)
        self.ffn_down = nn.Linear(c.ff, c.width, bias=False)
        self.drop = SharedDropout(c.dropout)

    def attention(self, x, turn, mask):
        c = self.config
        q, k, v = (part(x).unflatten(-1, (c.heads, c.head_width))
                   for part in (self.attn_q, self.attn_k, self.attn_v))
        q, k, v = (t.transpose(1, 2) for t in (rotate(q, turn), rotate(k, turn), v))
        scores = q @ k.transpose(2, 3) * c.head_width ** -0.5 + mask
        mixed = scores.softmax(-1) @ v
        return self.attn_output(mixed.transpose(1, 2).flatten(2))

    def feed_forward(self, x):
        return self.ffn_down(F.silu(self.ffn_gate(x)) * self.ffn_up(x))

    def forward(self, x, turn, mask):
        x = x + self.drop(self.attention(self.attn_norm(x), turn, mask))
        return x + self.drop(self.feed_forward(self.ffn_norm(x)))


class Llama(nn.Module):
    def __init__(self, config):
        super().__init__()
        c = self.config = config
        self.token_embd = nn.Embedding(c.vocab, c.width)
        self.blocks = nn.ModuleList(Block(c) for _ in range(c.layers))
        self.output_norm = RMSNorm(c.width, c.norm_eps)
        self.drop = SharedDropout(c.dropout)
        frequency = c.rope_base ** (-torch.arange(0, c.head_width, 2) / c.head_width)
        angle = torch.outer(torch.arange(c.context), frequency)[:, None, :]
        self.register_buffer("turn", torch.polar(torch.ones(()), angle), persistent=False)
        self.register_buffer(
            "mask", torch.full((c.context, c.context), -1e9).triu(1), persistent=False)

    def hidden(self, ids):
        """Yields the residual stream after the embedding and after each block."""
        tokens = ids.shape[1]
        x = self.drop(self.token_embd(ids))
        turn, mask = self.turn[:tokens], self.mask[:tokens, :tokens]
        yield x
        for block in self.blocks:
            x = block(x, turn, mask)
            yield x

    def head(self, x):
        return F.linear(self.output_norm(x), self.token_embd.weight)

    def last_hidden(self, ids):
        for x in self.hidden(ids):
            pass
        return x

    def forward(self, ids):
        return self.head(self.last_hidden(ids))
