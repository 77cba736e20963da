"""SentencePiece models, trained by its own library from distinct words and how often each occurs.

Settings are those of Llama's models: no normalisation, so that text comes back as it was; runs of blanks may be pieces;
what has no piece is written in bytes. Words come as SentencePiece's table of frequencies, most frequent first, through
an iterator and in one thread: the model holds no path, and is the same however the words were counted.

Shapes: A = bytes of distinct words end to end, W = distinct words.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer, decoders, models, normalizers

UNKNOWN = "<unk>"
BYTE_PIECES = frozenset(f"<0x{byte:02X}>" for byte in range(256))
MAX_WORD_BYTES = 4192  # SentencePiece's max_sentence_length; longer words are left out
BLANK = "\N{LOWER ONE EIGHTH BLOCK}"  # stands for a blank in pieces

Kind = Literal["bpe", "unigram"]


def train_sentencepiece(
    word_A: npt.NDArray[np.uint8],
    offsets_W1: npt.NDArray[np.int64],
    counts_W: npt.NDArray[np.int64],
    *,
    kind: Kind,
    vocab_size: int,
    special_tokens: Sequence[str],
    character_coverage: float = 0.9995,
    splits_digits: bool = False,
) -> bytes:
    """The model file: ids are the special tokens in the order given, `<unk>`, 256 bytes, pieces.

    Words are those of `tokenizer.space_words`; of the special tokens the first ends a text and the second pads. Too
    little to learn from gives fewer pieces than `vocab_size`. Raises ValueError where the library refuses.
    """
    import sentencepiece

    eos, pad, *others = special_tokens
    model = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(frequency_lines(word_A, offsets_W1, counts_W)),
            model_writer=model,
            input_format="tsv",
            model_type=kind,
            vocab_size=vocab_size,
            hard_vocab_limit=False,
            eos_id=0,
            eos_piece=eos,
            pad_id=1,
            pad_piece=pad,
            bos_id=-1,
            unk_id=len(special_tokens),
            unk_piece=UNKNOWN,
            control_symbols=others,
            byte_fallback=True,
            character_coverage=character_coverage,
            split_digits=splits_digits,
            normalization_rule_name="identity",
            remove_extra_whitespaces=False,
            allow_whitespace_only_pieces=True,
            max_sentence_length=MAX_WORD_BYTES,
            num_threads=1,
            minloglevel=3,
        )
    except (RuntimeError, OSError) as error:
        raise ValueError(_in_words(error, vocab_size)) from None
    return model.getvalue()


def frequency_lines(
    word_A: npt.NDArray[np.uint8], offsets_W1: npt.NDArray[np.int64], counts_W: npt.NDArray[np.int64]
) -> list[str]:
    """`word TAB count`, most frequent first, equal ones by their bytes.

    The library puts a blank before each line, so a word's first blank is left out; a word that begins a line counts
    with those inside of lines. White space but blanks can't be in a piece.
    """
    data, edges = word_A.tobytes(), offsets_W1.tolist()
    counts: dict[bytes, int] = {}
    for w, count in enumerate(counts_W.tolist()):
        word = data[edges[w] : edges[w + 1]]
        if word.isspace() and word.strip(b" "):
            continue
        word = word.removeprefix(b" ")
        if 0 < len(word) <= MAX_WORD_BYTES:
            counts[word] = counts.get(word, 0) + count
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [f"{word.decode()}\t{count}" for word, count in ordered]


def num_long_words(offsets_W1: npt.NDArray[np.int64]) -> int:
    """Distinct words that are too long for the library."""
    return int((np.diff(offsets_W1) > MAX_WORD_BYTES + 1).sum())


def vocab_size_of(model: bytes) -> int:
    """Pieces of a model, bytes and special tokens included."""
    import sentencepiece

    return int(sentencepiece.SentencePieceProcessor(model_proto=model).get_piece_size())


def tokenizer_of_bpe(model: bytes) -> Tokenizer:
    """The `tokenizers` library's tokenizer with the ids of a BPE model that `train_sentencepiece` made.

    SentencePiece joins the neighbours whose joint piece was learned first, however that piece was come by; so there is
    a merge for each way to cut a piece in two others. There is no such twin of a unigram model: where two ways to cut a
    word are as likely, the libraries round differently.
    """
    import sentencepiece

    trained = sentencepiece.SentencePieceProcessor(model_proto=model)
    num_pieces = trained.get_piece_size()
    pieces = [trained.id_to_piece(i) for i in range(num_pieces)]
    controls = [piece for i, piece in enumerate(pieces) if trained.is_control(i)]
    ids = {piece: i for i, piece in enumerate(pieces)}
    learned = [
        p for i, p in enumerate(pieces) if not (trained.is_control(i) or trained.is_unknown(i) or trained.is_byte(i))
    ]
    tokenizer = Tokenizer(models.BPE(ids, _merges(learned, ids), byte_fallback=True, unk_token=UNKNOWN, fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend(BLANK), normalizers.Replace(" ", BLANK)])
    first_blank = decoders.Strip(" ", 1, 0)
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace(BLANK, " "), decoders.ByteFallback(), decoders.Fuse(), first_blank]
    )
    tokenizer.add_special_tokens([*controls, UNKNOWN])
    return tokenizer


def _merges(learned: Sequence[str], ids: dict[str, int]) -> list[tuple[str, str]]:
    known = set(learned)
    return [
        pair
        for piece in learned
        for pair in sorted(
            ((piece[:k], piece[k:]) for k in range(1, len(piece)) if piece[:k] in known and piece[k:] in known),
            key=lambda pair: (ids[pair[0]], ids[pair[1]]),
        )
    ]


def _in_words(error: Exception, vocab_size: int) -> str:
    """What the library says, less where in its source it says so."""
    said = " ".join(str(error).split()).rpartition("] ")[2] or "nothing"
    return f"SentencePiece refuses to train {vocab_size} pieces: {said}"
