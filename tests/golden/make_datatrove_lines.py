"""Make the golden set of datatrove's line windows: `python tests/golden/make_datatrove_lines.py [--texts FILE] OUT`.

Runs in an environment of its own (datatrove 0.10.1, spacy, zstandard). One row for each document: `text`, and `left`,
what SentenceDedup leaves of it with windows of three lines; null where nothing is left. Documents were written by us.
"""

import argparse
import json
import random
import tempfile
from pathlib import Path

import zstandard
from datatrove.data import Document
from datatrove.pipeline.dedup import SentenceDedupFilter, SentenceDedupSignature, SentenceFindDedups
from datatrove.pipeline.dedup.sentence_dedup import SentDedupConfig

LINES = ["Home", "home!", "Page 1,234 of 5", "page 7 of 12", "Caf\u00e9 \u2014 MENU", "cafe menu", "***"]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--texts", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    texts = json.loads(arguments.texts.read_text()) if arguments.texts else written_texts()
    rows = [{"text": text, "left": left} for text, left in zip(texts, remaining(texts), strict=True)]
    with zstandard.open(arguments.out, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def written_texts() -> list[str]:
    chance = random.Random(11)
    own = (f"line number {i} of its own" for i in range(10**6))
    return [
        "\n".join(chance.choice(LINES) if chance.random() < 0.7 else next(own) for _ in range(chance.randint(1, 30)))
        for _ in range(200)
    ]


def remaining(texts: list[str]) -> list[str | None]:
    config = SentDedupConfig(n_sentences=3, split_sentences=False, min_doc_words=0, min_num_sentences=0)
    with tempfile.TemporaryDirectory() as folder:
        docs = [Document(text=text, id=str(i)) for i, text in enumerate(texts)]
        SentenceDedupSignature(f"{folder}/sigs", config=config).run(iter(docs), 0, 1)
        SentenceFindDedups(f"{folder}/sigs", f"{folder}/dups", config=config).run(None, 0, 1)
        kept = SentenceDedupFilter(f"{folder}/dups", config=config).run(iter(docs), 0, 1)
        left = {int(doc.id): doc.text for doc in kept}
    return [left.get(i) for i in range(len(texts))]


if __name__ == "__main__":
    main()
