"""Writes a tiny llama model with random weights as a GGUF file.

The text it produces is nonsense, which is enough: what the tests need is a
server nobody here wrote, that tokenises, streams and counts. The weights come
from a fixed seed, so two machines write the same file.

Usage: make_model.py OUTPUT.gguf
"""

import os
import sys

import gguf
import numpy

EMBEDDING = 64
LAYERS = 2
HEADS = 4
FEED_FORWARD = 160
CONTEXT = 8192
SYLLABLES = [
    first + vowel
    for first in ("b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "z", "h")
    for vowel in ("a", "e", "i", "o", "u", "an", "en", "in", "on", "ul")
]
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)


def vocabulary():
    """Returns (token, score, type) rows: control tokens, 256 bytes, letters and syllables."""
    rows = [
        ("<unk>", 0.0, gguf.TokenType.UNKNOWN),
        ("<s>", 0.0, gguf.TokenType.CONTROL),
        ("</s>", 0.0, gguf.TokenType.CONTROL),
    ]
    rows += [(f"<0x{byte:02X}>", 0.0, gguf.TokenType.BYTE) for byte in range(256)]
    printable = [chr(code) for code in range(0x21, 0x7F)] + ["\u2581"]
    rows += [(character, -1000.0, gguf.TokenType.NORMAL) for character in printable]
    words = SYLLABLES + ["\u2581" + syllable for syllable in SYLLABLES]
    # A higher score merges first, so longer pieces come out of the tokeniser whole.
    rows += [(word, -float(500 - 10 * len(word)), gguf.TokenType.NORMAL) for word in words]
    return rows


def write_model(path):
    random = numpy.random.default_rng(20240517)
    rows = vocabulary()

    def weights(*shape):
        return (random.standard_normal(shape) * 0.3).astype(numpy.float32)

    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("waystation-random")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(EMBEDDING)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(EMBEDDING // HEADS)
    writer.add_vocab_size(len(rows))
    writer.add_tokenizer_model("llama")
    writer.add_token_list([token for token, _, _ in rows])
    writer.add_token_scores([score for _, score, _ in rows])
    writer.add_token_types([int(kind) for _, _, kind in rows])
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_chat_template(CHAT_TEMPLATE)

    output = weights(len(rows), EMBEDDING)
    # Control and byte tokens keep a flat logit of zero, so that sampling from
    # the top of the list yields readable text and never broken UTF-8.
    output[:259] = 0.0
    writer.add_tensor("token_embd.weight", weights(len(rows), EMBEDDING))
    writer.add_tensor("output_norm.weight", numpy.ones(EMBEDDING, dtype=numpy.float32))
    writer.add_tensor("output.weight", output)
    for layer in range(LAYERS):
        prefix = f"blk.{layer}."
        for norm in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"{prefix}{norm}.weight", numpy.ones(EMBEDDING, dtype=numpy.float32))
        for attention in ("attn_q", "attn_k", "attn_v", "attn_output"):
            writer.add_tensor(f"{prefix}{attention}.weight", weights(EMBEDDING, EMBEDDING))
        writer.add_tensor(f"{prefix}ffn_gate.weight", weights(FEED_FORWARD, EMBEDDING))
        writer.add_tensor(f"{prefix}ffn_up.weight", weights(FEED_FORWARD, EMBEDDING))
        writer.add_tensor(f"{prefix}ffn_down.weight", weights(EMBEDDING, FEED_FORWARD))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    target = sys.argv[1]
    partial = f"{target}.{os.getpid()}"
    write_model(partial)
    # Two runs may write the cached file at once; the rename lets either win.
    os.replace(partial, target)


if __name__ == "__main__":
    main()
