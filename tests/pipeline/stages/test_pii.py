import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config import PiiConfig
from pipeline.stages.pii import PLACEHOLDERS, PiiStage, RedactPii
from tests.documents import assert_texts_after, documents
from tests.oracles import pii as oracle

LETTER = "Write to ada@example.com or to 8.8.8.8, not to 192.168.0.1."
REDACTED = "Write to <EMAIL> or to <IP_ADDRESS>, not to 192.168.0.1."


def redact(batch: pa.RecordBatch, *types: str) -> pa.RecordBatch:
    return PiiStage(PiiConfig(types=types or ("email", "ip")))(batch).kept


def test_addresses_become_placeholders_and_nothing_is_dropped():
    verdict = PiiStage(PiiConfig())(documents([LETTER, "nothing", ""]))
    assert verdict.kept.column("text").to_pylist() == [REDACTED, "nothing", ""]
    assert verdict.dropped.num_rows == 0
    assert {name: values.tolist() for name, values in verdict.signals.items()} == {
        "pii.num_email": [1, 0, 0],
        "pii.num_ip": [1, 0, 0],
    }


def test_types_are_the_recipes():
    assert redact(documents([LETTER]), "email").column("text")[0].as_py() == REDACTED.replace("<IP_ADDRESS>", "8.8.8.8")
    assert redact(documents([LETTER]), "ip").column("text")[0].as_py() == REDACTED.replace("<EMAIL>", "ada@example.com")


def test_a_batch_without_addresses_is_passed_on_as_it_is():
    batch = documents(["nothing", "here"])
    assert redact(batch) is batch


def test_edits_are_byte_spans_of_the_text_before():
    (row,) = redact(documents(["é " + LETTER])).to_pylist()
    before, after = ("é " + LETTER).encode(), b""
    at = 0
    for edit, filler in zip(row["edits"], ("<EMAIL>", "<IP_ADDRESS>"), strict=True):
        assert edit["new_length"] == len(filler)
        after += before[at : edit["start"]] + filler.encode()
        at = edit["end"]
    assert (after + before[at:]).decode() == row["text"]
    assert before[row["edits"][0]["start"] : row["edits"][0]["end"]] == b"ada@example.com"


def test_earlier_edits_stand_before_new_ones():
    old = {"start": 50, "end": 52, "new_length": 0}
    batch = documents(["plain", LETTER, LETTER, "plain", "plain"], edits=[[old], [old, old], None, None, []])
    edits = [row["edits"] for row in redact(batch).to_pylist()]
    assert edits[0] == [old]
    assert edits[1][:2] == [old, old]
    assert edits[1][2:] == edits[2]
    assert len(edits[2]) == 2
    assert edits[3:] == [None, []]


def test_conversations_are_redacted_too():
    turns = [
        {"role": "user", "content": "I am ada@example.com", "train": False},
        {"role": "assistant", "content": None, "train": True},
        {"role": "tool", "content": "8.8.8.8", "train": None},
    ]
    batch = documents(["I am ada@example.com\n\n8.8.8.8", "plain", "plain"], messages=[turns, None, []])
    rows = redact(batch.slice(0)).to_pylist()
    assert [turn["content"] for turn in rows[0]["messages"]] == ["I am <EMAIL>", None, "<IP_ADDRESS>"]
    assert [turn["train"] for turn in rows[0]["messages"]] == [False, True, None]
    assert [row["messages"] for row in rows[1:]] == [None, []]
    assert redact(batch.slice(1)).to_pylist() == rows[1:]


def test_placeholders_are_no_addresses():
    (once,) = redact(documents([LETTER])).column("text").to_pylist()
    assert redact(documents([once])).column("text").to_pylist() == [once]
    assert all(oracle.spans(text) == [] for text in PLACEHOLDERS.values())


@settings(deadline=None)
@given(
    docs=st.lists(
        st.lists(st.sampled_from(["ada@example.com", "8.8.8.8", " ", "é", "日", "a", ".", "@"]), max_size=8).map(
            "".join
        ),
        max_size=5,
    ),
    skip=st.integers(0, 2),
)
def test_texts_agree_with_the_oracle_on_any_slice(docs, skip):
    kept = redact(documents(docs).slice(skip))
    kept.validate(full=True)
    assert kept.column("text").to_pylist() == [oracle.redacted(text, *PLACEHOLDERS.values()) for text in docs[skip:]]
    assert kept.schema.equals(documents([]).schema)
    counts = [len(row["edits"] or []) for row in kept.to_pylist()]
    assert counts == [len(oracle.spans(text)) for text in docs[skip:]]


@pytest.mark.parametrize("types", [("phone",), ("e-mail",)])
def test_an_unknown_type_is_refused(types):
    with pytest.raises(ValueError, match="types"):
        PiiConfig(types=types)


def test_the_transform_redacts_as_the_stage_does():
    assert_texts_after(RedactPii(PiiConfig()), [documents([LETTER]), documents(["plain"])], [REDACTED, "plain"])
