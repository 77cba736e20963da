"""Training byte-level BPE from texts: time and memory beside `tokenizers` and rustbpe, at 1/16, 1/4 and all of them.

    taskset -c 1 python -m tests.benchmarks.bench_bpe_train [python of the peers] [vocab size]

A process each, one thread, processor seconds from texts in memory to merges, after a small training that compiles;
memory is the peak less what the process had with the texts in memory. `of that` are the seconds of ours after counting.
"""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

SHARES = (16, 4, 1)
SPECIALS = ("<|endoftext|>", "<|pad|>")
GPT4 = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def corpusmill(texts: Sequence[str], vocab_size: int) -> float:
    """Seconds of training after counting."""
    from tests.oracles.pretokens import buffers
    from tokenizer.bpe_train import train_from_counts
    from tokenizer.pretoken_counts import PretokenCounts

    counts = PretokenCounts()
    counts.add_texts(*buffers(texts), "cl100k")
    began = time.process_time()
    train_from_counts(*counts.table(), vocab_size=vocab_size, pattern="cl100k", special_tokens=SPECIALS)
    return time.process_time() - began


def tokenizers(texts: Sequence[str], vocab_size: int) -> float:
    from tests.oracles.library_bpe import train_bpe

    train_bpe(texts, vocab_size=vocab_size, pretokenizer="gpt4", special_tokens=SPECIALS)
    return 0.0


def rustbpe(texts: Sequence[str], vocab_size: int) -> float:
    import rustbpe  # type: ignore[import-not-found]  # of the peers' environment

    rustbpe.Tokenizer().train_from_iterator(iter(texts), vocab_size - len(SPECIALS), pattern=GPT4)
    return 0.0


def real_corpus() -> list[str]:
    """All plain text that lies beside the project, shuffled so that each share has some of all."""
    from tests.shared_data import shared
    from tests.tokenizer.test_pretokenize import real_files, texts_of

    texts = [text for name in real_files() if name.startswith("corpus/") for text in texts_of(shared(name))]
    random.Random(1).shuffle(texts)
    return texts


TRAINERS = {"corpusmill": corpusmill, "tokenizers": tokenizers, "rustbpe": rustbpe}


def measure(name: str, path: str, vocab_size: int) -> dict[str, float]:
    train = TRAINERS[name]
    train(["a few words to begin with"], 300)
    texts = json.loads(Path(path).read_bytes())
    before = resident_bytes()
    began = time.process_time()
    after_counting = train(texts, vocab_size)
    taken = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"seconds": taken, "after_counting": after_counting, "bytes": peak - before}


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def measured(python: str, name: str, path: str, vocab_size: int) -> dict[str, float] | None:
    """None where the trainer is not there."""
    command = [python, "-m", "tests.benchmarks.bench_bpe_train", "--measure", name, path, str(vocab_size)]
    environment = {**os.environ, "RAYON_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return json.loads(run.stdout.splitlines()[-1]) if run.returncode == 0 else None


def main(python: str = sys.executable, vocab_size: str = "32000") -> None:
    texts = real_corpus()
    print(f"{'trainer':12}{'MB':>8}{'seconds':>10}{'of that':>10}{'times slower':>14}{'peak MB':>10}")
    for share in SHARES:
        part = texts[::share]
        num_bytes = sum(len(text.encode()) for text in part)
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(part, file)
            file.flush()
            best = None
            for name in TRAINERS:
                found = measured(python if name == "rustbpe" else sys.executable, name, file.name, int(vocab_size))
                if found is None:
                    print(f"{name:12}{'absent':>18}")
                    continue
                best = best or found["seconds"]
                of_that = f"{found['after_counting']:10.2f}" if found["after_counting"] else " " * 10
                rates = f"{num_bytes / 1e6:8.1f}{found['seconds']:10.2f}{of_that}{found['seconds'] / best:14.1f}"
                print(f"{name:12}{rates}{found['bytes'] / 1e6:10.0f}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measure(sys.argv[2], sys.argv[3], int(sys.argv[4]))))
    else:
        main(*sys.argv[1:])
