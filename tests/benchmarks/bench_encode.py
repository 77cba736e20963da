"""Encoding text that was not seen before beside tokenizers and tiktoken, one core, the same vocabulary.

    python -m tests.benchmarks.bench_encode [--megabytes N] [--peers PYTHON]

Each text is halved: everyone encodes the first half as often as it likes, then the second half is timed once, so its
words are met as those of a new text are. The vocabulary is GPT-NeoX's (50,280 tokens) without its normaliser and its
runs of blanks. tiktoken, which keeps no words, has the same ranks, and is absent where PYTHON lacks it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

from tests.datatrove import read_jsonl
from tests.shared_data import ROOT

TEXTS = ("corpus/classic_books", "corpus/20news-bydate-train", "corpus/multilang_news", "lang/udhr")
VOCABULARY = ROOT / "models" / "gpt-neo-test-tokenizer.json"
TIKTOKEN = """
import json, sys, time, tiktoken
halves, vocab, regex = json.load(open(sys.argv[1]))
ranks = {bytes(token): rank for rank, token in enumerate(vocab)}
encoding = tiktoken.Encoding("same", pat_str=regex, mergeable_ranks=ranks, special_tokens={})
for half in halves:
    began = time.process_time()
    tokens = [len(encoding.encode_ordinary(text)) for text in half]
    taken = time.process_time() - began
print(json.dumps(taken))
"""


def vocabulary() -> bytes:
    """The tokenizer.json that everyone encodes with."""
    parts = json.loads(VOCABULARY.read_bytes()) | {"normalizer": None}
    parts["added_tokens"] = [token for token in parts["added_tokens"] if token["special"]]
    return json.dumps(parts).encode()


def halves_of(name: str, num_bytes: int) -> tuple[list[str], list[str]]:
    """Every second document is in the second half; a book is cut into pages first."""
    texts: list[str] = []
    size = 0
    for row in read_jsonl(ROOT / f"{name}.jsonl.zst"):
        text = row["text"].encode(errors="replace").decode()
        texts += [text[at : at + 10_000] for at in range(0, len(text), 10_000)]
        size += len(text)
        if size > num_bytes:
            break
    return texts[::2], texts[1::2]


def ours(tokenizer_json: bytes, halves: tuple[list[str], list[str]]) -> float:
    """Processor seconds for the second half."""
    from tests.oracles.pretokens import buffers
    from tokenizer.bpe_encode import FastEncoder

    fast = FastEncoder.of(tokenizer_json)
    assert fast is not None
    fast.encode(*buffers(["compile"]))
    for half in halves:
        text = buffers(half)
        began = time.process_time()
        fast.encode(*text)
        taken = time.process_time() - began
    return taken


def library(tokenizer_json: bytes, halves: tuple[list[str], list[str]]) -> float:
    """Processor seconds of tokenizers.encode_batch_fast for the second half, on one thread."""
    from tokenizers import Tokenizer

    tokenizer: Tokenizer = Tokenizer.from_str(tokenizer_json.decode())
    for half in halves:
        began = time.process_time()
        tokenizer.encode_batch_fast(half, add_special_tokens=False)
        taken = time.process_time() - began
    return taken


def tiktoken(python: str, tokenizer_json: bytes, halves: tuple[list[str], list[str]]) -> float | None:
    """Processor seconds of tiktoken for the second half, or None where `python` lacks it.

    Its ranks are the 256 bytes, then what each merge makes, in order: the ids differ, the merges do not.
    """
    from tokenizer.bpe_encode import _BYTE_OF
    from tokenizer.pretokenize import PATTERNS

    made = ["".join(merge.split(" ") if isinstance(merge, str) else merge) for merge in _merges(tokenizer_json)]
    vocab = [[_BYTE_OF[character] for character in token] for token in dict.fromkeys([*_BYTE_OF, *made])]
    with tempfile.TemporaryDirectory() as folder:
        script, data = Path(folder, "peer.py"), Path(folder, "data.json")
        script.write_text(TIKTOKEN)
        data.write_text(json.dumps([halves, vocab, PATTERNS["gpt2"].regex]))
        run = subprocess.run([python, str(script), str(data)], capture_output=True, text=True, check=False)
    return float(run.stdout) if run.returncode == 0 else None


def _merges(tokenizer_json: bytes) -> list[str]:
    merges: list[str] = json.loads(tokenizer_json)["model"]["merges"]
    return merges


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=20, help="of each text at most")
    parser.add_argument("--peers", default="python3", help="a Python that has tiktoken")
    chosen = parser.parse_args()
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    tokenizer_json = vocabulary()
    print(f"{'':28}{'MB':>6}{'ours MB/s':>11}{'tokenizers':>12}{'times':>7}{'tiktoken':>10}{'times':>7}")
    for name in TEXTS:
        halves = halves_of(name, chosen.megabytes * 1_000_000)
        megabytes = sum(len(text.encode()) for text in halves[1]) / 1e6
        taken = ours(tokenizer_json, halves)
        line = f"{name:28}{megabytes:6.1f}{megabytes / taken:11.1f}"
        by_library = library(tokenizer_json, halves)
        line += f"{megabytes / by_library:12.2f}{by_library / taken:7.1f}"
        by_tiktoken = tiktoken(chosen.peers, tokenizer_json, halves)
        line += (
            f"{'absent':>10}" if by_tiktoken is None else f"{megabytes / by_tiktoken:10.2f}{by_tiktoken / taken:7.1f}"
        )
        print(line, flush=True)


if __name__ == "__main__":
    main()
