"""What other projects need for MinHash signatures of the same documents; run by `bench_minhash.py`, or by hand:

    python peer_minhash.py TEXTS.json

Prints {peer: [seconds of each round]} as JSON, null for a peer that is not installed. Imports nothing of this project,
so that any interpreter with the peers can run it. Each peer is used the fastest way it offers, with 5-word shingles and
112 permutations; where it wants shingles made for it, words are those of `\\w+` on lower-cased text.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

SHINGLE_WORDS, NUM_PERM, NUM_BANDS = 5, 112, 14
ROUNDS = {"datasketch": 5, "datatrove": 3, "rensa": 5}


def shingles(text: str) -> list[str]:
    words = re.findall(r"\w+", text.lower())
    return [" ".join(words[i : i + SHINGLE_WORDS]) for i in range(max(1, len(words) - SHINGLE_WORDS + 1))]


def datasketch(texts: list[str]) -> Callable[[], object]:
    """`MinHash.bulk`, its own affine32 permutations, with xxhash in place of its default SHA-1."""
    import xxhash
    from datasketch import MinHash

    def work() -> object:
        tokens = ([shingle.encode() for shingle in set(shingles(text))] for text in texts)
        return MinHash.bulk(tokens, num_perm=NUM_PERM, seed=1, scheme="affine32", hashfunc=xxhash.xxh32_intdigest)

    return work


def datatrove(texts: list[str]) -> Callable[[], object]:
    """The two calls that `MinhashDedupSignature.run` makes for each document, without its files; hashed with xxhash."""
    from datatrove.pipeline.dedup import MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import MinhashConfig
    from datatrove.utils.hashing import HashConfig

    config = MinhashConfig(
        SHINGLE_WORDS, NUM_BANDS, NUM_PERM // NUM_BANDS, hash_config=HashConfig(precision=64, hash_fc="xxhash")
    )
    step = MinhashDedupSignature(tempfile.gettempdir(), config)

    def work() -> object:
        found = (step.get_shingles(text) for text in texts)
        return [step.get_signature(each) for each in found if each.size]

    return work


def rensa(texts: list[str]) -> Callable[[], object]:
    """One call for all documents, into one matrix."""
    from rensa import RMinHash

    return lambda: RMinHash.digest_matrix_from_token_sets([shingles(text) for text in texts], NUM_PERM, 1)


def main() -> None:
    texts = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    seconds: dict[str, list[float] | None] = {}
    for peer in (datasketch, datatrove, rensa):
        if find_spec(peer.__name__) is None:
            seconds[peer.__name__] = None
            continue
        work = peer(texts[:20])
        work()
        work, taken = peer(texts), []
        for _ in range(ROUNDS[peer.__name__]):
            began = time.process_time()
            work()
            taken.append(time.process_time() - began)
        seconds[peer.__name__] = taken
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
