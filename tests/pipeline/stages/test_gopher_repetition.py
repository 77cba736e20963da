import pytest

from pipeline.config import GopherRepetitionConfig
from pipeline.stages.gopher_repetition import FilterGopherRepetition, GopherRepetitionStage
from tests import datatrove
from tests.documents import assert_texts_after, documents
from tests.spans import spans_of_words

PROSE = (
    "The people of this town are patient, and so is the weather that comes to them from over the quiet hills. Rain in "
    "April, wind in June, long blue evenings after harvest: nobody counts days here, though all know which it is."
)
NUMBERS = " ".join(f"number{i}" for i in range(100))
NAMES_IN_DATATROVE = {
    None: None,
    "empty": "empty_text",
    "dup_para_frac": "too_many_duplicate_paragraphs",
    "dup_para_char_frac": "too_many_duplicate_paragraph_chars",
    "dup_line_frac": "too_many_duplicate_lines",
    "dup_line_char_frac": "too_many_duplicate_line_chars",
    **{f"top_{n}_gram": f"too_many_top_{n}_gram_chars" for n in (2, 3, 4)},
    **{f"duplicated_{n}_n_grams": f"too_many_duplicate_{n}_gram_chars" for n in range(5, 11)},
}


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "empty_text"),
        (PROSE, None),
        ("\n\n".join(["one", "two", "one", "two", NUMBERS]), "too_many_duplicate_paragraphs"),
        ("\n\n".join([PROSE, PROSE, "one", "two", "three"]), "too_many_duplicate_paragraph_chars"),
        ("\n".join(["one", "two", "one", "two", NUMBERS]), "too_many_duplicate_lines"),
        ("\n".join([PROSE, PROSE, "one", "two", "three"]), "too_many_duplicate_line_chars"),
        ("buy now " * 20 + PROSE, "too_many_top_2_gram_chars"),
        (f"{NUMBERS[:400]} {PROSE} {PROSE}", "too_many_duplicate_5_gram_chars"),
    ],
)
def test_rules_drop_what_they_name(text, rule):
    verdict = GopherRepetitionStage(GopherRepetitionConfig())(documents([text]))
    assert [row["rule"] for row in verdict.dropped.to_pylist()] == ([rule] if rule else [])


def test_orders_and_limits_are_the_recipes():
    config = GopherRepetitionConfig(
        max_duplicate_line_fraction=None, max_top_ngram_char_fraction={}, max_duplicate_ngram_char_fraction={7: 0.0}
    )
    stage = GopherRepetitionStage(config)
    assert "too_many_duplicate_lines" not in stage.rules
    assert stage.rules[-1] == "too_many_duplicate_7_gram_chars"
    assert stage.signals[-1] == "gopher_repetition.duplicate_7_gram_char_fraction"
    assert "gopher_repetition.duplicate_line_fraction" in stage.signals
    assert stage(documents([f"{PROSE} {PROSE}"])).reasons() == {"too_many_duplicate_7_gram_chars": 1}


def test_signals_are_those_announced():
    stage = GopherRepetitionStage(GopherRepetitionConfig())
    verdict = stage(documents([PROSE, ""]))
    assert tuple(verdict.signals) == stage.signals
    assert all(values.shape == (2,) for values in verdict.signals.values())


def test_any_batching_gives_the_same_rows():
    texts = [PROSE, "", PROSE * 2, "a\n\na\n\nb", "buy now " * 30]
    stage = GopherRepetitionStage(GopherRepetitionConfig())
    batch = documents(texts)
    whole = stage(batch).dropped.to_pylist()
    assert [row for i in range(len(texts)) for row in stage(batch.slice(i, 1)).dropped.to_pylist()] == whole


def _verdict_given_the_same_words(rows):
    texts, words = [row["text"] for row in rows], [row["words"] for row in rows]
    return GopherRepetitionStage(GopherRepetitionConfig()).judge_words(documents(texts), spans_of_words(texts, words))


def test_datatrove_agrees_on_the_golden_set_given_the_same_words():
    rows = datatrove.read_jsonl(datatrove.GOLDEN)
    verdict = _verdict_given_the_same_words(rows)
    datatrove.assert_same_values(rows, "repetition", verdict.signals)
    expected = [NAMES_IN_DATATROVE[row["repetition_reason"]] for row in rows]
    assert datatrove.reasons(verdict.dropped.to_pylist(), len(rows)) == expected
    assert len(set(expected)) >= 10


@pytest.mark.slow
def test_datatrove_agrees_on_real_documents_given_the_same_words():
    rows = datatrove.real_rows()
    verdict = _verdict_given_the_same_words(rows)
    datatrove.assert_same_values(rows, "repetition", verdict.signals)
    expected = [NAMES_IN_DATATROVE[row["repetition_reason"]] for row in rows]
    assert datatrove.reasons(verdict.dropped.to_pylist(), len(rows)) == expected
    assert len(rows) >= 1000
    assert len(set(expected)) >= 4


def test_the_transform_keeps_what_the_stage_keeps():
    batches = [documents(["", PROSE]), documents([""])]
    assert_texts_after(FilterGopherRepetition(GopherRepetitionConfig()), batches, [PROSE])
