"""What other projects make of the same documents, from text to who is whose copy; run by the benchmarks, or by hand:

    python peer_dedup.py INPUT.json [PEER ...]

INPUT.json: {"shingle_words", "bands", "rows", "seeds", "sets": {name: {"texts": [...], "words": [...]}}}. `words` has
each document's words as this project cuts them, one hexadecimal number per word, so that peers which take words or
shingles compare the very same sets; `texts` is what it was. Prints
{peer: {"seconds": {set: [...]}, "keepers": {set: [[...], ...]}}}, one entry per seed of the permutations, null for a
peer that is not installed. keepers[d] is the document that stays for d, d itself where d stays. Imports nothing of this
project.

datasketch and rensa name candidates; documents joined by any chain of them form a cluster, and its first one stays.
text-dedup and datatrove have their own union-find, and their own choice of who stays.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple


class Sizes(NamedTuple):
    shingle_words: int
    bands: int
    rows: int
    seed: int


def shingles(words: str, n: int) -> list[str]:
    each = words.split()
    return [" ".join(each[i : i + n]) for i in range(max(min(len(each), 1), len(each) - n + 1))]


def firsts(count: int, edges: Iterable[tuple[int, int]]) -> list[int]:
    """The first document of the cluster of each."""
    parent = list(range(count))

    def root(x: int) -> int:
        while parent[x] != x:
            parent[x] = x = parent[parent[x]]
        return x

    for a, b in edges:
        low, high = sorted((root(a), root(b)))
        parent[high] = low
    return [root(d) for d in range(count)]


def datasketch(texts: list[str], words: list[str], sizes: Sizes) -> list[int]:
    """MinHashLSH of the same bands, every document inserted, then asked for its candidates."""
    import xxhash
    from datasketch import MinHash, MinHashLSH

    tokens = [{s.encode() for s in shingles(each, sizes.shingle_words)} for each in words]
    has_words = [d for d, each in enumerate(tokens) if each]
    sketches = MinHash.bulk(
        [tokens[d] for d in has_words],
        num_perm=sizes.bands * sizes.rows,
        seed=sizes.seed,
        scheme="affine32",
        hashfunc=xxhash.xxh32_intdigest,
    )
    lsh = MinHashLSH(num_perm=sizes.bands * sizes.rows, params=(sizes.bands, sizes.rows))
    for d, sketch in zip(has_words, sketches, strict=True):
        lsh.insert(d, sketch, check_duplication=False)
    edges = ((d, other) for d, sketch in zip(has_words, sketches, strict=True) for other in lsh.query(sketch))
    return firsts(len(texts), edges)


def rensa(texts: list[str], words: list[str], sizes: Sizes) -> list[int]:
    """RMinHashLSH of the same bands. Its threshold plays no part in candidates."""
    from rensa import RMinHash, RMinHashLSH

    tokens = [shingles(each, sizes.shingle_words) for each in words]
    has_words = [d for d, each in enumerate(tokens) if each]
    sketches = RMinHash.from_token_sets([tokens[d] for d in has_words], sizes.bands * sizes.rows, sizes.seed)
    lsh = RMinHashLSH(0.8, sizes.bands * sizes.rows, sizes.bands)
    lsh.insert_many(sketches)
    edges = ((has_words[i], has_words[j]) for i, found in enumerate(lsh.query_all(sketches)) for j in found)
    return firsts(len(texts), edges)


def text_dedup(texts: list[str], words: list[str], sizes: Sizes) -> list[int]:
    """`embed_func` of text_dedup.minhash for each document, then the loops of its `main` with its union-find.

    Without the `datasets` that it keeps documents and signatures in, which only cost time; xxh3 in place of SHA-1.
    """
    import numpy as np
    from text_dedup import minhash

    num_perm, prime = sizes.bands * sizes.rows, np.uint64((1 << 61) - 1)
    generator = np.random.RandomState(sizes.seed)
    settings = {
        "num_perm": num_perm,
        "ngram_size": sizes.shingle_words,
        "min_length": 1,
        "hashranges": [(i * sizes.rows, (i + 1) * sizes.rows) for i in range(sizes.bands)],
        "permutations": (
            generator.randint(1, prime, size=(num_perm,), dtype=np.uint64),
            generator.randint(0, prime, size=(num_perm,), dtype=np.uint64),
        ),
        "hash_func": minhash.xxh3_32hash,
        "dtype": np.uint64,
        "max_hash": np.uint32((1 << 32) - 1),
        "modulo_prime": prime,
    }
    tables: list[dict[bytes, set[int]]] = [defaultdict(set) for _ in range(sizes.bands)]
    for d, content in enumerate(words):
        if content.strip():
            for table, band in zip(tables, minhash.embed_func(content, d, **settings)["__signatures__"], strict=True):
                table[band].add(d)
    union_find = minhash.UnionFind()
    for table in tables:
        for cluster in table.values():
            if len(cluster) > 1:
                first = min(cluster)
                for x in cluster:
                    union_find.union(x, first)
    return [union_find.find(d) for d in range(len(texts))]


def text_dedup_script(texts: list[str], words: list[str], sizes: Sizes) -> list[int]:
    """The `main` of text_dedup.minhash as its users run it, with the `datasets` it keeps everything in, and xxh3.

    From a data set on disk to one without the duplicates; in one process (its `num_proc` of 1 starts none).
    """
    import datasets
    from text_dedup import minhash

    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as folder:
        datasets.Dataset.from_dict({"text": words}).save_to_disk(f"{folder}/in")
        command = f"--path {folder}/in --local --output {folder}/out --cache_dir {folder}/cache --column text"
        bands = (
            f"--ngram {sizes.shingle_words} --num_perm {sizes.bands * sizes.rows} --b {sizes.bands} --r {sizes.rows}"
        )
        minhash.main.main(
            [*command.split(), *bands.split(), "--min_length", "1", "--hash_func", "xxh3", "--num_proc", "1"],
            standalone_mode=False,
        )
        return [minhash.uf.find(d) for d in range(len(texts))]


def datatrove(texts: list[str], words: list[str], sizes: Sizes) -> list[int]:
    """MinhashDedupSignature, -Buckets and -Cluster on disk, one rank; its own words and normalisation, xxhash."""
    from datatrove.data import Document
    from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import MinhashConfig
    from datatrove.utils.hashing import HashConfig

    hashes = HashConfig(precision=64, hash_fc="xxhash")
    config = MinhashConfig(*sizes, hash_config=hashes)
    with tempfile.TemporaryDirectory() as folder:
        signatures, pairs, found = (f"{folder}/{name}" for name in ("signatures", "pairs", "found"))
        documents = (Document(text=text, id=str(d)) for d, text in enumerate(texts))
        MinhashDedupSignature(signatures, config).run(documents)
        for band in range(sizes.bands):
            MinhashDedupBuckets(signatures, pairs, config=config).run(None, band, sizes.bands)
        MinhashDedupCluster(pairs, found, config=config, save_cluster_id=True).run()
        return _datatrove_keepers(len(texts), Path(found))


def _datatrove_keepers(count: int, found: Path) -> list[int]:
    import numpy as np

    def read(name: str) -> np.ndarray:
        path = found / name
        return np.fromfile(path, np.uint32).astype(int) if path.exists() else np.empty(0, int)

    removed = set(read("000000.remove").tolist())
    clusters = dict(read("000000.clusters").reshape(-1, 2).tolist())
    stays = {cluster: d for d, cluster in clusters.items() if d not in removed}
    return [stays[clusters[d]] if d in clusters else d for d in range(count)]


PEERS = {"datasketch": datasketch, "rensa": rensa, "text-dedup": text_dedup, "datatrove": datatrove}
SCRIPTS = {"text-dedup script": text_dedup_script}  # only where asked for: their answers are those of another peer


def measure(peer: Callable[[list[str], list[str], Sizes], list[int]], given: dict) -> dict[str, dict[str, list]]:
    runs = [Sizes(given["shingle_words"], given["bands"], given["rows"], seed) for seed in given["seeds"]]
    peer(["a b c d e f"] * 2, ["1 2 3 4 5 6"] * 2, runs[0])  # what it loads at its first call
    seconds: dict[str, list[float]] = defaultdict(list)
    keepers: dict[str, list[list[int]]] = defaultdict(list)
    for name, documents in given["sets"].items():
        for sizes in runs:
            began = sum(os.times()[:4])  # of this process and those that it waited for
            keepers[name].append(peer(documents["texts"], documents["words"], sizes))
            seconds[name].append(sum(os.times()[:4]) - began)
    return {"seconds": seconds, "keepers": keepers}


def main() -> None:
    given = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    wanted = sys.argv[2:] or list(PEERS)
    sys.setrecursionlimit(10**6)  # datatrove's and text-dedup's union-find call themselves
    results = {}
    for name in wanted:
        peer = {**PEERS, **SCRIPTS}[name]
        is_here = find_spec(name.split()[0].replace("-", "_")) is not None
        with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):  # what the peers print
            results[name] = measure(peer, given) if is_here else None
    print(json.dumps(results))


if __name__ == "__main__":
    main()
