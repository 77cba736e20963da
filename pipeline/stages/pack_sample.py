"""A sample of a corpus to try an encoder on before all of it is encoded."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from pipeline.io.dataset import Documents, read_shard

SAMPLE_SHARDS = 16
SAMPLE_DOCUMENTS = 512  # an equal part from each shard, one after the other: a row group or two are read
SAMPLE_CHARS = 1 << 20
TEXT_CHARS = 1 << 14  # of one text, so that a book is not the whole sample


def sample_texts(documents: Documents, seed: int) -> list[str]:
    """Begins of some hundred texts, messages among them, a megabyte at most, from where the seed picks.

    Which texts it is depends on the documents, their shards, and the seed alone.
    """
    rng = np.random.default_rng(seed)
    shards = [shard for shard in documents.shards if shard.rows]
    chosen = rng.permutation(len(shards))[:SAMPLE_SHARDS].tolist()
    texts: list[str] = []
    for shard in (shards[i] for i in chosen):
        num_rows = min(SAMPLE_DOCUMENTS // len(chosen), shard.rows)
        first = shard.first_ordinal + int(rng.integers(shard.rows - num_rows + 1))
        wanted = np.arange(first, first + num_rows)
        for batch, _ in read_shard(shard, documents.verdicts, ("text", "messages"), wanted=wanted):
            contents = pc.struct_field(batch.column("messages").flatten(), "content").drop_null()
            for column in (batch.column("text"), contents):
                # the tokenizers library takes Python strings
                texts += pc.utf8_slice_codeunits(column, 0, TEXT_CHARS).to_pylist()
    order = rng.permutation(len(texts)).tolist()
    within = np.cumsum([len(texts[i]) for i in order]) <= SAMPLE_CHARS
    return [texts[i] for i, fits in zip(order, within, strict=True) if fits]
