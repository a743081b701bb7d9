"""What only the data shows."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from specc.compiler.checks_data.samples import same_images
from specc.compiler.context import Context
from specc.compiler.pipeline import compile_checked
from specc.compiler.validate import validate
from specc.data.columns import Strings
from specc.diagnostics.model import Diagnostic, SpecError
from specc.errors import MissingData

SPEC = """
specc = 1
name = "checks"
model = {{ backbone = "test_resnet", heads = {{ {heads} }} }}
stages = [{{ name = "only", epochs = 1, lr = 1e-3, loss = "{loss}" }}]
[data]
labels = {{ {labels} }}
{data}
"""


def write(name: str, data: str, labels: Mapping[str, str]) -> Path:
    """Write a spec with a head for each label, whose tables are given."""
    path = Path(name)
    parts = {
        "heads": ", ".join(f"{label} = {{}}" for label in labels),
        "loss": " + ".join(f"cross_entropy({label})" for label in labels),
        "labels": ", ".join(f"{label} = {{ {table} }}" for label, table in labels.items()),
    }
    path.write_text(SPEC.format(data=data, **parts))
    return path


def judged(path: Path, *, full: bool = False) -> Context:
    context, problems = validate(path)
    assert context is not None
    assert not problems.found
    context.watch = (lambda images, _: images) if full else None
    with suppress(SpecError):
        compile_checked(context)
    return context


Checked = Callable[..., Context]


@pytest.fixture
def checked(tmp_path, monkeypatch) -> Checked:
    """Validate a spec over manifests, given by their name as lines of `path,kind`."""
    monkeypatch.chdir(tmp_path)

    def run(
        manifests: Mapping[str, str],
        more: str = "",
        header: str = "path,kind",
        *,
        full: bool = False,
        **labels: str,
    ) -> Context:
        data = 'source = "csv"\nimage = "path"\n'
        for name, lines in manifests.items():
            Path(f"{name}.csv").write_text("\n".join([header, *lines.split()]) + "\n")
            data += f'{name} = "{name}.csv"\n'
        return judged(write("checks.toml", data + more, labels or {"kind": ""}), full=full)

    return run


def codes(context: Context) -> list[str]:
    return [d.code for d in context.problems.sorted()]


def only(context: Context) -> Diagnostic:
    (found,) = context.problems.found
    return found


TRAIN = "1.png,oak 2.png,ash"


# Classes


@pytest.mark.parametrize(
    ("kinds", "near"),
    [
        ("oak Oak", True),
        ("7 07", True),
        ("7 7.0", True),
        ("leaf_spot leaf-spot", True),
        ("a A", False),
        ("-1 1", False),
        ("v1 v2", False),
        ("7 7.5", False),
    ],
)
def test_spellings_of_one_class(checked, kinds, near):
    rows = " ".join(f"{i}.png,{kind}" for i, kind in enumerate(kinds.split()))
    assert codes(checked({"train": rows})) == ["near-classes"] * near


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        ([f"id{i}" for i in range(11)], ["all-different"]),
        ([f"id{i}" for i in range(10)], []),
        ([f"id{i}" for i in range(11)] * 2, []),
        ([f"{i}.5" for i in range(11)] * 2, ["measured-class"]),
        ([str(i) for i in range(11)] * 2, []),
        ([f"3.{i}" for i in range(1, 12)] + ["main"] * 2, []),
    ],
)
def test_a_column_that_holds_no_classes(checked, kinds, said):
    rows = " ".join(f"{i}.png,{kind}" for i, kind in enumerate(kinds))
    assert codes(checked({"train": rows})) == said


def test_each_label_and_split_has_its_unseen_classes_told(checked):
    context = checked(
        {"train": "1.png,oak,a 2.png,ash,b", "val": "3.png,elm,c", "test": "4.png,elm,b"},
        header="path,kind,mark",
        kind="",
        mark="",
    )
    headlines = [d.headline for d in context.problems.found]
    assert [line.split(" never")[0] for line in headlines] == [
        "1 class of `kind` in val (1 sample)",
        "1 class of `kind` in test (1 sample)",
        "1 class of `mark` in val (1 sample)",
    ]


def test_an_empty_column_of_validation_is_a_warning(checked):
    found = only(checked({"train": TRAIN, "val": "3.png, 4.png,"}))
    assert (found.code, found.severity) == ("empty-column", "warning")


def test_a_row_may_leave_a_label_out(checked):
    assert codes(checked({"train": f"{TRAIN} 3.png,"})) == []


def test_rare_must_leave_fewer(checked):
    rows = "1.png,oak 2.png,oak 3.png,ash 4.png,ash"
    assert codes(checked({"train": rows}, kind="rare = { oak = 2 }")) == ["idle-rare"]
    assert codes(checked({"train": rows}, kind="rare = { oak = 1 }")) == []


def test_what_a_stratified_split_cannot_share_out(checked):
    many = " ".join(f"{i}.png,{('oak', 'ash')[i % 2]}" for i in range(40))
    split = 'split = "stratified(val = 10%, test = 10%)"'
    assert codes(checked({"path": many}, split)) == []
    context = checked({"path": f"{many} 40.png,elm"}, split)
    assert [d.headline.split(": ")[0] for d in context.problems.found] == [
        "1 class of `kind` has no sample in val",
        "1 class of `kind` has no sample in test",
    ]


# Samples


@pytest.mark.parametrize(
    ("train", "val", "same"),
    [
        ("a.png b.png", "c.png", 0),
        ("a.png b.png", "b.png", 1),
        ("a.png", "x/../a.png", 1),
        ("a..png", "a.png", 0),
        ("a.png", "{here}/a.png", 1),
        ("{here}/a.png", "{here}/b/../a.png", 1),
        ("a.png a.png", "a.png", 1),
        ("a.png a.png b.png b.png", "c.png", 2),
    ],
)
def test_one_file_in_two_rows(tmp_path, monkeypatch, train, val, same):
    monkeypatch.chdir(tmp_path)
    parts = {"train": train, "val": val}
    packed = {split: Strings.pack(paths.format(here=tmp_path).split()) for split, paths in parts.items()}
    assert len(same_images(packed)) == same


def test_a_leak_is_told_with_its_lines(checked):
    found = only(checked({"train": TRAIN, "val": "3.png,oak x/../2.png,ash"}))
    assert (found.code, found.notes) == ("leaked-sample", ("train.csv:3 and val.csv:3",))
    lines = [
        label.place.source.line(label.place.source.line_column(label.place.span.start)[0]) for label in found.labels
    ]
    assert lines == ['val = "val.csv"', 'train = "train.csv"']


def test_the_lines_of_a_divided_manifest(checked):
    rows = " ".join(f"{i}.png,{('oak', 'ash')[i % 2]}" for i in range(20))
    context = checked({"path": f"{rows} 0.png,oak"}, 'split = "stratified(val = 20%)"')
    assert only(context).notes == ("path.csv:2 and path.csv:22",)


def test_an_image_of_two_classes_is_told_once(checked):
    context = checked({"train": f"{TRAIN} 1.png,ash"})
    assert codes(context) == ["contradicting-labels"]
    assert only(context).notes == ("train.csv:2 and train.csv:4",)


def test_a_missing_label_contradicts_nothing(checked):
    assert codes(checked({"train": f"{TRAIN} 1.png,"})) == ["repeated-sample"]


def test_groups_of_a_column_split(checked):
    rows = "1.png,oak,p,train 2.png,ash,q,train 3.png,oak,p,val"
    more = 'split = "column(part)"\ngroup = "plant"'
    assert codes(checked({"path": rows}, more, "path,kind,plant,part")) == ["leaked-group"]
    assert codes(checked({"path": rows.replace("p,val", "r,val")}, more, "path,kind,plant,part")) == []


# Files


def save(name: str, seed: int = 0) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), np.uint8)
    Image.fromarray(pixels).save(name)


def test_no_image_at_all_is_a_remark(checked):
    context = checked({"train": TRAIN})
    assert codes(context) == []
    assert context.remarks == ["without its images: none of 2 is here, such as `1.png`"]
    assert "missing-images" in context.unsought


def test_some_images_are_missing(checked):
    save("1.png")
    found = only(checked({"train": TRAIN}))
    assert found.headline == "1 of 2 images is missing: `2.png`"


@pytest.mark.parametrize("path", ["x" * 5000 + ".png", "a\0b.png", "x/" * 2000 + "1.png", "1.png/2.png", "\u202e.png"])
def test_a_path_that_cannot_be(checked, path):
    save("1.png")
    assert codes(checked({"train": f"1.png,oak {path},ash"}, full=True)) == ["missing-images"]
    assert codes(checked({"train": f"y{path},oak z{path},ash"}, full=True)) == []


def test_an_image_is_no_folder(checked):
    save("1.png")
    Path("2.png").mkdir()
    assert codes(checked({"train": TRAIN})) == ["missing-images"]


def test_images_in_a_folder_beside_the_manifest(checked):
    save("pictures/1.png")
    assert only(checked({"train": TRAIN})).help == 'set data.root = "pictures", where they are'


def test_paths_that_start_at_the_working_directory(checked):
    save("1.png")
    checked({"train": TRAIN})
    Path("lists").mkdir()
    Path("train.csv").rename("lists/train.csv")
    context = judged(write("moved.toml", 'source = "csv"\nimage = "path"\ntrain = "lists/train.csv"', {"kind": ""}))
    assert only(context).help == 'set data.root = ".", where they are'


def test_what_was_looked_at_is_known(checked):
    save("a/1.png")
    save("b/2.png", 1)
    assert checked({"train": "a/1.png,oak b/2.png,ash"}).looked_at == {Path("a"), Path("b")}


# Pixels


def test_every_image_is_opened_only_where_that_is_asked_for(checked):
    save("1.png")
    Path("2.png").write_bytes(b"")
    assert codes(checked({"train": TRAIN})) == []
    found = only(checked({"train": TRAIN}, full=True))
    assert (found.code, found.severity) == ("unreadable-image", "error")
    assert found.headline.startswith("1 of 2 images cannot be read: `2.png` is no image")
    assert only(checked({"train": TRAIN}, 'on_bad_sample = "skip"', full=True)).severity == "warning"


def test_copies_in_two_splits(checked):
    for name, seed in (("1.png", 0), ("2.png", 1), ("3.png", 0)):
        save(name, seed)
    context = checked({"train": TRAIN, "val": "3.png,oak"}, full=True)
    assert only(context).headline == "1 image of val is in train under another name: `1.png` and `3.png`"
    context = checked({"train": TRAIN, "val": "3.png,ash"}, full=True)
    assert set(codes(context)) == {"same-content", "contradicting-labels"}


def test_copies_in_one_split_are_a_remark(checked):
    for name, seed in (("1.png", 0), ("2.png", 1), ("3.png", 0)):
        save(name, seed)
    context = checked({"train": f"{TRAIN} 3.png,oak"}, full=True)
    assert codes(context) == []
    assert context.remarks == ["1 image of train is there under several names, such as `1.png` and `3.png`"]


def test_images_of_class_folders_are_opened(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, seed in (("raw/oak/1.png", 0), ("raw/ash/2.png", 1), ("val/ash/3.png", 1), ("val/oak/4.png", 2)):
        save(name, seed)
    data = 'source = "folder"\ntrain = "raw"\nval = "val"'
    assert codes(judged(write("folder.toml", data, {"kind": "folder = true"}), full=True)) == ["same-content"]


@pytest.mark.parametrize("full", [True, False])
def test_what_was_not_looked_for_may_be_allowed(checked, full):
    save("1.png")
    save("2.png", 1)
    context = checked({"train": TRAIN}, '[allow]\nsame-content = "mirrored pairs"\n', full=full)
    assert codes(context) == ["unused-allow"] * full


# Reading


def test_everything_is_read_before_anything_is_told(checked):
    context = checked({"train": "1.png", "val": "2.png", "test": "3.png,oak"})
    assert [d.headline[:11] for d in context.problems.found] == ["train.csv:2", "val.csv:2: "]


def test_a_part_of_the_data_is_missing(checked):
    context = checked({"train": TRAIN}, 'val = "trainn.csv"')
    assert (only(context).code, only(context).help) == ("missing-split", "did you mean `train.csv`?")


def test_all_of_the_data_is_missing(checked):
    with pytest.raises(MissingData, match=r"there is no file `train.csv`"):
        checked({}, 'train = "train.csv"\nval = "val.csv"')


def test_three_levels(checked):
    labels = {"kind": "", "leaf": 'within = "kind"', "spot": 'within = "leaf"'}
    rows = "1.png,oak,big,red 2.png,ash,big,red 3.png,oak,big,wet 4.png,oak,wee,wet"
    assert codes(checked({"train": rows}, header="path,kind,leaf,spot", **labels)) == []
