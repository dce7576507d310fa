import pytest
from msgspec.structs import replace

from offline import keras_import
from offline.corpora.catalog import CORPORA
from offline.corpora.made_from import corpus_of
from offline.shipped import RULES, TRAINABLE
from realtime.contract.library import shipped_folder
from realtime.contract.plugin import load_plugin


def _manifest(name):
    return load_plugin(shipped_folder() / name).manifest


@pytest.mark.parametrize("name", [*TRAINABLE, *RULES])
def test_what_ships_is_measured_on_what_its_manifest_says(name):
    if not (shipped_folder() / name).is_dir():
        pytest.skip("is trained on a copy of the user's")
    manifest = _manifest(name)
    assert corpus_of(manifest).key == TRAINABLE.get(name, "bach")
    assert corpus_of(replace(manifest, name="another")).key == TRAINABLE.get(name, "bach")


@pytest.mark.parametrize("corpus", keras_import.CORPORA.values(), ids=keras_import.CORPORA)
def test_a_published_model_is_measured_on_the_music_that_it_was_made_from(corpus):
    shipped = _manifest("bach-chorale")
    training = replace(shipped.training, corpus=corpus.title)
    found = corpus_of(replace(shipped, name="arranger", parts=corpus.parts, training=training))
    assert found.key == corpus.key
    assert [name.casefold() for name in corpus.parts] == list(found.parts)


def test_one_of_unknown_music_is_measured_where_it_is_said():
    shipped = _manifest("bach-chorale")
    stranger = replace(shipped, name="mine", training=replace(shipped.training, corpus="Wind quintets"))
    with pytest.raises(ValueError, match=r"mine was made from 'Wind quintets'.*--corpus bach\|quartets"):
        corpus_of(stranger)
    assert set(CORPORA) >= {corpus.key for corpus in keras_import.CORPORA.values()}
