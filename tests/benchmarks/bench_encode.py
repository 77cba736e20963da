"""Encoding text that was not seen before beside tokenizers and tiktoken, one core, the same vocabulary.

    taskset -c 1 python -m tests.benchmarks.bench_encode [--megabytes N] [--rounds N] [--peers PYTHON] [--write FILE]

Each text is halved: everyone encodes the first half, then the second half is timed once, so its words are met as those
of a new text are. A round is that by everyone in turn, each in a process of its own; figures are the medians of rounds,
so that what else the machine does hits all alike. Two vocabularies: GPT-NeoX's (50,280 tokens, mostly English) without
its normaliser and its runs of blanks; and one of 32,000 with o200k's pattern, trained on the first halves. tiktoken,
which keeps no words, has the same ranks, and is absent where PYTHON lacks it.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from tests.datatrove import read_jsonl
from tests.shared_data import ROOT

TEXTS = ("corpus/classic_books", "corpus/20news-bydate-train", "corpus/multilang_news", "lang/udhr")
VOCABULARY = ROOT / "models" / "gpt-neo-test-tokenizer.json"
HEADER = """# Encoding unseen text, one core

{date}, Linux, Python 3.11; tokenizers and tiktoken as in `peers.txt`.

    taskset -c 1 python -m tests.benchmarks.bench_encode --megabytes {megabytes} --rounds {rounds} --peers PYTHON

Every second document of each set, after the others were encoded; MB of UTF-8 a second of processor time, medians of
{rounds} rounds in which everyone had a turn; "times" are medians of the ratios of a round. `fast` is tokenizers'
`encode_batch_fast`, which leaves out where tokens stand. Ids are equal, see `tests/tokenizer/test_encode_parity.py`.
"""
TABLE = """
## {vocabulary}

| text | MB | corpusmill | encode_batch | times | fast | times | tiktoken | times |
|---|---|---|---|---|---|---|---|---|
"""
TRAINED_SIZE, TRAINED_PATTERN = 32_000, "o200k"
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


def neox() -> bytes:
    """GPT-NeoX's tokenizer.json as all can read it."""
    parts = json.loads(VOCABULARY.read_bytes()) | {"normalizer": None}
    parts["added_tokens"] = [token for token in parts["added_tokens"] if token["special"]]
    return json.dumps(parts).encode()


def trained(num_bytes: int) -> bytes:
    """A tokenizer.json of the first halves of all texts."""
    from tests.oracles.pretokens import buffers
    from tokenizer.bpe_train import train_from_counts
    from tokenizer.pretoken_counts import PretokenCounts

    counts = PretokenCounts()
    for name in TEXTS:
        counts.add_texts(*buffers(halves_of(name, num_bytes)[0]), TRAINED_PATTERN)
    made = train_from_counts(
        *counts.table(), vocab_size=TRAINED_SIZE, pattern=TRAINED_PATTERN, special_tokens=["<|end|>"]
    )
    return made.to_str().encode()


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


def library(tokenizer_json: bytes, halves: tuple[list[str], list[str]], method: str) -> float:
    """Processor seconds of `tokenizers` for the second half, on one thread."""
    from tokenizers import Tokenizer

    tokenizer: Tokenizer = Tokenizer.from_str(tokenizer_json.decode())
    for half in halves:
        began = time.process_time()
        getattr(tokenizer, method)(half, add_special_tokens=False)
        taken = time.process_time() - began
    return taken


def encode_batch(tokenizer_json: bytes, halves: tuple[list[str], list[str]]) -> float:
    return library(tokenizer_json, halves, "encode_batch")


def encode_batch_fast(tokenizer_json: bytes, halves: tuple[list[str], list[str]]) -> float:
    return library(tokenizer_json, halves, "encode_batch_fast")


def tiktoken(python: str, tokenizer_json: bytes, halves: tuple[list[str], list[str]]) -> float | None:
    """Processor seconds of tiktoken for the second half, or None where `python` lacks it.

    Its ranks are the 256 bytes, then what each merge makes, in order: the ids differ, the merges do not.
    """
    from tokenizer.byte_level import byte_of, merges_as_pairs
    from tokenizer.pretokenize import PATTERNS, pattern_of

    pattern = pattern_of(json.loads(tokenizer_json)["pre_tokenizer"])
    assert pattern is not None
    made = ["".join(pair) for pair in merges_as_pairs(json.loads(tokenizer_json)["model"])]
    vocab = [[byte_of()[character] for character in token] for token in dict.fromkeys([*byte_of(), *made])]
    with tempfile.TemporaryDirectory() as folder:
        script, data = Path(folder, "peer.py"), Path(folder, "data.json")
        script.write_text(TIKTOKEN)
        data.write_text(json.dumps([halves, vocab, PATTERNS[pattern].regex]))
        run = subprocess.run([python, str(script), str(data)], capture_output=True, text=True, check=False)
    return float(run.stdout) if run.returncode == 0 else None


def apart(function: str, vocabulary: str, name: str, num_bytes: int) -> float:
    """Seconds of `function` in a new process, where nobody's tables lie in the way of another's."""
    arguments = f"open({vocabulary!r}, 'rb').read(), b.halves_of({name!r}, {num_bytes})"
    code = f"from tests.benchmarks import bench_encode as b; print(b.{function}({arguments}))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(run.stdout)


def row(name: str, vocabulary: str, num_bytes: int, rounds: int, peers: str) -> str:
    """A line of the table."""
    halves = halves_of(name, num_bytes)
    megabytes = sum(len(text.encode()) for text in halves[1]) / 1e6
    taken: list[list[float]] = []
    for _ in range(rounds):
        one = [apart(who, vocabulary, name, num_bytes) for who in ("ours", "encode_batch", "encode_batch_fast")]
        by_tiktoken = tiktoken(peers, Path(vocabulary).read_bytes(), halves)
        taken.append(one if by_tiktoken is None else [*one, by_tiktoken])
    cells = [
        f"{megabytes / median(of_one):.{0 if i == 0 else 1}f}" for i, of_one in enumerate(zip(*taken, strict=True))
    ]
    times = [f"{median(one[i] / one[0] for one in taken):.1f}" for i in range(1, len(cells))]
    others = [cell for pair in zip(cells[1:], times, strict=True) for cell in pair]
    return "| " + " | ".join([name, f"{megabytes:.1f}", cells[0], *others, *["absent"] * (6 - len(others))]) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=20, help="of each text at most")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", default="python3", help="a Python that has tiktoken")
    parser.add_argument("--write", type=Path, help="a file for the report")
    chosen = parser.parse_args()
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    report = HEADER.format(date=datetime.date.today(), megabytes=chosen.megabytes, rounds=chosen.rounds)
    print(report, end="", flush=True)
    num_bytes = chosen.megabytes * 1_000_000
    vocabularies = {
        "GPT-NeoX's vocabulary": neox(),
        f"{TRAINED_SIZE:,} tokens trained on the first halves, {TRAINED_PATTERN}'s pattern": trained(num_bytes),
    }
    for title, tokenizer_json in vocabularies.items():
        lines = [TABLE.format(vocabulary=title)]
        print(lines[0], end="", flush=True)
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            Path(file.name).write_bytes(tokenizer_json)
            for name in TEXTS:
                lines.append(row(name, file.name, num_bytes, chosen.rounds, chosen.peers) + "\n")
                print(lines[-1], end="", flush=True)
        report += "".join(lines)
    if chosen.write:
        chosen.write.write_text(report)


if __name__ == "__main__":
    main()
