import pytest

from bench.child import ChildError
from bench.render import CHORALE, measure_render
from bench.soundfont import bench_soundfont

pytestmark = pytest.mark.jack


def test_rendering_and_starting_are_measured_as_a_user_runs_them():
    result = measure_render(bench_soundfont(None), CHORALE, "closest", runs=2, notes=5)
    assert result["notes"] > 100
    assert result["times_real_time"] > result["times_real_time_with_start"] > 0
    assert result["start_seconds"]["warm"] > 0
    assert result["rss_mb"] > 50


def test_what_render_refuses_is_told_in_its_own_words(tmp_path):
    broken = tmp_path / "broken.mid"
    broken.write_bytes(b"MThd")
    with pytest.raises((ChildError, ValueError), match="broken"):
        measure_render(bench_soundfont(None), broken, runs=2)
