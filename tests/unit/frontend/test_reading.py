"""Files that can and cannot be a spec."""

import os
import socket
from pathlib import Path

import pytest

from specc.errors import InputError
from specc.frontend.reading import MAX_BYTES, read_source


def refused(path: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        read_source(path, "x.toml")
    assert caught.value.help
    return caught.value


def test_a_text_and_its_name(tmp_path):
    path = tmp_path / "a.toml"
    path.write_bytes("a = 'é'\r\n".encode())
    assert read_source(path).text == "a = 'é'\r\n"
    assert read_source(path).name == str(path)
    assert read_source(path, "a.toml").name == "a.toml"


def test_a_byte_order_mark_is_not_in_the_text(tmp_path):
    path = tmp_path / "a.toml"
    path.write_bytes(b"\xef\xbb\xbfa = 1")
    assert read_source(path).text == "a = 1"


def test_a_missing_file_has_a_neighbour(tmp_path):
    (tmp_path / "hierarchical.toml").touch()
    error = refused(tmp_path / "hierachical.toml")
    assert error.message == "`x.toml` does not exist"
    assert error.help == f"did you mean `{tmp_path / 'hierarchical.toml'}`?"


def test_a_missing_file_without_a_neighbour(tmp_path):
    assert "no spec" in refused(tmp_path / "a.toml").help
    (tmp_path / "quickstart.toml").touch()
    assert "quickstart.toml" in refused(tmp_path / "zzz").help
    assert "does not exist" in refused(tmp_path / "no" / "a.toml").help


def test_a_directory(tmp_path):
    (tmp_path / "b.specc").touch()
    error = refused(tmp_path)
    assert error.message == "`x.toml` is a directory, not a spec"
    assert "b.specc" in error.help


def test_a_pipe_does_not_wait(tmp_path):
    os.mkfifo(tmp_path / "p")
    assert "is a pipe" in refused(tmp_path / "p").message


def test_a_device():
    assert "is a device" in refused(Path("/dev/zero")).message


def test_a_socket(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        assert "cannot be opened" in refused(Path("s")).message


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs /proc")
def test_a_file_that_cannot_be_read():
    assert "cannot be read" in refused(Path("/proc/self/mem")).message


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000, "\ud800", "loop"])
def test_a_path_that_no_file_has(tmp_path, name):
    (tmp_path / "loop").symlink_to("loop")
    assert "cannot be opened" in refused(tmp_path / name).message


def test_the_size_is_bounded(tmp_path):
    path = tmp_path / "a.toml"
    path.write_bytes(b"#" * MAX_BYTES)
    assert len(read_source(path).text) == MAX_BYTES
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    assert "larger than 1 MiB" in refused(path).message


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_bytes_that_are_not_utf_8_are_named(tmp_path, mark):
    path = tmp_path / "a.toml"
    path.write_bytes(mark + b"a = 1\nb = '\xff'")
    assert f"byte 0xff at offset {11 + len(mark)}, on line 2" in refused(path).message


@pytest.mark.parametrize("encoding", ["UTF-16", "UTF-32"])
def test_other_encodings_are_named(tmp_path, encoding):
    path = tmp_path / "a.toml"
    path.write_bytes("a = 1".encode(encoding))
    assert encoding in refused(path).message
