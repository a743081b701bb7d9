"""Where rows lie, and whether anything is there."""

from types import SimpleNamespace

import pytest

from specc.data.places import places, require_any
from specc.errors import MissingData


def data(source: str = "csv", **location: str) -> SimpleNamespace:
    return SimpleNamespace(source=source, location=location)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (data(train="t.csv", val="v.csv", root="images"), ["train", "val"]),
        (data(path="all.csv", root="images"), ["path"]),
        (data("folder", root="images"), ["root"]),
        (data("folder", train="a", val="b"), ["train", "val"]),
        (data("builtin", dataset="digits"), ["dataset"]),
    ],
)
def test_rows_lie_in_the_splits_or_else_in_one_place(given, found):
    assert list(places(given)) == found


def test_one_manifest_is_enough_to_go_on(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MissingData) as caught:
        require_any(data(train="t.csv", val="v.csv"))
    assert caught.value.message == "there is no file `t.csv`"
    (tmp_path / "v.csv").touch()
    require_any(data(train="t.csv", val="v.csv"))


@pytest.mark.parametrize("given", [data("folder", root="absent"), data("builtin", dataset="digits")])
def test_other_sources_say_for_themselves(given):
    require_any(given)
