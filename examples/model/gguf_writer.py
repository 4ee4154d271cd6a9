"""Writes a Llama-architecture model as GGUF version 3."""

import struct

import numpy as np

ALIGNMENT = 32
UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9
PACK = {UINT32: "<I", INT32: "<i", FLOAT32: "<f", BOOL: "<?"}
TENSOR_F32, TENSOR_F16 = 0, 1
NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6


def packed(kind, value):
    if kind == STRING:
        raw = value.encode("utf-8")
        return struct.pack("<Q", len(raw)) + raw
    return struct.pack(PACK[kind], value)


def field(name, kind, value, element=None):
    """A metadata entry; for an array, element is the kind of its elements."""
    head = packed(STRING, name) + struct.pack("<I", kind)
    if kind != ARRAY:
        return head + packed(kind, value)
    body = b"".join(packed(element, v) for v in value)
    return head + struct.pack("<IQ", element, len(value)) + body


def padding(size):
    return b"\0" * (-size % ALIGNMENT)


def write(path, fields, tensors):
    """tensors: (name, numpy array of float16 or float32), in file order."""
    head = struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), len(fields)) + b"".join(fields)
    offset = 0
    for name, array in tensors:
        kind = {np.dtype("float32"): TENSOR_F32, np.dtype("float16"): TENSOR_F16}[array.dtype]
        shape = array.shape[::-1]  # GGUF names the fastest dimension first
        head += packed(STRING, name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape,
                                                   kind, offset)
        offset += array.nbytes + len(padding(array.nbytes))
    with open(path, "wb") as out:
        out.write(head + padding(len(head)))
        for _, array in tensors:
            out.write(np.ascontiguousarray(array).tobytes() + padding(array.nbytes))


def token_type(tokenizer, index):
    if tokenizer.is_unknown(index):
        return UNKNOWN
    if tokenizer.is_control(index):
        return CONTROL
    return BYTE if tokenizer.is_byte(index) else NORMAL


def export(path, model, tokenizer, name):
    """Writes a model.Llama and a sentencepiece tokenizer to path.

    Matrices become float16, norms stay float32.  The head is tied: there is
    no output.weight.
    """
    c = model.config
    vocab = range(tokenizer.get_piece_size())
    fields = [
        field("general.architecture", STRING, "llama"),
        field("general.name", STRING, name),
        field("general.alignment", UINT32, ALIGNMENT),
        field("general.file_type", UINT32, 1),
        field("llama.vocab_size", UINT32, c.vocab),
        # rotary positions go on: a few rows are longer than what was trained on
        field("llama.context_length", UINT32, 2 * c.context),
        field("llama.embedding_length", UINT32, c.width),
        field("llama.block_count", UINT32, c.layers),
        field("llama.feed_forward_length", UINT32, c.ff),
        field("llama.attention.head_count", UINT32, c.heads),
        field("llama.attention.head_count_kv", UINT32, c.heads),
        field("llama.attention.layer_norm_rms_epsilon", FLOAT32, c.norm_eps),
        field("llama.rope.dimension_count", UINT32, c.head_width),
        field("llama.rope.freq_base", FLOAT32, c.rope_base),
        field("tokenizer.ggml.model", STRING, "llama"),
        field("tokenizer.ggml.tokens", ARRAY, [tokenizer.id_to_piece(i) for i in vocab], STRING),
        field("tokenizer.ggml.scores", ARRAY, [tokenizer.get_score(i) for i in vocab], FLOAT32),
        field("tokenizer.ggml.token_type", ARRAY, [token_type(tokenizer, i) for i in vocab], INT32),
        field("tokenizer.ggml.bos_token_id", UINT32, tokenizer.bos_id()),
        field("tokenizer.ggml.eos_token_id", UINT32, tokenizer.eos_id()),
        field("tokenizer.ggml.unknown_token_id", UINT32, tokenizer.unk_id()),
        field("tokenizer.ggml.add_bos_token", BOOL, True),
        field("tokenizer.ggml.add_eos_token", BOOL, False),
        field("tokenizer.ggml.add_space_prefix", BOOL, True),
    ]

    def matrix(weight):
        return weight.detach().float().numpy().astype(np.float16)

    def norm(weight):
        return weight.detach().float().numpy()

    tensors = [("token_embd.weight", matrix(model.token_embd.weight))]
    for i, block in enumerate(model.blocks):
        for part in ("attn_norm", "attn_q", "attn_k", "attn_v", "attn_output",
                     "ffn_norm", "ffn_gate", "ffn_up", "ffn_down"):
            convert = norm if part.endswith("norm") else matrix
            tensors.append((f"blk.{i}.{part}.weight", convert(getattr(block, part).weight)))
    tensors.append(("output_norm.weight", norm(model.output_norm.weight)))
    write(path, fields, tensors)
