"""`specc inspect` of any safetensors file."""

import time
from collections.abc import Mapping
from itertools import count

import pytest

from specc.checkpoint.header import MAX_TENSORS
from specc.cli.main import main
from tests.fuzz.crafted.checkpoints import entry, foreign


@pytest.fixture
def lines(tmp_path, capsys):
    """Return what inspects a file whose tensors, of a byte each, have these shapes, and gives the lines about it."""

    def inspected(shapes: Mapping[str, tuple[int, ...]], *flags: str) -> list[str]:
        path = tmp_path / "x.safetensors"
        table = {name: entry(shape=shape, offsets=(at, at + 1)) for at, (name, shape) in zip(count(), shapes.items())}
        path.write_bytes(foreign(table, bytes(len(shapes))))
        assert main(["inspect", str(path), *flags]) == 0
        return capsys.readouterr().out.splitlines()

    return inspected


def test_each_tensor_has_a_line_behind_what_is_said_without_them(lines):
    shapes = {"fc.weight": (1, 1), "steps": (), "bias": (1,)}
    listed = [
        "  U8    1x1                fc.weight",
        "  U8    scalar             steps",
        "  U8    1                  bias",
    ]
    assert lines(shapes, "--tensors") == [*lines(shapes), *listed]


def test_to_list_tensors_costs_less_than_to_read_of_them(lines):
    shapes = {f"blocks.{number}.weight": (1,) for number in range(MAX_TENSORS)}
    began = time.process_time()
    assert len(lines(shapes)) < MAX_TENSORS
    read = time.process_time()
    assert len(lines(shapes, "--tensors")) > MAX_TENSORS
    assert time.process_time() - read < 2 * (read - began)
