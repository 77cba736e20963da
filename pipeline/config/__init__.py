"""Every setting of a recipe: one frozen tree, unknown keys refused, every default with its source.

`recipe.py` beside this package reads YAML into this tree, `mistakes.py` words what is wrong with it.
"""

from pipeline.config.dedup import (
    ColumnRule,
    ExactDedupConfig,
    KeeperRule,
    KeeperRules,
    NearDedupConfig,
    Tripwires,
)
from pipeline.config.filters import (
    C4Config,
    FineWebConfig,
    FineWebLimits,
    GopherQualityConfig,
    GopherQualityLimits,
    GopherRepetitionConfig,
    GopherRepetitionLimits,
    KeywordsConfig,
    PiiConfig,
    RatiosConfig,
    RatiosLimits,
    RefinedWebConfig,
    UrlListsConfig,
    WordKind,
)
from pipeline.config.inputs import (
    ColumnType,
    EngineConfig,
    Format,
    InputConfig,
    Layout,
)
from pipeline.config.line_dedup import LineDedupConfig
from pipeline.config.models import (
    BestConfig,
    ClassifierConfig,
    ClassifierTrainingConfig,
    LanguageConfig,
    NgramTrainingConfig,
    PerplexityConfig,
)
from pipeline.config.outputs import (
    PACKED_NAME,
    FormatConfig,
    PackConfig,
    ShapeBase,
    TrainConfig,
)
from pipeline.config.recipe import (
    Recipe,
    StageEntry,
)
from pipeline.config.strict import (
    Fraction,
    Names,
    Strict,
)
from pipeline.config.substring_dedup import SubstringDedupConfig
from pipeline.config.tokenizer import TrainTokenizerConfig

__all__ = [
    "PACKED_NAME",
    "BestConfig",
    "C4Config",
    "ClassifierConfig",
    "ClassifierTrainingConfig",
    "ColumnRule",
    "ColumnType",
    "EngineConfig",
    "ExactDedupConfig",
    "FineWebConfig",
    "FineWebLimits",
    "Format",
    "FormatConfig",
    "Fraction",
    "GopherQualityConfig",
    "GopherQualityLimits",
    "GopherRepetitionConfig",
    "GopherRepetitionLimits",
    "InputConfig",
    "KeeperRule",
    "KeeperRules",
    "KeywordsConfig",
    "LanguageConfig",
    "Layout",
    "LineDedupConfig",
    "Names",
    "NearDedupConfig",
    "NgramTrainingConfig",
    "PackConfig",
    "PerplexityConfig",
    "PiiConfig",
    "RatiosConfig",
    "RatiosLimits",
    "Recipe",
    "RefinedWebConfig",
    "ShapeBase",
    "StageEntry",
    "Strict",
    "SubstringDedupConfig",
    "TrainConfig",
    "TrainTokenizerConfig",
    "Tripwires",
    "UrlListsConfig",
    "WordKind",
]
