"""The languages that lid.176 can name, for messages before any model is loaded."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from pipeline.errors import UserError

LANGUAGE_CODES = frozenset(
    "af als am an ar arz as ast av az azb ba bar bcl be bg bh bn bo bpy br bs bxr ca cbk ce ceb ckb co cs cv cy da de "
    "diq dsb dty dv el eml en eo es et eu fa fi fr frr fy ga gd gl gn gom gu gv he hi hif hr hsb ht hu hy ia id ie ilo "
    "io is it ja jbo jv ka kk km kn ko krc ku kv kw ky la lb lez li lmo lo lrc lt lv mai mg mhr min mk ml mn mr mrj ms "
    "mt mwl my myv mzn nah nap nds ne new nl nn no oc or os pa pam pfl pl pms pnb ps pt qu rm ro ru rue sa sah sc scn "
    "sco sd sh si sk sl so sq sr su sv sw ta te tg th tk tl tr tt tyv ug uk ur uz vec vep vi vls vo wa war wuu xal xmf "
    "yi yo yue zh".split()
)


def check_languages(codes: Iterable[str]) -> None:
    """Raise UserError for a code that lid.176 never gives, with the nearest one that it does."""
    for code in codes:
        if code not in LANGUAGE_CODES:
            raise UserError(
                f"language.keep: lid.176 has no language {code!r}; did you mean {_nearest(code.lower())!r}? "
                "It writes ISO 639-1 codes where there is one: en, de, zh"
            )


def _nearest(code: str) -> str:
    """The longest code that `code` begins with (english: en, zh-cn: zh), else the most similar one."""
    begins = [known for known in LANGUAGE_CODES if code.startswith(known)]
    return max(begins, key=len, default="") or difflib.get_close_matches(code, sorted(LANGUAGE_CODES), 1, 0.0)[0]
