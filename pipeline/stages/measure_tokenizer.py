"""What a trained tokenizer does to a sample of its corpus, beside others: figures for the report's Tokenizer section.

documents --by hash of their doc_id--> sample --each tokenizer--> tokens per language and source, use of each token

The sample follows from the documents alone, and every figure is a count, so that they are the same whoever measures.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import UserError
from pipeline.io.dataset import Documents, Ordinals, Shard, read_shard
from pipeline.io.stage_files import tokenizer_file
from pipeline.kernels.buffers import string_view
from pipeline.stages.engine import Engine, Task
from tokenizer.encode import Encoder
from tokenizer.vocabulary import Vocabulary, read_vocabulary

SAMPLE_BYTES = 32 * 2**20
DOCUMENT_CHARS = 2**16  # longer documents are measured by their beginning
LEAST_DOCUMENTS = SAMPLE_BYTES // DOCUMENT_CHARS
MAX_LISTED = 100  # languages and sources, those with most bytes
MAX_CURVES = 5  # languages, those with most tokens
COUNTS = ("documents", "bytes", "words", "fragments")
COLUMNS = ("doc_id", "source", "lang", "text")
NUMBER = re.compile(r"[0-9]+")  # of a source's name: files that differ in these alone share a row
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class MeasureTokenizer:
    """Measure the tokenizer of `tokenizer_dir` and those of `compare` on a share of the documents.

    base_vocab_size: of the tokenizer that this one extends, if it does.
    """

    documents: Documents
    tokenizer_dir: str
    compare: tuple[str, ...]
    share: float
    base_vocab_size: int | None


def measure_tokenizer_job(
    engine: Engine,
    documents: Documents,
    *,
    trained: Mapping[str, Any],
    tokenizer_dir: str,
    compare: Sequence[str],
    work_dir: str,
    key: str,
) -> dict[str, Any]:
    """The figures, as plain counts; `trained` are those of the training: documents, bytes, and base_vocab_size if any.

    Empty where the folder holds no tokenizer.json. Raises UserError for a tokenizer of `compare` that can't be read.
    """
    share = max(SAMPLE_BYTES / max(1, trained["bytes"]), LEAST_DOCUMENTS / max(1, trained["documents"]))
    job = MeasureTokenizer(documents, tokenizer_dir, tuple(compare), share, trained.get("base_vocab_size"))
    task = Task("measure", SAMPLE_BYTES, job)
    sidecar_dir = str(Path(work_dir) / "measure")
    (figures,) = engine.run_tasks(measure, [task], sidecar_dir=sidecar_dir, key=key, label="measure_tokenizer")
    return figures


def measure(job: MeasureTokenizer) -> dict[str, Any]:
    """The figures of `measure_tokenizer_job`."""
    path = Path(job.tokenizer_dir, "tokenizer.json")
    if not path.is_file():
        return {}
    vocabularies = [read_vocabulary(path.read_bytes()), *map(_other, job.compare)]
    names = ["", *job.compare]
    tally = _Tally(vocabularies, names)
    for shard in job.documents.shards:
        for batch in _sample(shard, job.documents.verdicts, job.share):
            tally.add(batch)
    return tally.figures(names, job.base_vocab_size)


def check_compared(paths: Sequence[str]) -> None:
    """Raise UserError for one that can't be read."""
    for path in paths:
        _encoder(_other(path), path)


def _other(path: str) -> Vocabulary:
    try:
        return read_vocabulary(Path(tokenizer_file(path)).read_bytes())
    except (OSError, ValueError) as error:
        raise _not_comparable(path, error) from None


def _encoder(vocabulary: Vocabulary, path: str) -> Encoder:
    try:
        return Encoder(vocabulary.tokenizer_json, eos=vocabulary.any_token, pad=None)
    except Exception as error:  # the tokenizers library raises nothing more telling for what it can't read
        raise _not_comparable(path, error) from error


def _not_comparable(path: str, error: Exception) -> UserError:
    return UserError(
        f"train_tokenizer.compare: {path} is no tokenizer.json nor a folder of one that the tokenizers library reads: "
        f"{error}; save it anew with AutoTokenizer.from_pretrained(...).save_pretrained(...), or leave it out"
    )


def _sample(shard: Shard, verdicts: Sequence[str], share: float) -> Iterator[pa.RecordBatch]:
    """The documents of the sample, each cut to DOCUMENT_CHARS; which ones they are follows from their doc_id."""
    wanted = _wanted(shard, verdicts, share)
    for batch, _ in read_shard(shard, verdicts, COLUMNS, wanted=wanted) if wanted.size else ():
        text = pc.utf8_slice_codeunits(batch.column("text"), 0, DOCUMENT_CHARS)
        yield batch.set_column(batch.schema.get_field_index("text"), "text", text)


def _wanted(shard: Shard, verdicts: Sequence[str], share: float) -> Ordinals:
    found = [
        ordinals[_hash_share(batch.column("doc_id")) < share]
        for batch, ordinals in read_shard(shard, verdicts, ("doc_id",))
    ]
    return np.concatenate(found) if found else np.empty(0, np.int64)


def _hash_share(doc_ids: pa.StringArray) -> npt.NDArray[np.float64]:
    """A number in [0, 1) per document: the last eight of the 32 hex digits of its doc_id, which is a hash."""
    text_B, offsets_D1 = string_view(doc_ids)
    digits_D8 = text_B[offsets_D1[0] : offsets_D1[-1]].reshape(-1, 32)[:, 24:].astype(np.int64)
    digits_D8 -= np.where(digits_D8 >= ord("a"), ord("a") - 10, ord("0"))
    shares: npt.NDArray[np.float64] = digits_D8 @ (16.0 ** -np.arange(1, 9))
    return shares


class _Tally:
    """Counts per language and source for each tokenizer, and how often each token of the first one is used."""

    def __init__(self, vocabularies: Sequence[Vocabulary], names: Sequence[str]) -> None:
        self._vocabularies = vocabularies
        self._encoders = [_encoder(one, name) for one, name in zip(vocabularies, names, strict=True)]
        self._sums: dict[str, dict[str | None, Ints]] = {"lang": {}, "source": {}}
        self._files: dict[str, set[str]] = defaultdict(set)  # sources that differ in numbers alone, by what they share
        size = self._encoders[0].vocab_size
        self._used: dict[str | None, Ints] = defaultdict(lambda: np.zeros(size, np.int64))
        self._is_fragment_V = vocabularies[0].is_fragment(size)

    def add(self, batch: pa.RecordBatch) -> None:
        """Take the documents of a batch with COLUMNS."""
        from pipeline.kernels.words import word_spans  # Numba, at first use

        text = batch.column("text")
        words = word_spans(*string_view(text)).word_offsets_D1
        counts = [np.ones(len(text), np.int64), pc.binary_length(text).to_numpy(), np.diff(words)]
        texts = text.to_pylist()  # the encoders take strings, of a bounded sample
        first, *others = (encoder.encode(texts) for encoder in self._encoders)
        fragments_T1 = np.concatenate([[0], np.cumsum(self._is_fragment_V[first.ids_T])])
        counts.append(np.diff(fragments_T1[first.bounds_D1]))
        counts += [np.diff(one.bounds_D1) for one in (first, *others)]
        counts_DC = np.stack(counts, axis=1).astype(np.int64)
        for source in pc.unique(batch.column("source")).to_pylist():  # one per file of a batch, not per row
            self._files[NUMBER.sub("#", source)].add(source)
        sources = pc.replace_substring_regex(batch.column("source"), NUMBER.pattern, "#")
        for column, values in (("lang", batch.column("lang")), ("source", sources)):
            names, code_D = _coded(values)
            for code, name in enumerate(names):
                sums = self._sums[column].setdefault(name, np.zeros(counts_DC.shape[1], np.int64))
                sums += counts_DC[code_D == code].sum(axis=0)
                if column == "lang":
                    of_T = np.repeat(code_D == code, np.diff(first.bounds_D1))
                    self._used[name] += np.bincount(first.ids_T[of_T], minlength=self._used[name].size)

    def figures(self, names: Sequence[str], base_vocab_size: int | None) -> dict[str, Any]:
        """Everything as lists and whole numbers."""
        languages = _listed(self._sums["lang"])
        total = sum(self._sums["source"].values(), np.zeros(len(COUNTS) + len(names), np.int64))
        ours = self._vocabularies[0]
        curves = _by_most({name: used for name, used in self._used.items() if name is not None})
        every_V = sum(self._used.values(), np.zeros(self._encoders[0].vocab_size, np.int64))
        sizes = ours.sizes(base_vocab_size)
        return {
            "sample": _named("", total),
            "tokenizers": [
                {"path": name, "vocab_size": one.size} for name, one in zip(names, self._vocabularies, strict=True)
            ],
            "languages": languages if set(self._sums["lang"]) - {None} else [],
            "sources": _listed({self._name_of(shared or ""): sums for shared, sums in self._sums["source"].items()}),
            "sizes": sizes,
            "tokens_by_size": {name: ours.tokens_at(sizes, used_V) for name, used_V in {"": every_V, **curves}.items()},
            **ours.use(every_V),
        }

    def _name_of(self, shared: str) -> str:
        files = self._files[shared]
        return shared if len(files) > 1 else next(iter(files))


def _by_most(used: Mapping[str, Ints]) -> dict[str, Ints]:
    """The languages with most tokens."""
    ordered = sorted(used.items(), key=lambda item: (-int(item[1].sum()), item[0]))
    return dict(ordered[:MAX_CURVES])


def _coded(values: pa.Array) -> tuple[list[str | None], Ints]:
    coded = values.dictionary_encode(null_encoding="encode")
    return coded.dictionary.to_pylist(), coded.indices.to_numpy()  # a few names per batch


def _listed(sums: Mapping[str | None, Ints]) -> list[dict[str, Any]]:
    ordered = sorted(sums.items(), key=lambda item: (-int(item[1][1]), item[0] or ""))
    return [_named(name, counts) for name, counts in ordered[:MAX_LISTED]]


def _named(name: str | None, counts: Ints) -> dict[str, Any]:
    """`tokens` has one number per tokenizer, that of the run first; `fragments` are its tokens that cut a character."""
    whole = counts.tolist()
    return {"name": name, **dict(zip(COUNTS, whole, strict=False)), "tokens": whole[len(COUNTS) :]}
