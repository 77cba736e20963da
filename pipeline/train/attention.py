"""Causal attention within each document of a packed row, under a name that transformers models can be told to use.

transformers 5.23 derives document borders from `position_ids` only while neither a mask nor a cache is given, and
otherwise lets packed documents see each other without a word. Here the borders come from the shard (`seq_lengths`, as
`cu_seq_lens_q`), and a call without them is an error. No mask is built: a backend without a mask function gets none.

Shapes: H = query heads, K = key heads, T = tokens end to end, E = head width, S = pieces.
"""

from __future__ import annotations

import inspect

import torch
from torch import Tensor
from torch.nn import functional as F

from pipeline.train.error import TrainError

BACKEND = "corpusmill_packed"


def register_backend() -> str:
    """Make `BACKEND` known to transformers; returns the name for `attn_implementation`."""
    from transformers import AttentionInterface

    AttentionInterface.register(BACKEND, packed_attention)
    return BACKEND


def packed_attention(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    scaling: float | None = None,
    sliding_window: int | None = None,
    cu_seq_lens_q: Tensor | None = None,
    max_length_q: int | None = None,
    **others: object,
) -> tuple[Tensor, None]:
    """Attention output of shape (1, T, H, E) and no weights; query (1, H, T, E), key and value (1, K, T, E).

    `cu_seq_lens_q` (int32, shape (S + 1,)) bounds the pieces, `max_length_q` is the longest. `sliding_window` counts
    the token itself, as in transformers. Attention dropout, if the base has any, is off: this trainer has none.
    """
    _refuse_what_is_not_done(module, query, attention_mask, cu_seq_lens_q, others)
    assert cu_seq_lens_q is not None
    query, key, value = _one_dtype(query, key, value)
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    if _flash_can(query):
        assert max_length_q is not None
        out = _varlen(query, key, value, cu_seq_lens_q, max_length_q, scale, sliding_window)
    else:
        out = _per_piece(query, key, value, cu_seq_lens_q, scale, sliding_window)
    return out, None


def _refuse_what_is_not_done(
    module: torch.nn.Module, query: Tensor, mask: Tensor | None, borders: Tensor | None, others: dict[str, object]
) -> None:
    if borders is None:
        raise TrainError(
            f"{type(module).__name__} was called without the documents' borders, so packed documents would see each "
            "other; this architecture does not hand keyword arguments to its attention. Use another base."
        )
    unknown = [name for name in ("softcap", "s_aux", "position_bias") if others.get(name) is not None]
    if unknown or mask is not None or query.shape[0] != 1 or others.get("is_causal") is False:
        what = unknown[0] if unknown else "an attention mask, a padded batch or attention to later tokens"
        raise TrainError(
            f"{type(module).__name__} wants {what}, which packed training does not do; use a base with plain causal "
            "attention (Llama, Mistral, Qwen and their like)"
        )


def _one_dtype(query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Rotary embedding leaves queries and keys in fp32 under autocast; the kernels want one type."""
    kind = query.device.type
    dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else value.dtype
    return query.to(dtype), key.to(dtype), value.to(dtype)


def _flash_can(query: Tensor) -> bool:
    """True where torch's variable-length flash kernel runs: a GPU from Ampere on, 16-bit, heads up to 256 wide."""
    if not query.is_cuda or query.dtype not in (torch.bfloat16, torch.float16):
        return False
    return query.shape[-1] <= 256 and torch.cuda.get_device_capability(query.device) >= (8, 0)


def _varlen(
    query: Tensor, key: Tensor, value: Tensor, borders: Tensor, longest: int, scale: float, window: int | None
) -> Tensor:
    """One kernel over all pieces. torch 2.11 has no `enable_gqa`, so key heads are repeated there."""
    from torch.nn.attention.varlen import varlen_attn

    groups = query.shape[1] // key.shape[1]
    options: dict[str, bool] = {}
    if groups > 1 and "enable_gqa" in inspect.signature(varlen_attn).parameters:
        options["enable_gqa"] = True
    elif groups > 1:
        key, value = key.repeat_interleave(groups, dim=1), value.repeat_interleave(groups, dim=1)
    packed = [tensor[0].transpose(0, 1).contiguous() for tensor in (query, key, value)]
    span = (-1 if window is None else window - 1, 0)
    out: Tensor = varlen_attn(*packed, borders, borders, longest, longest, scale=scale, window_size=span, **options)
    return out.unsqueeze(0)


def _per_piece(query: Tensor, key: Tensor, value: Tensor, borders: Tensor, scale: float, window: int | None) -> Tensor:
    """One call per piece: for the CPU, and for what the flash kernel can't do.

    `split` and not slicing: the gradient of a slice is a tensor as long as all pieces together, one per piece.
    """
    lengths = borders.diff().tolist()
    pieces = zip(query.split(lengths, dim=2), key.split(lengths, dim=2), value.split(lengths, dim=2), strict=True)
    grouped = query.shape[1] != key.shape[1]
    outs = []
    for q, k, v in pieces:
        mask = _window_mask(q.shape[2], window, q.device)
        outs.append(
            F.scaled_dot_product_attention(
                q, k, v, attn_mask=mask, is_causal=mask is None, scale=scale, enable_gqa=grouped
            )
        )
    return torch.cat(outs, dim=2).transpose(1, 2).contiguous()


def _window_mask(length: int, window: int | None, device: torch.device) -> Tensor | None:
    if window is None or length <= window:
        return None
    ones = torch.ones(length, length, dtype=torch.bool, device=device)
    return ones.tril().triu(1 - window)
