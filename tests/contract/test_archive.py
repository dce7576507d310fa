import gzip
import io
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from realtime.contract import archive
from realtime.contract.archive import unpack
from realtime.contract.plugin import PluginError

FILES = {"tiny/manifest.json": b"{}", "tiny/model.onnx": b"graph"}


def make_zip(
    path: Path, files: dict[str, bytes], edit: Callable[[zipfile.ZipInfo], object] | None = None
) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as writer:
        for name, data in files.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            if edit:
                edit(info)
            writer.writestr(info, data)
    return path


def make_tar(
    path: Path, files: dict[str, bytes], edit: Callable[[tarfile.TarInfo], object] | None = None
) -> Path:
    with tarfile.open(path, "w:gz") as writer:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            if edit:
                edit(info)
            writer.addfile(info, io.BytesIO(data))
    return path


MAKERS = {"a.zip": make_zip, "a.tar.gz": make_tar, "a.tgz": make_tar}


@pytest.fixture(params=MAKERS)
def packed(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Path]:
    """Return a maker of archives, of each kind in turn."""
    return lambda files: MAKERS[request.param](tmp_path / request.param, files)


def refusal(source: Path, tmp_path: Path) -> str:
    with pytest.raises(PluginError) as caught:
        unpack(source, tmp_path / "target")
    outside = {path.name for path in tmp_path.iterdir()} - {source.name, "target"}
    assert not outside, f"written outside the target: {outside}"
    return str(caught.value)


def test_an_archive_of_a_folder_is_unpacked(packed, tmp_path):
    folder = unpack(packed(FILES), tmp_path / "target")
    assert folder == tmp_path / "target" / "tiny"
    assert (folder / "model.onnx").read_bytes() == b"graph"


def test_an_archive_without_a_folder_is_unpacked(packed, tmp_path):
    folder = unpack(packed({"manifest.json": b"{}"}), tmp_path / "target")
    assert folder == tmp_path / "target"


@pytest.mark.parametrize(
    "name", ["../evil", "tiny/../../evil", "/evil", "//host/evil", "C:\\evil", "C:evil", "..\\evil"]
)
def test_a_member_that_points_outside_is_refused(packed, tmp_path, name):
    assert "points outside the archive" in refusal(packed({**FILES, name: b"evil"}), tmp_path)


def test_a_link_in_a_zip_is_refused(tmp_path):
    def make_link(info: zipfile.ZipInfo) -> None:
        info.external_attr = (stat.S_IFLNK | 0o777) << 16

    source = make_zip(tmp_path / "a.zip", {"tiny/model.onnx": b"/etc/passwd"}, make_link)
    assert "member 'tiny/model.onnx' is a link or device" in refusal(source, tmp_path)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_a_link_or_device_in_a_tar_is_refused(tmp_path, kind):
    def make_link(info: tarfile.TarInfo) -> None:
        info.type, info.linkname, info.size = kind, "/etc/passwd", 0

    source = make_tar(tmp_path / "a.tar.gz", {"tiny/model.onnx": b""}, make_link)
    assert "member 'tiny/model.onnx' is a link or device" in refusal(source, tmp_path)


def test_a_member_that_is_there_twice_is_refused(tmp_path):
    with tarfile.open(tmp_path / "a.tgz", "w:gz") as writer:
        for _ in range(2):
            writer.addfile(tarfile.TarInfo("tiny/model.onnx"))
    assert "is there twice" in refusal(tmp_path / "a.tgz", tmp_path)


def test_a_member_below_a_file_is_refused(packed, tmp_path):
    assert "archive: damaged" in refusal(packed({"tiny": b"file", "tiny/model.onnx": b""}), tmp_path)


def test_a_long_member_name_is_refused(packed, tmp_path):
    assert "more than 200 characters" in refusal(packed({"x" * 300: b""}), tmp_path)


def test_too_many_members_are_refused(packed, tmp_path):
    assert "more than 64 members" in refusal(packed({f"f{number}": b"" for number in range(65)}), tmp_path)


def test_a_bomb_is_refused_before_it_fills_the_disk(packed, tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_FOLDER_BYTES", 2**20)
    source = packed({"tiny/model.onnx": bytes(2**24)})
    assert source.stat().st_size < 2**17
    assert "archive: more than 1 MiB" in refusal(source, tmp_path)
    assert sum(path.stat().st_size for path in (tmp_path / "target").rglob("*")) < 2**21


def test_a_zip_that_lies_about_a_size_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_FOLDER_BYTES", 2**20)
    source = make_zip(tmp_path / "a.zip", {"tiny/model.onnx": bytes(2**24)})
    data = source.read_bytes()
    source.write_bytes(data.replace((2**24).to_bytes(4, "little"), (100).to_bytes(4, "little")))
    assert "archive: " in refusal(source, tmp_path)


def test_a_huge_tar_header_is_refused_before_it_is_held_in_memory(tmp_path):
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 2**26
    (tmp_path / "a.tgz").write_bytes(gzip.compress(header.tobuf(tarfile.GNU_FORMAT) + bytes(2**26), 1))
    assert "oversized header" in refusal(tmp_path / "a.tgz", tmp_path)


def test_a_long_chain_of_tar_headers_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_FOLDER_BYTES", 2**20)
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 2**19
    link = header.tobuf(tarfile.GNU_FORMAT) + b"x" * 2**19
    end = tarfile.TarInfo("x").tobuf(tarfile.GNU_FORMAT)
    (tmp_path / "a.tgz").write_bytes(gzip.compress(link * 3 + end))
    assert "oversized header" in refusal(tmp_path / "a.tgz", tmp_path)


def test_a_huge_zip_index_is_refused_before_it_is_held_in_memory(tmp_path):
    source = make_zip(tmp_path / "a.zip", {f"{number:0200}": b"" for number in range(6000)})
    assert "oversized header" in refusal(source, tmp_path)


def test_an_encrypted_zip_is_refused(tmp_path):
    source = make_zip(tmp_path / "a.zip", FILES)
    data = bytearray(source.read_bytes())
    at = data.index(b"PK\x01\x02")  # the first entry of the index, whose flags are at 8
    data[at + 8] |= 1
    source.write_bytes(data)
    assert "member 'tiny/manifest.json' is encrypted" in refusal(source, tmp_path)


def test_a_zip_packed_by_a_method_of_unbounded_memory_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_LZMA) as writer:
        writer.writestr("tiny/model.onnx", bytes(1000))
    assert "packed by a method other than deflate" in refusal(tmp_path / "a.zip", tmp_path)


@pytest.mark.parametrize("ending", MAKERS)
def test_a_damaged_archive_is_refused(tmp_path, ending):
    source = MAKERS[ending](tmp_path / ending, {"tiny/model.onnx": os.urandom(10_000)})
    source.write_bytes(source.read_bytes()[:5000])
    assert "archive: damaged" in refusal(source, tmp_path)


def test_an_archive_without_a_manifest_is_refused(packed, tmp_path):
    assert "manifest.json: not in the archive" in refusal(packed({"tiny/model.onnx": b""}), tmp_path)


@pytest.mark.parametrize("name", ["a.rar", "a", "a.tar"])
def test_another_kind_of_file_is_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b"data")
    assert "source: not a folder or a .zip, .tar.gz, .tgz file" in refusal(tmp_path / name, tmp_path)
