import json

import pytest

from pipeline.io.instruction import conversation, detect_layout, joined_text, layout_fields
from pipeline.io.reasons import BadRecordError, NotADocumentError
from tests.reading import read_bytes


def _turns(layout, **fields):
    return [(turn["role"], turn["content"], turn["train"]) for turn in conversation(layout, fields)]


def test_alpaca_by_hand():
    assert _turns("alpaca", instruction="Add.", input="1 and 2", output="3") == [
        ("user", "Add.\n\n1 and 2", None),
        ("assistant", "3", None),
    ]
    assert _turns("alpaca", instruction="Hi", input="", output="Hello", system="Be kind", history=[["a", "b"]]) == [
        ("system", "Be kind", None),
        ("user", "a", None),
        ("assistant", "b", None),
        ("user", "Hi", None),
        ("assistant", "Hello", None),
    ]


def test_messages_by_hand():
    given = [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "u", "train": False},
        {"role": "assistant", "content": "a", "weight": 1},
        {"role": "assistant", "content": "b", "weight": 0, "train": None},
    ]
    assert [turn[2] for turn in _turns("messages", messages=given)] == [None, False, True, False]


def test_what_is_taken_leaves_the_fields_and_keys_of_a_message_stay():
    fields = {"messages": [{"role": "user", "content": "u", "name": "Ann"}], "topic": "x"}
    assert joined_text(conversation("messages", fields)) == "u"
    assert fields == {"messages": [{"role": "user", "content": "u", "name": "Ann"}], "topic": "x"}
    fields = {"messages": [{"role": "user", "content": "u", "tool_calls": None}]}
    conversation("messages", fields)
    assert fields == {}


GOOD = {"role": "user", "content": "x"}


@pytest.mark.parametrize(
    ("layout", "fields"),
    [
        ("alpaca", {"instruction": "a"}),
        ("alpaca", {"instruction": "a", "output": 3}),
        ("alpaca", {"instruction": "a", "output": "b", "input": ["c"]}),
        ("alpaca", {"instruction": "a", "output": "b", "history": [["c"]]}),
        ("alpaca", {"instruction": "a", "output": "b", "history": "c"}),
        ("messages", {}),
        ("messages", {"messages": []}),
        ("messages", {"messages": "hello"}),
        ("messages", {"messages": [GOOD, "x"]}),
        ("messages", {"messages": [{"role": "robot", "content": "x"}]}),
        ("messages", {"messages": [{"role": ["user"], "content": "x"}]}),
        ("messages", {"messages": [{"role": "user", "content": None}]}),
        ("messages", {"messages": [GOOD | {"tool_calls": [{"id": "1"}]}]}),
        ("messages", {"messages": [GOOD | {"weight": 0.5}]}),
        ("messages", {"messages": [GOOD | {"train": "yes"}]}),
        ("messages", {"messages": [GOOD | {"train": True, "weight": 1}]}),
    ],
)
def test_a_malformed_conversation_is_bad(layout, fields):
    with pytest.raises(BadRecordError, match="bad_messages"):
        conversation(layout, dict(fields))


def test_a_conversation_without_a_word_is_no_document():
    with pytest.raises(NotADocumentError, match="empty_text"):
        conversation("alpaca", {"instruction": "", "input": "", "output": ""})


def test_the_layout_follows_from_field_names():
    assert detect_layout({"instruction", "output", "x"}, "text") == "alpaca"
    assert detect_layout({"messages"}, "text") == "messages"
    assert detect_layout({"messages", "text"}, "text") == "none"
    assert detect_layout({"messages", "text"}, "body") == "messages"
    assert detect_layout({"instruction"}, "text") == "none"
    assert layout_fields("alpaca") == ("instruction", "output")
    assert layout_fields("none") == ()


def test_every_piece_of_a_file_has_the_layout_of_its_first_readable_record(tmp_path):
    turns = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
    records = [{"messages": turns, "n": i} for i in range(40)] + [
        {"text": "plain", "messages": turns},
        {"text": "none"},
    ]
    data = b"broken\n[]\n" + b"".join(json.dumps(r).encode() + b"\n" for r in records)
    found = read_bytes(tmp_path, "a.jsonl", data, "jsonl", slice_bytes=300)
    assert found == read_bytes(tmp_path, "a.jsonl", data, "jsonl")
    assert found.texts == ["q\n\na"] * 41
    assert found.reasons == ["bad_json", "not_an_object", "bad_messages"]
    expected = [turn | {"train": None} for turn in turns]
    assert all(row["messages"] == expected for row in found.documents)
    assert found.documents[0]["meta"] == '{"n": 0}'
    assert found.documents[40]["meta"] == '{"text": "plain"}'


def test_a_named_layout_is_taken_whatever_the_fields(tmp_path):
    data = b'{"text": "t", "instruction": "i", "output": "o"}\n'
    assert read_bytes(tmp_path, "a.jsonl", data, "jsonl").texts == ["t"]
    assert read_bytes(tmp_path, "a.jsonl", data, "jsonl", layout="alpaca").texts == ["i\n\no"]
    plain = read_bytes(tmp_path, "b.jsonl", b'{"instruction": "i", "output": "o"}\n', "jsonl", layout="none")
    assert plain.reasons == ["missing_text"]
