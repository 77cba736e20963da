"""What the tests of packing share: an engine without processes, committed documents, a small tokenizer."""

import itertools
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.config import PackConfig
from pipeline.io.dataset import Documents, Shard
from pipeline.schema import document_schema
from pipeline.stages.pack import pack_job
from tests.oracles.library_bpe import train_bpe
from tests.tokenizer.corpus import texts
from tokenizer.files import file_contents

SPECIALS = ("<|endoftext|>", "<|pad|>", "<|im_start|>", "<|im_end|>")
EOS, IM_END = 0, 3


class InProcess:
    """The engine's `run_tasks` in this process, last task first; `tamper` may spoil a result."""

    workers = 1

    def __init__(self, tamper=None):
        self.tamper = tamper or (lambda result: result)

    def run_tasks(self, fn, tasks, *, sidecar_dir, key, label):
        assert len({task.id for task in tasks}) == len(tasks)
        results = {task.id: self.tamper(fn(task.payload)) for task in reversed(tasks)}
        return [results[task.id] for task in tasks]


def document(number: int, text: str, *, source: str = "mill.jsonl", messages=None) -> dict:
    """A DOCUMENT row; messages as (role, content) or (role, content, train)."""
    row = {"doc_id": f"{number:032x}", "source": source, "position": number, "text": text}
    if messages is not None:
        names = ("role", "content", "train")
        row["messages"] = [{**dict.fromkeys(names), **dict(zip(names, m, strict=False))} for m in messages]
    return row


def plain_documents(count: int = 60) -> list[dict]:
    """Plain documents of very different lengths."""
    corpus = texts(count)
    return [document(i, (text + " ") * (1 + 13 * (i % 7 == 0))) for i, text in enumerate(corpus)]


def commit(folder: Path, rows: list[dict], cuts: tuple[int, ...] = ()) -> Documents:
    """Write rows as committed shards with borders at `cuts`."""
    folder.mkdir(parents=True, exist_ok=True)
    shards = []
    edges = [0, *cuts, len(rows)]
    for i, (start, stop) in enumerate(itertools.pairwise(edges)):
        path = folder / f"{i}.parquet"
        schema = document_schema()
        padded = [{name: row.get(name) for name in schema.names} for row in rows[start:stop]]
        pq.write_table(pa.Table.from_pylist(padded, schema), path)
        shards.append(Shard(str(path), stop - start, start, path.stat().st_size))
    return Documents(tuple(shards))


def tokenizer_dir(folder: Path, specials=SPECIALS) -> str:
    """A trained tokenizer's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = train_bpe(texts(), vocab_size=340, pretokenizer="gpt4", special_tokens=specials)
    for name, content in file_contents(tokenizer).items():
        (folder / name).write_bytes(content)
    return str(folder)


def pack(folder: Path, documents: Documents, tokenizer: str, *, engine=None, format=None, seed=0, **settings) -> dict:
    """Run the job into `folder`/packed."""
    config = PackConfig(**{"context_len": 64, "validation_fraction": 0.1, **settings})
    return pack_job(
        engine or InProcess(),
        documents,
        config,
        format,
        tokenizer_dir=tokenizer,
        seed=seed,
        out_dir=str(folder / "packed"),
        work_dir=str(folder / "work"),
        key="key",
        recipe_fingerprint="cafe",
    )


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
