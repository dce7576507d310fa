from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the networks need torch: pip install 'concertino[offline]'")

from offline.paper.excerpts import make_batch, whole  # noqa: E402  # after the check for torch
from offline.paper.inputs import Encoder, Inputs  # noqa: E402
from offline.paper.networks import NETWORKS, WINDOW, new_network, window_spans  # noqa: E402

torch.set_num_threads(1)  # more only get in each other's way on a model this small


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def _scores(network, piece):
    return network.score([whole(piece, 4)])[0]


@pytest.mark.parametrize(
    ("inputs", "parts", "width"),
    [
        (Inputs(), 4, 49),
        (Inputs(entry_hints=True), 4, 53),
        (Inputs(entry_hints=True, duration=True), 4, 69),
        (Inputs(entry_hints=True, duration=True), 5, 70),
        (Inputs(pitch_hints=True), 4, 49 + 64),
        (Inputs(pitch="number", time="time number", frequency=False), 4, 2),
        (Inputs(time="time number"), 4, 16 + 1 + 1),
        (Inputs(time="beat numbers"), 4, 16 + 2 + 1),
        (Inputs(time="time embedding"), 4, 16 + 16 + 1),
    ],
)
def test_the_inputs_have_the_width_of_the_paper(made_up, inputs, parts, width):
    encoder = Encoder(inputs, parts)
    assert encoder.width == width
    assert encoder(make_batch([whole(made_up(0), parts)])).shape == (1, 48, width)


@pytest.mark.parametrize(
    ("name", "inputs", "weights"),
    [
        # Counted by hand from the sizes: embeddings; per block 4 (in + out + 2) out, and twice the norm's
        # width; the scores. A BiLSTM has two of 64 units in each block.
        (
            "lstm",
            Inputs(),
            (129 + 24) * 16 + 4 * 128 * ((49 + 128 + 2) + 2 * (256 + 2)) + 3 * 256 + 129 * 4,
        ),
        (
            "bilstm",
            Inputs(duration=True, entry_hints=True),
            (129 + 24 + 193) * 16 + 8 * 64 * ((69 + 64 + 2) + 2 * (128 + 64 + 2)) + 3 * 256 + 129 * 4,
        ),
        # Embeddings; to 128; per block 4 of attention, there and back through 256, two norms; the scores.
        (
            "transformer-dec",
            Inputs(),
            (129 + 24) * 16 + 50 * 128 + 3 * (4 * 129 * 128 + 129 * 256 + 257 * 128 + 512) + 129 * 4,
        ),
    ],
)
def test_the_networks_have_the_sizes_of_the_paper(name, inputs, weights):
    assert sum(p.numel() for p in new_network(name, inputs, 4).parameters()) == weights


@pytest.mark.parametrize("name", sorted(NETWORKS))
@pytest.mark.parametrize("chords", [12, 200])  # less and more than a window of the Transformers
def test_later_notes_change_earlier_scores_only_in_offline_networks(made_up, name, chords):
    network, piece = new_network(name, Inputs(duration=True), 4), made_up(0, chords)
    changed_from = len(piece) - 20
    later = np.arange(len(piece)) >= changed_from
    changed = replace(piece, pitch=np.where(later, 127 - piece.pitch, piece.pitch))
    before, after = _scores(network, piece), _scores(network, changed)
    online = not NETWORKS[name][1]
    same = np.abs(before - after)[:changed_from].max() < 1e-6
    assert same == online
    assert (before[changed_from:] != after[changed_from:]).any()


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_padding_changes_no_score(made_up, name):
    network = new_network(name, Inputs(pitch_hints=True, entry_hints=True), 4).eval()
    short, long = whole(made_up(0, chords=3), 4), whole(made_up(1, chords=9), 4)
    alone = network(make_batch([short]))[0]
    together = network(make_batch([short, long]))[0, : len(short)]
    np.testing.assert_allclose(together.detach().numpy(), alone.detach().numpy(), atol=1e-5)


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_pieces_scored_together_come_back_in_their_order(made_up, name):
    network = new_network(name, Inputs(), 4)
    pieces = [whole(made_up(seed, chords), 4) for seed, chords in ((0, 5), (1, 300), (2, 9))]
    for scores, piece in zip(network.score(pieces), pieces, strict=True):
        assert scores.shape == (len(piece), 4)
        np.testing.assert_allclose(scores, network.score([piece])[0], atol=1e-4)


@pytest.mark.parametrize("whole_piece", [True, False])
@pytest.mark.parametrize("notes", [1, WINDOW, WINDOW + 1, 3 * WINDOW // 2, 2345])
def test_windows_cover_every_note_once_with_enough_around_it(notes, whole_piece):
    spans = window_spans(notes, whole_piece)
    assert [note for _, kept in spans for note in kept] == list(range(notes))
    for read, kept in spans:
        assert len(read) == min(notes, WINDOW)
        if read.start:
            assert kept.start - read.start >= WINDOW // (4 if whole_piece else 2)
        if whole_piece and read.stop < notes:
            assert read.stop - kept.stop >= WINDOW // 4


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_a_network_is_told_each_hint(made_up, name):
    network = new_network(name, Inputs(entry_hints=True, pitch_hints=True), 4)
    notes = whole(made_up(0), 4)
    plain = network.score([notes])[0]
    assert (network.score([replace(notes, entry=-notes.entry)])[0] != plain).any()
    assert (network.score([replace(notes, mean=notes.mean + 1)])[0] != plain).any()
