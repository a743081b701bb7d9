"""`specc inspect` of any safetensors file."""

from collections.abc import Mapping
from itertools import count

import pytest

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


def test_nothing_in_a_file_drives_the_terminal(tmp_path, capsys):
    path = tmp_path / "x\x1b[2J.safetensors"
    path.write_bytes(foreign({"fc.weight": entry(shape=(1,), offsets=(0, 1))}, bytes(1)))
    assert main(["inspect", str(path)]) == 0
    assert "x\\x1b[2J.safetensors" in capsys.readouterr().out
