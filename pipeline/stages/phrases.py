"""Words and phrases that the keyword rules know without a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pipeline.schema import Float64
from pipeline.stages.word_search import WordSearch, marked_patterns, places_per_document

if TYPE_CHECKING:
    from pipeline.kernels.keywords import MarkedText

# The policy phrases of C4's reference code (tensorflow_datasets/text/c4_utils.py), what NeMo Curator's
# BoilerPlateStringFilter adds to them (of its whole sentences: the part that tells them), and copyright lines.
BOILERPLATE = (
    "terms of use",
    "privacy policy",
    "cookie policy",
    "uses cookies",
    "use of cookies",
    "use cookies",
    "privacy overview",
    "privacy & cookies policy",
    "privacy and cookies policy",
    "necessary cookies are absolutely essential",
    "cookies that may not be particularly necessary",
    "browse this site without changing your cookie settings",
    "all rights reserved",
    "copyright \N{COPYRIGHT SIGN}",
    "copyright (c)",
)

# NeMo Curator takes a document with this for boilerplate as a whole.
FILLER = "lorem ipsum"

# Words that hardly stand in other than pornographic pages. Left out on purpose: medical words, everyday words, and
# milf (the Moro Islamic Liberation Front), xxx (thirty, or something to be done), threesome (golf).
EXPLICIT = tuple(
    " ".join(word.split())
    for word in """
    bareback sex, big tits, blowjob, blowjobs, bukkake, camgirl, camgirls, cam girls, cumshot, cumshots, deepthroat,
    dildo, dildos, erotic massage, escort girl, escort girls, footjob, footjobs, free porn, gangbang, gangbangs,
    gay porn, gloryhole, gloryholes, handjob, handjobs, hardcore porn, hentai, hot babes, live sex, milfs, naked babes,
    naked girls, nude babes, nude girls, porn, porn tube, porn video, porn videos, porno, pornos, pornstar, pornstars,
    sex cam, sex cams, sex chat, sex toys, sex video, sex videos, sexcam, sexcams, sexy babes, titties, webcam sex,
    xxx movies, xxx video, xxx videos
    """.split(",")
)


class Phrases:
    """Counts the words above as whole words, and finds the phrases wherever they stand; both in lower case.

    The text is marked by `our_reading`, and so are explicit_patterns and boilerplate_patterns.
    """

    def __init__(self, boilerplate: Sequence[str] = BOILERPLATE) -> None:
        from pipeline.kernels.keywords import our_reading

        self.explicit_patterns = marked_patterns(EXPLICIT, our_reading())
        self.boilerplate_patterns = marked_patterns((*boilerplate, FILLER), our_reading(), inside_words=True)
        self._explicit = WordSearch(self.explicit_patterns)
        self._boilerplate = WordSearch(self.boilerplate_patterns)
        filler = marked_patterns([FILLER], our_reading(), inside_words=True)[0]
        self._filler = self.boilerplate_patterns.index(filler)

    def explicit_words(self, marked: MarkedText) -> Float64:
        """How many stand in each document: float64, shape (D,)."""
        return places_per_document(self._explicit.find(marked.text_M)[1], marked.offsets_D1).astype(np.float64)

    def boilerplate(self, marked: MarkedText) -> tuple[Float64, Float64]:
        """(share of boilerplate paragraphs, boilerplate lines) of each document: float64, shape (D,).

        Paragraphs are what str.split("\\n\\n") leaves, as in NeMo Curator.
        """
        from pipeline.kernels.keywords import num_lines_with, paragraph_fraction

        pattern_H, start_H = self._boilerplate.find(marked.text_M)
        fraction_D = paragraph_fraction(*marked, start_H)
        fraction_D[places_per_document(start_H[pattern_H == self._filler], marked.offsets_D1) > 0] = 1.0
        return fraction_D, num_lines_with(*marked, start_H).astype(np.float64)
