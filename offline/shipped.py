"""Which corpus each model that ships was made from: what the commands need to know before torch is loaded."""

from types import MappingProxyType

TRAINABLE = MappingProxyType(
    {
        "bach-lstm": "bach",
        "bach-chorale": "bach",
        "string-quartet": "quartets",
        "orchestra": "orchestra",
        "band": "band",
        "song": "song",
        "game-trio": "nes",
        "pop-band": "lakh",
        "bach-chorale-offline": "bach",
        "string-quartet-offline": "quartets",
        "orchestra-offline": "orchestra",
        "band-offline": "band",
        "song-offline": "song",
        "game-trio-offline": "nes",
        "pop-band-offline": "lakh",
    }
)
"""The separators that can be trained, and the corpus of each; ``offline.models.MODELS`` has the rest."""

CORPUS_KEYS = ("bach", "quartets", "orchestra", "band", "song", "nes", "lakh", "musicnet")
"""The keys of ``offline.corpora.catalog.CORPORA``."""

RULES = ("zone", "split", "closest", "closest-mono")
"""The names in ``offline.drafts.RULES``, which is slow to import; their defaults come from the chorales."""
