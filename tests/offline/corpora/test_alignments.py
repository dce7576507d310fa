"""Alignments of recordings with scores: what is read, what is left out, what is refused."""

import json

import numpy as np
import pytest

from offline.corpora.alignments import FOLDER, load_alignments

HEAD = "score_onset_24tpq,score_offset_24tpq,pitch,start_s,end_s\n"


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / FOLDER
    (folder / "aligned").mkdir(parents=True)
    rows = [(0, 24, 60, 1.0, 1.4), (0, 24, 64, 1.0, 1.4), (24, 48, 62, 1.5, 1.9), (36, 48, 60, 1.75, 1.9)]
    text = HEAD + "".join(",".join(map(str, row)) + "\n" for row in rows)
    licences = {"b.csv": "Public Domain", "a.csv": "CC BY 3.0 (someone)", "c.csv": "CC BY-SA 4.0"}
    for name in licences:
        (folder / "aligned" / name).write_text(text)
    index = [{"file": name, "licence": licence} for name, licence in licences.items()]
    (folder / "index.json").write_text(json.dumps(index))
    return tmp_path


def test_a_chord_is_one_onset_and_share_alike_is_left_out(data):
    found = load_alignments(data)
    assert [each.name for each in found] == ["a", "b"]
    np.testing.assert_allclose(found[0].quarter, [0, 1, 1.5])
    np.testing.assert_allclose(found[0].seconds, [1.0, 1.5, 1.75])


def test_a_folder_without_alignments_says_where_they_come_from(tmp_path):
    with pytest.raises(OSError, match="bach-violin-dataset"):
        load_alignments(tmp_path)


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n3,4\n", HEAD, HEAD + "0,24,60,x,1\n24,48,60,2,3\n"])
def test_a_damaged_file_is_refused_by_name(data, text):
    (data / FOLDER / "aligned" / "b.csv").write_text(text)
    with pytest.raises(ValueError, match=r"b\.csv is no alignment"):
        load_alignments(data)


def test_a_damaged_index_is_refused_by_name(data):
    (data / FOLDER / "index.json").write_text('[{"file": "a.csv"}]')
    with pytest.raises(ValueError, match=r"index\.json is damaged"):
        load_alignments(data)
