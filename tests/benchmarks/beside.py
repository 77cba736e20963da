"""Our work and that of peers on the same texts, on one core, as a table of rates."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

ROUNDS = 9


def seconds(work: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """Processor seconds of each round, after one that compiles."""
    work()
    taken = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return taken


def peers(script: str, python: str, texts: Sequence[str]) -> dict[str, list[float] | None]:
    """Seconds of each peer's rounds on the same texts, by name; None where `python` does not have it."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(texts, file)
        file.flush()
        command = [python, str(Path(__file__).with_name(script)), file.name]
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return json.loads(run.stdout.splitlines()[-1])


def print_table(texts: Sequence[str], taken: dict[str, list[float] | None]) -> None:
    """Rates of everyone by the median of their rounds; the first is the one that the others are compared with."""
    num_bytes = sum(len(text.encode()) for text in texts)
    print(f"{len(texts)} documents, {num_bytes / 1e6:.1f} MB")
    print(f"{'':24}{'documents/s':>14}{'MB/s':>10}{'times slower':>14}{'rounds':>8}")
    best = median(next(iter(taken.values())) or [0.0])
    for name, rounds in taken.items():
        if rounds is None:
            print(f"{name:24}{'absent':>14}")
            continue
        middle = median(rounds)
        rates = f"{len(texts) / middle:14,.0f}{num_bytes / 1e6 / middle:10.2f}{middle / best:14.1f}"
        print(f"{name:24}{rates}{len(rounds):8}")
