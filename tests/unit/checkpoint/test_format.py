"""The file format: readable by any tool, deterministic, and sure to notice damage and malice."""

import hashlib
import os
import random
import time

import numpy as np
import pytest
import safetensors.numpy
import torch
from safetensors import safe_open

from specc.checkpoint.diagnose import diagnose
from specc.checkpoint.format import Encoded, RawTensor, encode, read, read_header, shown, split
from specc.errors import FileFormatError
from tests.fuzz.crafted.checkpoints import entry, foreign, other_formats, refused
from tests.fuzz.sound import forged

METADATA = {"name": "tést", "epoch": 3, "history": [{"loss": 0.5}]}


def raw(array, dtype):
    return RawTensor(dtype, array.shape, memoryview(array))


def small() -> Encoded:
    weight, bias = np.arange(6, dtype=np.float32).reshape(2, 3), np.array([1, 2, 3], np.uint8)
    return encode({"fc.weight": raw(weight, "F32"), "a.bias": raw(bias, "U8")}, {"epoch": 3})


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "x.safetensors"
    path.write_bytes(b"".join(small().chunks()))
    return path


def refusal(path, reader=read_header) -> FileFormatError:
    with pytest.raises(FileFormatError) as caught:
        reader(path)
    assert "\n" not in caught.value.message
    assert caught.value.help
    return caught.value


def test_safetensors_reads_what_we_write(tmp_path):
    arrays = {
        "b.weight": np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32),
        "a.weight": np.random.default_rng(1).normal(size=(7,)),
        "n": np.array(42, np.int64),
        "flag": np.array([True, False, True]),
        "empty": np.zeros((0, 4), np.float32),
    }
    names = {"float32": "F32", "float64": "F64", "int64": "I64", "bool": "BOOL"}
    encoded = encode({name: raw(array, names[str(array.dtype)]) for name, array in arrays.items()}, METADATA)
    path = tmp_path / "x.safetensors"
    path.write_bytes(b"".join(encoded.chunks()))
    assert path.stat().st_size == encoded.size
    loaded = safetensors.numpy.load_file(path)
    assert loaded.keys() == arrays.keys()
    assert all(
        np.array_equal(loaded[name], arrays[name]) and loaded[name].shape == arrays[name].shape for name in arrays
    )
    with safe_open(path, "numpy") as file:
        assert file.metadata()["format"] == "pt"


def test_we_read_what_we_write(saved):
    header, payload = read(saved)
    assert header == read_header(saved)
    assert header.own_metadata == {"epoch": 3}
    assert header.size + header.payload_size == saved.stat().st_size
    tensors = split(header, payload)
    assert np.frombuffer(tensors["fc.weight"].data, np.float32).tolist() == [0, 1, 2, 3, 4, 5]
    assert tensors["a.bias"] == ("U8", (3,), b"\1\2\3")


def test_metadata_comes_back(tmp_path):
    path = tmp_path / "x.safetensors"
    path.write_bytes(b"".join(encode({}, METADATA).chunks()))
    assert read(path)[0].own_metadata == METADATA


def test_we_read_what_safetensors_writes(tmp_path):
    path = tmp_path / "x.safetensors"
    safetensors.numpy.save_file({"w": np.ones((2, 2), np.float16)}, path, {"who": "timm"})
    header, payload = read(path)
    assert header.own_metadata is None
    assert header.payload_sha256 is None
    assert header.tensors["w"].shape == (2, 2)
    assert len(payload) == 8


def test_the_same_content_gives_the_same_bytes():
    tensors = {name: RawTensor("U8", (1,), name.encode()) for name in "abc"}
    first = b"".join(encode(tensors, {"x": 1, "y": 2}).chunks())
    second = b"".join(encode(dict(reversed(tensors.items())), {"y": 2, "x": 1}).chunks())
    assert first == second


def test_every_tensor_is_aligned():
    tensors = {f"t{size}": RawTensor(dtype, (3,), bytes(3 * size)) for size, dtype in enumerate(("U8", "F16"), 1)}
    tensors |= {"wide": RawTensor("F64", (3,), bytes(24)), "half": RawTensor("F32", (3,), bytes(12))}
    encoded = encode(tensors, {})
    assert len(encoded.header) % 8 == 0
    assert [buffer.nbytes for buffer in encoded.buffers] == [24, 12, 6, 3]


@pytest.mark.parametrize(
    "tensor",
    [RawTensor("F32", (2,), bytes(7)), RawTensor("F4", (2,), bytes(1)), RawTensor("U8", (1,) * 9, bytes(1))],
)
def test_the_writer_refuses_what_the_reader_would(tensor):
    with pytest.raises(FileFormatError):
        encode({"w": tensor}, {})


@pytest.mark.parametrize("name", ["", "a b", "../x", "__metadata__", "é", "x" * 257])
def test_the_writer_refuses_unsafe_names(name):
    with pytest.raises(FileFormatError):
        encode({name: RawTensor("U8", (1,), b"x")}, {})


def test_every_flipped_bit_of_the_header_is_noticed(saved):
    header = saved.read_bytes()[: read_header(saved).size]
    with saved.open("r+b", buffering=0) as file:
        for position, byte in enumerate(header):
            for bit in range(8):
                os.pwrite(file.fileno(), bytes([byte ^ 1 << bit]), position)
                with pytest.raises(FileFormatError):
                    read_header(saved)
            os.pwrite(file.fileno(), bytes([byte]), position)
    read(saved)


def test_flipped_bits_of_the_payload_are_noticed(tmp_path):
    path = tmp_path / "x.safetensors"
    path.write_bytes(b"".join(encode({"w": RawTensor("U8", (5000,), bytes(5000))}, {}).chunks()))
    start, draw = read_header(path).size, random.Random(0)
    with path.open("r+b", buffering=0) as file:
        for _ in range(2000):
            position = start + draw.randrange(5000)
            os.pwrite(file.fileno(), bytes([1 << draw.randrange(8)]), position)
            with pytest.raises(FileFormatError, match="weights are damaged"):
                read(path)
            os.pwrite(file.fileno(), b"\0", position)
    read(path)


def test_every_truncation_is_noticed(saved):
    whole = saved.read_bytes()
    for length in range(len(whole)):
        saved.write_bytes(whole[:length])
        refusal(saved)


def test_trailing_bytes_are_noticed(saved):
    saved.write_bytes(saved.read_bytes() + b"\0")
    refusal(saved)


def test_swapped_payloads_are_noticed(saved):
    whole = saved.read_bytes()
    size = read_header(saved).size
    saved.write_bytes(whole[:size] + bytes(len(whole) - size))
    read_header(saved)
    refusal(saved, read)


def test_a_file_that_shrinks_while_it_is_read_is_refused(saved, monkeypatch):
    genuine = os.preadv

    def shrinking(file, buffers, offset):
        count = genuine(file, buffers, offset)
        os.truncate(saved, read_header_size)
        return count

    read_header_size = read_header(saved).size
    monkeypatch.setattr(os, "preadv", shrinking)
    assert "became shorter" in refusal(saved, read).message


@pytest.mark.parametrize("case", refused())
def test_crafted_files_are_refused_quickly(case, tmp_path):
    path = tmp_path / "x.safetensors"
    path.write_bytes(refused()[case])
    before = time.process_time()
    refusal(path)
    assert time.process_time() - before < 2


def test_ten_megabytes_of_metadata_are_read_quickly(tmp_path):
    path = tmp_path / "x.safetensors"
    path.write_bytes(foreign({"__metadata__": {"a": "x" * 10_000_000}}))
    before = time.process_time()
    read_header(path)
    assert time.process_time() - before < 1


EMPTY = f'"payload_sha256":"{hashlib.sha256().hexdigest()}"'


@pytest.mark.parametrize(
    "text",
    [
        *("[]", '{"a":1,"a":2}', '{"payload_sha256":5}', "[" * 5000, "{", '{"a":NaN}'),
        *(f'{{"a":"\\ud800",{EMPTY}}}', f'{{"\\udc00":[],{EMPTY}}}', f'{{"a":[{"[]," * 1_000_000}0],{EMPTY}}}'),
    ],
    ids=range(9),
)
def test_our_metadata_is_checked_behind_a_right_digest(text, tmp_path):
    path = tmp_path / "x.safetensors"
    path.write_bytes(forged({}, text, b""))
    refusal(path)


def test_booleans_are_0_or_1(tmp_path):
    path = tmp_path / "x.safetensors"
    path.write_bytes(foreign({"a": entry("BOOL")}, b"\0\1\xff\0"))
    read_header(path)
    assert "neither true nor false" in refusal(path, read).message


@pytest.mark.parametrize("word", other_formats())
def test_other_formats_are_named(word, tmp_path):
    path = tmp_path / "x.safetensors"
    path.write_bytes(other_formats()[word])
    assert word in refusal(path).message


@pytest.mark.parametrize("legacy", [False, True])
def test_a_file_of_torch_save_is_refused(legacy, tmp_path):
    path = tmp_path / "model.pth"
    torch.save({"w": torch.ones(3)}, path, _use_new_zipfile_serialization=not legacy)
    error = refusal(path)
    assert "torch.save" in error.message
    assert "safetensors" in error.help


def test_a_header_that_starts_like_a_pickle_is_read(tmp_path):
    path = tmp_path / "x.safetensors"
    path.write_bytes(foreign(b"{}".ljust(0x0280)))
    assert path.read_bytes().startswith(b"\x80\x02")
    assert read_header(path).tensors == {}


@pytest.mark.parametrize("size", [40 * 2**30, 70 * 10**9])
def test_a_sparse_file_is_inspected_in_the_time_of_its_header(size, tmp_path):
    path = tmp_path / "x.safetensors"
    start = foreign({"w": entry(shape=(size,), offsets=(0, size))})
    path.write_bytes(start)
    os.truncate(path, len(start) + size)
    before = time.process_time()
    header = read_header(path)
    assert header.payload_size == size
    assert [finding.level for finding in diagnose(header, None)] == ["note", "note"]
    assert time.process_time() - before < 0.5


def test_what_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    for path in (tmp_path, tmp_path / "missing", tmp_path / "pipe", tmp_path / "loop", "/dev/zero", "/proc/self/mem"):
        assert str(path) in refusal(path).message
    for path in ("a\0b", "\ud800", "x" * 5000):
        refusal(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_refused(saved):
    saved.chmod(0)
    assert "permission" in refusal(saved).message


def test_a_symlink_is_followed(saved, tmp_path):
    (tmp_path / "link").symlink_to(saved)
    read(tmp_path / "link")


def test_text_from_outside_is_shown_on_one_short_line():
    assert shown("a\n\x1b[31m\ud800") == "a\\n\\x1b[31m\\ud800"
    assert len(shown("x" * 1000)) == 303
