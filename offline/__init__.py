"""Concertino's study: corpora, training, evaluation and export of the models that ``realtime`` plays."""
