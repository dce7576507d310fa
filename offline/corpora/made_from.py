"""Which corpus a separator is measured on where no other is asked for: the one that it was made from."""

from offline import keras_import
from offline.corpora.catalog import CORPORA, Corpus, find_corpus
from offline.shipped import TRAINABLE
from realtime.contract.manifest import Manifest

RULES_CORPUS = "bach"
"""What rules are measured on, which were made for any parts: the figures of those that ship are of it."""


def corpus_of(manifest: Manifest) -> Corpus:
    """Return the corpus that a separator was made from, or that of the rules for one of any parts.

    It is told by the name of those that can be trained here, else by what the manifest says.

    Raises:
        ValueError: the manifest names none that is known here.
    """
    if manifest.name in TRAINABLE and find_corpus(TRAINABLE[manifest.name]).parts == manifest.parts:
        return find_corpus(TRAINABLE[manifest.name])
    if not manifest.parts:
        return find_corpus(RULES_CORPUS)
    told = manifest.training.corpus
    for corpus in CORPORA.values():
        if told.startswith(corpus.title):
            return corpus
    for published in keras_import.CORPORA.values():
        if told == published.title:
            return find_corpus(published.key)
    raise ValueError(
        f"{manifest.name} was made from {told!r}, which is no corpus here: say what to measure it on with "
        f"--corpus {'|'.join(CORPORA)}, or --input FOLDER"
    )
