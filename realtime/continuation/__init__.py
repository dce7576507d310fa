"""Going on from what was played: the Multitrack Music Transformer, live."""
