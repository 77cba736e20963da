"""A few hundred short texts written for the tests, with every kind of pretoken in them."""

import random

WORDS = ["the", "mill", "grinds", "corn", "into", "flour;", "water", "don't", "1234", "naïve", "麦", "粉", "😀"]
RARE = ["<|im_end|>\n\n", "turns", "wheels,", "times", "é"]


def texts(count: int = 300) -> list[str]:
    """Texts from a fixed seed; the same every time."""
    rng = random.Random(5)
    return [" ".join(rng.choices(WORDS + RARE, k=rng.randint(3, 40))) + rng.choice(["\n", ""]) for _ in range(count)]
