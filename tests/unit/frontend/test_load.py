"""From a path to one document."""

from pathlib import Path

import pytest

from specc.diagnostics.model import Diagnostics
from specc.errors import InputError, UsageError
from specc.frontend.load import Loaded, load
from specc.paths import KeyPath


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")


def loaded(path: Path, *overrides: str, profiles: tuple[str, ...] = ()) -> Loaded:
    problems = Diagnostics()
    found = load(path, profiles, overrides, problems)
    assert found is not None, problems.found
    return found


def refused(path: Path) -> list[tuple[str, str]]:
    problems = Diagnostics()
    assert load(path, (), (), problems) is None
    return [(d.code, d.place.source.name) for d in problems.found]


def test_a_spec_inherits_all_but_the_name(tmp_path):
    write(tmp_path, parent='name = "parent"\nseed = 1\n[data]\nlimit = 5', child='extends = "parent.toml"\nseed = 2')
    document = loaded(tmp_path / "child.toml").document
    assert document.tree == {"seed": 2, "data": {"limit": 5}}
    assert str(document.origin(KeyPath(("data", "limit")))).endswith("parent.toml:4:9")


def test_a_parent_is_found_beside_its_child(tmp_path):
    (tmp_path / "sub").mkdir()
    write(tmp_path, base="seed = 1")
    write(tmp_path / "sub", middle='extends = "../base.toml"')
    write(tmp_path, top='extends = "sub/middle.toml"')
    assert loaded(tmp_path / "top.toml").document.tree == {"seed": 1}


@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_a_circle_of_specs(tmp_path, name):
    write(tmp_path, a='extends = "b.toml"', b='extends = "./c.toml"', c='extends = "a.toml"')
    assert [code for code, _ in refused(tmp_path / f"{name}.toml")] == ["extends-cycle"]


def test_a_circle_through_a_link(tmp_path):
    write(tmp_path, a='extends = "b.toml"')
    (tmp_path / "b.toml").symlink_to(tmp_path / "a.toml")
    assert [code for code, _ in refused(tmp_path / "a.toml")] == ["extends-cycle"]


def test_a_very_long_chain(tmp_path):
    for i in range(40):
        write(tmp_path, **{f"s{i}": f'extends = "s{i + 1}.toml"'})
    assert [code for code, _ in refused(tmp_path / "s0.toml")] == ["too-deep"]


@pytest.mark.parametrize("parent", ["missing.toml", ".", "notes.txt", "/dev/zero", "a\\u0000b.toml"])
def test_a_parent_that_cannot_be_read(tmp_path, parent):
    write(tmp_path, child=f'extends = "{parent}"')
    assert refused(tmp_path / "child.toml") == [("extends-unreadable", str(tmp_path / "child.toml"))]


@pytest.mark.parametrize("value", ["5", "[]", "{}"])
def test_a_parent_that_is_no_path(tmp_path, value):
    write(tmp_path, child=f"extends = {value}")
    assert [code for code, _ in refused(tmp_path / "child.toml")] == ["wrong-type"]


def test_a_fault_of_a_parent_is_shown_there(tmp_path):
    write(tmp_path, parent="seed =", child='extends = "parent.toml"')
    assert refused(tmp_path / "child.toml") == [("toml-syntax", str(tmp_path / "parent.toml"))]


def test_profiles_of_parents_are_inherited(tmp_path):
    write(tmp_path, parent="[profiles.p]\nseed = 1\n[profiles.q]\nseed = 2", child='extends = "parent.toml"')
    assert loaded(tmp_path / "child.toml", profiles=("p",)).document.tree == {"seed": 1}
    assert loaded(tmp_path / "child.toml", profiles=("p", "q")).document.tree == {"seed": 2}
    assert set(loaded(tmp_path / "child.toml").profiles) == {"p", "q"}


@pytest.mark.parametrize(
    ("override", "tree"),
    [
        ("seed=5", {"seed": 5}),
        ("a.b = 1e-3", {"a": {"b": 1e-3}}),
        ("a.b=true", {"a": {"b": True}}),
        ("a=[1, 2]", {"a": [1, 2]}),
        ('a="5"', {"a": "5"}),
        ("a=warmup(2 epochs) then 1e-3", {"a": "warmup(2 epochs) then 1e-3"}),
        ("a=x = y", {"a": "x = y"}),
        ("a=1\nb = 2", {"a": 1}),
        ("a=", {"a": ""}),
        ('"b.c".d=1', {"b.c": {"d": 1}}),
    ],
)
def test_a_flag_sets_a_value(tmp_path, override, tree):
    write(tmp_path, spec="")
    assert loaded(tmp_path / "spec.toml", override).document.tree == tree


def test_the_last_flag_wins(tmp_path):
    write(tmp_path, spec="seed = 1")
    assert loaded(tmp_path / "spec.toml", "seed=2", "seed=3").document.tree == {"seed": 3}


NO_PATHS = ["seed..=3", ".seed=3", "seed.=3", '"seed=3', "na]me=x", "a.[0]=1", f"{'a.' * 64}a=1"]


@pytest.mark.parametrize("override", ["seed", "=5", "stages[0].lr=1", "", *NO_PATHS, "profiles.p.seed=3", "extends=x"])
def test_a_flag_that_sets_nothing(tmp_path, override):
    write(tmp_path, spec="profiles.p.seed = 1")
    with pytest.raises(UsageError, match="`--set") as caught:
        load(tmp_path / "spec.toml", (), (override,), Diagnostics())
    assert caught.value.help


def test_what_a_flag_adds_is_placed_at_the_flag(tmp_path):
    write(tmp_path, spec="a.b = 1")
    document = loaded(tmp_path / "spec.toml", "a.c.d=2").document
    by = {str(path): origin.by for path, origin in document.origins.items()}
    assert by == {"a": "file", "a.b": "file", "a.c": "flag --set", "a.c.d": "flag --set"}


def test_a_profile_that_is_not_there(tmp_path):
    write(tmp_path, spec="[profiles.demo]\nseed = 1")
    with pytest.raises(UsageError) as caught:
        load(tmp_path / "spec.toml", ("dem",), (), Diagnostics())
    assert caught.value.help == "did you mean `demo`?"


def test_a_profile_that_is_no_table(tmp_path):
    write(tmp_path, spec="profiles.demo = 5")
    problems = Diagnostics()
    load(tmp_path / "spec.toml", (), (), problems)
    assert [d.code for d in problems.found] == ["wrong-type"]


def test_a_file_of_another_kind(tmp_path):
    with pytest.raises(InputError, match="is not a spec"):
        load(tmp_path / "spec.yaml", (), (), Diagnostics())
