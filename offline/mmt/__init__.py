"""The Multitrack Music Transformer (Dong et al., ICASSP 2023): model, music, training."""
