import os
import subprocess
import sys
from pathlib import Path

import pytest

from realtime.contract.cuda import obstacle
from realtime.host import system
from realtime.host.system import check_system, portaudio_finding

ROOT = Path(__file__).parents[2]

AS_NOBODY = """
import os, resource
from realtime.host.system import memlock_finding, priority_finding
resource.setrlimit(resource.RLIMIT_RTPRIO, (0, 0))
resource.setrlimit(resource.RLIMIT_MEMLOCK, (1 << 20, 1 << 20))
if os.geteuid() == 0:
    os.setuid(65534)
for finding in (priority_finding(), memlock_finding()):
    print(finding.level, finding.found, finding.advice)
"""


def test_every_check_gives_a_finding_on_this_machine():
    findings = {finding.topic: finding for finding in check_system()}
    assert findings["FluidSynth"].level == "ok"
    assert findings["ONNX Runtime"].level == "ok"
    assert "CPU" in findings["ONNX Runtime"].found
    assert len(findings) == 11
    assert all(finding.advice for finding in findings.values() if finding.level != "ok")


def test_a_sounddevice_that_hides_portaudio_is_noted(monkeypatch):
    import sounddevice

    monkeypatch.delattr(sounddevice, "_lib")
    monkeypatch.setattr(sounddevice, "query_hostapis", lambda: [{"name": "ALSA"}])
    monkeypatch.setattr(sounddevice, "get_portaudio_version", lambda: (19 << 16, ""))
    finding = portaudio_finding()
    assert finding.level == "note"
    assert "by a callback in Python" in finding.found


@pytest.mark.skipif(os.name != "posix", reason="a shell's script")
def test_a_gpu_on_which_nothing_runs_is_noted_with_the_reason(monkeypatch, tmp_path):
    if not obstacle():
        pytest.skip("a GPU works here")
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\necho NVIDIA H200\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(system, "_has_distribution", lambda name: name == "onnxruntime-gpu")
    finding = system.gpu_finding()
    assert finding.level == "note"
    assert finding.found == f"NVIDIA H200, not used: {obstacle()}"


@pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
def test_missing_privileges_are_noted_with_the_lines_that_grant_them():
    said = subprocess.run(
        [sys.executable, "-c", AS_NOBODY], cwd=ROOT, capture_output=True, text=True, check=True
    )
    priority, memory = said.stdout.splitlines()
    assert priority.startswith("note SCHED_FIFO 70 is refused (Operation not permitted)")
    assert memory.startswith("note at most 1 MiB")
    assert "@audio - rtprio 95" in priority
    assert "@audio - memlock unlimited" in memory


def test_the_throwaway_thread_leaves_this_one_as_it_was():
    before = os.sched_getscheduler(0)
    list(check_system())
    assert os.sched_getscheduler(0) == before
