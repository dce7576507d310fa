import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("matplotlib", reason="pictures need matplotlib: pip install 'concertino[offline]'")

from matplotlib.colors import to_rgb  # after the check for matplotlib

from offline import cli
from offline.cli.picture import piece_names
from offline.demo import save_printed
from offline.picture import (
    COLOURS,
    MIXTURE,
    WRONG,
    Row,
    colour,
    draw_rows,
    save_picture,
)
from offline.score import TICKS, make_piece
from offline.split import load_split
from offline.take import NOBODY, take_of
from tests.contract.tiny import make_sequence, write_plugin

RUNNER = CliRunner()
PARTS = ("soprano", "alto", "tenor", "bass")
MAGIC = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}


@pytest.fixture
def take(made_up):
    return take_of(made_up(1))


def _rows(take, wrong=()):
    given = take.part.copy()
    given[list(wrong)] = (given[list(wrong)] + 1) % 4
    return [Row("Mixture", None), Row("Truth", take.part), Row("Online, x", given, judged=True)]


def test_each_note_has_the_colour_of_its_part_and_the_mixture_has_one(take):
    mixture, truth, _ = draw_rows(take, PARTS, _rows(take)).axes
    found = truth.collections[0].get_facecolors()[:, :3]
    np.testing.assert_allclose(found, [to_rgb(COLOURS[part]) for part in take.part])
    assert {tuple(face[:3]) for face in mixture.collections[0].get_facecolors()} == {to_rgb(MIXTURE)}


def test_wrong_notes_are_outlined_and_counted_and_others_are_not(take):
    online = draw_rows(take, PARTS, _rows(take, wrong=(3, 10))).axes[2]
    notes, around = online.collections
    assert online.get_title("left") == "Online, x: 2 of 48 notes wrong"
    outlined = [path.vertices[0] for path in around.get_paths()]
    np.testing.assert_allclose(outlined, [notes.get_paths()[note].vertices[0] for note in (3, 10)])
    np.testing.assert_allclose(around.get_edgecolors()[0][:3], to_rgb(WRONG))
    assert around.zorder < notes.zorder


def test_a_slip_of_the_finger_is_grey_and_never_wrong(take):
    take.part[5] = NOBODY
    figure = draw_rows(take, PARTS, _rows(take, wrong=(5, 6)))
    assert figure.axes[2].get_title("left") == "Online, x: 1 of 47 notes wrong"
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == [*PARTS, "of no part", "wrong"]


def test_rows_share_one_scale_of_beats_and_octaves(take):
    axes = draw_rows(take, PARTS, _rows(take), first=2, beats=4).axes
    assert {axis.get_xlim() for axis in axes} == {(2.0, 6.0)}
    assert len({axis.get_ylim() for axis in axes}) == 1
    labels = axes[2].yaxis.get_major_formatter().format_ticks([48, 60, 72])
    assert labels == ["C3", "C4", "C5"]


def test_a_picture_shows_and_counts_only_the_notes_that_sound_in_it(take):
    online = draw_rows(take, PARTS, _rows(take, wrong=(0, 47)), first=2, beats=4).axes[2]
    assert online.get_title("left") == "Online, x: 0 of 16 notes wrong"
    with pytest.raises(ValueError, match="from beat 40 to 72: it has 12 beats"):
        draw_rows(take, PARTS, _rows(take), first=40)


def test_both_notes_of_a_unison_can_be_seen():
    unison = take_of(make_piece("x", [[(0, 60, TICKS)], [(0, 60, TICKS)], [(0, 55, TICKS)]]))
    truth = draw_rows(unison, PARTS, [Row("Truth", unison.part)]).axes[0].collections[0]
    spans = [(path.vertices[:, 1].min(), path.vertices[:, 1].max()) for path in truth.get_paths()]
    by_part = dict(zip(unison.part.tolist(), spans, strict=True))
    assert by_part[0][0] == pytest.approx(by_part[1][1])  # the higher part lies on the lower one
    assert by_part[2][1] - by_part[2][0] > by_part[0][1] - by_part[0][0]


def test_texts_do_not_overlap(take):
    figure = draw_rows(take, PARTS, _rows(take, wrong=(1,)), title="A chorale " * 20)
    figure.draw_without_rendering()
    texts = [figure._suptitle, *(axis._left_title for axis in figure.axes), figure.axes[2].xaxis.label]
    boxes = [text.get_window_extent() for text in texts] + [figure.legends[0].get_window_extent()]
    boxes += [label.get_window_extent() for label in figure.axes[2].get_xticklabels()]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    assert all(figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1 for box in boxes)


def test_sixteen_parts_have_sixteen_colours():
    assert len({colour(part) for part in range(16)}) == 16


@pytest.mark.parametrize("suffix", MAGIC)
def test_the_suffix_says_the_format_and_the_same_picture_is_the_same_file(take, tmp_path, suffix):
    paths = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    for path in paths:
        save_picture(draw_rows(take, PARTS, _rows(take), title="$5 & <b> \\frac"), path)
    assert paths[0].read_bytes().startswith(MAGIC[suffix])
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_another_format_is_refused(take, tmp_path):
    with pytest.raises(ValueError, match=r"\.png, \.svg, \.pdf"):
        save_picture(draw_rows(take, PARTS, _rows(take)), tmp_path / "a.gif")


def test_the_command_draws_a_file_as_written_or_as_played(made_up, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_printed(tmp_path / "mine.mid", made_up(1), 80)
    done = RUNNER.invoke(cli.evaluate, ["picture", "mine.mid", "--online", "zone", "--online", "closest"])
    assert (done.exit_code, done.stdout.strip()) == (0, "mine.png")
    played = ["picture", "mine.mid", "--online", "bach-chorale", "--human", "-o", "played.svg"]
    assert RUNNER.invoke(cli.evaluate, played).exit_code == 0
    assert (tmp_path / "mine.png").read_bytes().startswith(MAGIC[".png"])
    assert (tmp_path / "played.svg").is_file()


def test_a_file_of_one_track_is_refused_by_its_name(tmp_path):
    path = tmp_path / "alone.mid"
    save_printed(path, make_piece("alone", [[(0, 60, 24), (24, 62, 24)]]), 80)
    error = RUNNER.invoke(cli.evaluate, ["picture", str(path)]).exception
    assert isinstance(error, ValueError)
    assert str(error).startswith(f"{path}: 1 track has notes")


def test_the_command_draws_a_separator_of_whole_pieces(made_up, tmp_path, monkeypatch):
    model, manifest = make_sequence()
    write_plugin(tmp_path / "models" / "whole", manifest, model.SerializeToString())
    monkeypatch.setenv("CONCERTINO_MODELS", str(tmp_path / "models"))
    save_printed(tmp_path / "mine.mid", made_up(1), 80)
    drawn = ["picture", str(tmp_path / "mine.mid"), "--offline", "whole", "-o", str(tmp_path / "a.svg")]
    assert RUNNER.invoke(cli.evaluate, drawn).exit_code == 0
    drawn[2] = "--online"
    assert "give it with --offline" in str(RUNNER.invoke(cli.evaluate, drawn).exception)


def test_the_command_draws_a_piece_of_the_corpus(chorales, tmp_path):
    path = tmp_path / "a.pdf"
    done = RUNNER.invoke(cli.evaluate, ["picture", "bwv244.25", "--beats", "8", "-o", str(path), "--quiet"])
    assert done.exit_code == 0
    assert path.read_bytes().startswith(MAGIC[".pdf"])


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["bwv244.2"], "no such piece in the corpus bach (bwv244"),
        (["bwv244.25", "--offline", "zone"], "zone is no offline model: give it with --online"),
        (["bwv244.25", "--corpus", "none"], "there is no corpus 'none'"),
        (["bwv244.25", "--from", "900"], "sounds from beat 900"),
    ],
)
def test_what_can_not_be_drawn_is_said(chorales, arguments, reason):
    error = RUNNER.invoke(cli.evaluate, ["picture", *arguments, "--quiet"]).exception
    assert isinstance(error, ValueError)
    assert reason in str(error)


def test_the_shell_completes_the_test_pieces_of_the_corpus():
    class Context:
        params = {"corpus": "bach"}  # noqa: RUF012  # as a context has it

    assert piece_names(Context, "bwv244") == [n for n in load_split().test if n.startswith("bwv244")]
    Context.params = {"corpus": "no such"}
    assert piece_names(Context, "") == []
