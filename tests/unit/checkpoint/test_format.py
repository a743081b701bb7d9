"""The file format: readable by any tool, deterministic, and sure to notice damage and malice."""

import json
import os
import random
import time

import numpy as np
import pytest
import safetensors.numpy
import torch
from safetensors import safe_open

from specc.checkpoint.format import MAX_HEADER, Encoded, RawTensor, encode, read, read_header, shown, split
from specc.errors import FileFormatError

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


def foreign(header, payload=b"", length=None) -> bytes:
    """Lay out a file whose header may be anything."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + payload


def entry(dtype="U8", shape=(4,), offsets=(0, 4)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


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


HUGE = 2**62
CRAFTED = {
    "empty file": b"",
    "seven bytes": b"\1" * 7,
    "length 0": foreign(b"", length=0),
    "length 0 with rest": foreign(b"{}", length=0),
    "length 2^63": foreign({}, length=2**63),
    "length 2^64-1": foreign({}, length=2**64 - 1),
    "length past the end": foreign({}, length=3),
    "header over the limit": foreign({}, length=MAX_HEADER + 1),
    "leading space": foreign(b" {}"),
    "byte order mark": foreign(b"\xef\xbb\xbf{}"),
    "UTF-16": foreign("{}".encode("utf-16")),
    "bad UTF-8": foreign(b'{"\xff":1}'),
    "list": foreign(b"[]"),
    "text": foreign(b'"x"'),
    "two objects": foreign(b"{}{}"),
    "NUL behind": foreign(b"{}\0"),
    "NaN": foreign(b'{"a":NaN}'),
    "Infinity": foreign(b'{"a":-Infinity}'),
    "deep list": foreign(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "deep object": foreign(b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    "quotes only": foreign(b'{"' * 1 + b'"' * 1_000_000),
    "escapes only": foreign(b'{"' + b'\\"' * 1_000_000),
    "digits only": foreign(b'{"a":{"shape":[' + b"1," * 1_000_000 + b"1]}}"),
    "million tensors": foreign(b"{" + b",".join(b'"%d":{}' % i for i in range(1_000_000)) + b"}"),
    "overlap": foreign({"a": entry(), "b": entry(offsets=(2, 6))}, bytes(6)),
    "same bytes twice": foreign({"a": entry(), "b": entry()}, bytes(4)),
    "hole": foreign({"a": entry(), "b": entry(offsets=(5, 9))}, bytes(9)),
    "hole at the start": foreign({"a": entry(offsets=(1, 5))}, bytes(5)),
    "empty tensor inside another": foreign({"a": entry(), "b": entry(shape=(0,), offsets=(2, 2))}, bytes(4)),
    "trailing bytes": foreign({"a": entry()}, bytes(5)),
    "missing bytes": foreign({"a": entry()}, bytes(3)),
    "end before start": foreign({"a": entry(offsets=(4, 0))}, bytes(4)),
    "wrong size": foreign({"a": entry(shape=(3,))}, bytes(4)),
    "duplicate tensor": foreign(b'{"a":%b,"a":%b}' % ((json.dumps(entry()).encode(),) * 2), bytes(4)),
    "duplicate key": foreign(b'{"a":{"dtype":"U8","dtype":"U8","shape":[4],"data_offsets":[0,4]}}', bytes(4)),
    "duplicate metadata": foreign(b'{"__metadata__":{"a":"1","a":"2"}}'),
    "huge shape": foreign({"a": entry(shape=(HUGE, HUGE))}, bytes(4)),
    "huge empty shape": foreign({"a": entry(shape=(0, HUGE, HUGE), offsets=(0, 0))}),
    "wrapping shape": foreign({"a": entry(shape=(2**32, 2**32), offsets=(0, 0))}),
    "size 2^63": foreign({"a": entry(shape=(2**63,), offsets=(0, 2**63))}),
    "5000 dimensions": foreign({"a": entry(shape=(1,) * 5000, offsets=(0, 1))}, bytes(1)),
    "9 dimensions": foreign({"a": entry(shape=(1,) * 9, offsets=(0, 1))}, bytes(1)),
    "negative dimension": foreign({"a": entry(shape=(-2, -2))}, bytes(4)),
    "negative offset": foreign({"a": entry(offsets=(-4, 0))}, bytes(4)),
    "bool dimension": foreign({"a": entry(shape=(4, True))}, bytes(4)),
    "float dimension": foreign({"a": entry(shape=(4.0,))}, bytes(4)),
    "text dimension": foreign({"a": entry(shape=("4",))}, bytes(4)),
    "5000 digits": foreign(b'{"a":{"dtype":"U8","shape":[%b],"data_offsets":[0,4]}}' % (b"9" * 5000), bytes(4)),
    "1e999": foreign(b'{"a":{"dtype":"U8","shape":[1e999],"data_offsets":[0,4]}}', bytes(4)),
    "shape is a number": foreign({"a": {**entry(), "shape": 4}}, bytes(4)),
    "three offsets": foreign({"a": entry(offsets=(0, 4, 4))}, bytes(4)),
    "no offsets": foreign({"a": {"dtype": "U8", "shape": [4]}}, bytes(4)),
    "more fields": foreign({"a": {**entry(), "x": 1}}, bytes(4)),
    "tensor is null": foreign({"a": None}),
    "F4 odd": foreign({"a": entry("F4", (3,), (0, 2))}, bytes(2)),
    "F8_E8M0": foreign({"a": entry("F8_E8M0")}, bytes(4)),
    "unknown type": foreign({"a": entry("u8")}, bytes(4)),
    "type is a list": foreign({"a": entry(["U8"])}, bytes(4)),
    "surrogate in a name": foreign(b'{"\\ud800":%b}' % json.dumps(entry()).encode(), bytes(4)),
    "surrogate in metadata": foreign(b'{"__metadata__":{"a":"\\udc00"}}'),
    "escape sequence in a name": foreign({"\x1b[31mred": entry()}, bytes(4)),
    "newline in a name": foreign({"a\n": entry()}, bytes(4)),
    "dots in a name": foreign({"a/../../b": entry()}, bytes(4)),
    "empty name": foreign({"": entry()}, bytes(4)),
    "long name": foreign({"a" * 100_000: entry()}, bytes(4)),
    "metadata is a list": foreign({"__metadata__": []}),
    "metadata holds a number": foreign({"__metadata__": {"a": 1}}),
    "metadata is nested": foreign({"__metadata__": {"a": {"b": "c"}}}),
    "ours without digest": foreign({"__metadata__": {"specc": "{}"}}),
    "ours without text": foreign({"__metadata__": {"header_sha256": "0" * 64}}),
}


@pytest.mark.parametrize("case", CRAFTED)
def test_crafted_files_are_refused_quickly(case, tmp_path):
    path = tmp_path / "x.safetensors"
    path.write_bytes(CRAFTED[case])
    before = time.process_time()
    refusal(path)
    assert time.process_time() - before < 2


def test_ten_megabytes_of_metadata_are_read_quickly(tmp_path):
    path = tmp_path / "x.safetensors"
    path.write_bytes(foreign({"__metadata__": {"a": "x" * 10_000_000}}))
    before = time.process_time()
    read_header(path)
    assert time.process_time() - before < 1


@pytest.mark.parametrize("text", ["[]", '{"a":1,"a":2}', '{"payload_sha256":5}', "[" * 5000, "{", '{"a":NaN}'])
def test_our_metadata_is_checked_behind_a_right_digest(text, tmp_path):
    from specc.checkpoint.format import _header_bytes  # noqa: PLC0415  (a forger has it too)

    path = tmp_path / "x.safetensors"
    path.write_bytes(_header_bytes({}, text))
    refusal(path)


def test_booleans_are_0_or_1(tmp_path):
    path = tmp_path / "x.safetensors"
    path.write_bytes(foreign({"a": entry("BOOL")}, b"\0\1\xff\0"))
    read_header(path)
    assert "neither true nor false" in refusal(path, read).message


@pytest.mark.parametrize(
    ("start", "word"),
    [
        (b"PK\x03\x04\x14\0\0\0", "torch.save"),
        (b"\x80\x04\x95\x10\0\0\0\0\0\0\0}", "pickle"),
        (b"\x80\x02}q\0.", "pickle"),
        (b"\x89HDF\r\n\x1a\n\0\0", "HDF5"),
        (b"GGUF\3\0\0\0\0", "GGUF"),
        (b"\x93NUMPY\1\0v\0", "NumPy"),
        (b"version https://git-lfs.github.com/spec/v1\n", "LFS"),
        (b"<!doctype html><html>", "not a safetensors file"),
    ],
)
def test_other_formats_are_named(start, word, tmp_path):
    path = tmp_path / "x.safetensors"
    path.write_bytes(start)
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


def test_a_sparse_file_of_40_gib_is_inspected_quickly(tmp_path):
    path, size = tmp_path / "x.safetensors", 40 * 2**30
    start = foreign({"w": entry(shape=(size,), offsets=(0, size))})
    path.write_bytes(start)
    os.truncate(path, len(start) + size)
    before = time.process_time()
    assert read_header(path).payload_size == size
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
