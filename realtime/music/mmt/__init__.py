"""Music as the Multitrack Music Transformer reads it (Dong et al., ICASSP 2023): rows of six fields."""
