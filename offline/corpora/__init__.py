"""Corpora to train and measure on: where each comes from, who plays what in it, and how it is split."""
