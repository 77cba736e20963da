"""A tokenizer's folder: what `transformers.AutoTokenizer.from_pretrained` reads, and what we read of anyone's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from tokenizer.chat import CHATML_TEMPLATE, IM_END, IM_START
from tokenizer.encode import Encoder
from tokenizer.special_tokens import END_OF_TEXT, PAD
from tokenizer.tiktoken_ranks import tiktoken_file

MODEL_INPUT_NAMES = ["input_ids", "attention_mask"]  # transformers 4 gives token_type_ids too, which decoders refuse
MODEL_MAX_LENGTH = 1 << 20  # a tokenizer has no context of its own; its usual 1e30 overflows where C integers are used


def file_contents(tokenizer: Tokenizer) -> dict[str, bytes]:
    """File name to bytes of a trained tokenizer's folder; a chat template is there if its tokens are.

    The class named loads in transformers 4 and 5; tiktoken's ranks are there of byte-level BPE. Nothing in the bytes
    depends on time or place.
    """
    config: dict[str, Any] = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": END_OF_TEXT,
        "pad_token": PAD,
        "model_input_names": MODEL_INPUT_NAMES,
        "model_max_length": MODEL_MAX_LENGTH,
        "clean_up_tokenization_spaces": False,
    }
    tokenizer_json = tokenizer.to_str(pretty=True) + "\n"
    files = {"tokenizer.json": tokenizer_json, "tokenizer_config.json": _json(config)}
    if all(tokenizer.token_to_id(token) is not None for token in (IM_START, IM_END)):
        files["chat_template.jinja"] = CHATML_TEMPLATE
    return {name: text.encode() for name, text in files.items()} | tiktoken_file(tokenizer_json.encode())


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2, sort_keys=True) + "\n"


def load(folder: str | Path) -> Encoder:
    """Encoder of a tokenizer folder, ours or a base model's.

    Raises FileNotFoundError where there is no tokenizer.json, ValueError where it can't be read or no end-of-text token
    is named.
    """
    path = Path(folder) / "tokenizer.json"
    if not path.is_file():
        raise FileNotFoundError(
            f"{folder} holds no tokenizer.json. Name the folder of a model or tokenizer saved with its fast tokenizer "
            "(AutoTokenizer.from_pretrained(...).save_pretrained(...) writes one)."
        )
    named = _read(path.with_name("special_tokens_map.json")) | _read(path.with_name("tokenizer_config.json"))
    eos, pad = _content(named.get("eos_token")), _content(named.get("pad_token"))
    try:
        return Encoder(path.read_bytes(), eos=eos, pad=pad, controls=(IM_START, IM_END))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from None
    except ValueError as error:
        raise ValueError(f"{folder}: {error}") from None
    except Exception as error:  # the tokenizers library raises nothing more telling for what it can't read
        raise _unreadable(path, error) from error


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        return {key: value for key, value in found.items() if value is not None}
    except (ValueError, AttributeError) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> ValueError:
    return ValueError(
        f"{path.parent}: its {path.name} is none that the tokenizers library reads ({error}); save it anew with "
        "AutoTokenizer.from_pretrained(...).save_pretrained(...)"
    )


def _content(token: str | dict[str, Any] | None) -> str | None:
    return token["content"] if isinstance(token, dict) else token
