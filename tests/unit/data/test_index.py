"""The index of a data set: splits, classes, counts and fingerprints."""

from collections import Counter

import pytest

from specc.data.index import MISSING, Index, build_index
from specc.errors import DataError
from specc.plan.model import LabelPlan

SPECIES, DISEASE = LabelPlan(name="species", column="s"), LabelPlan(name="disease", column="d", within="species")


@pytest.fixture
def indexed(tmp_path, data_plan):
    """Index one manifest a split, given as lines of `species,disease`."""

    def build(seed: int = 0, splits: dict[str, str] | None = None, **more: object) -> Index:
        location = {}
        for split, lines in (splits or {}).items():
            path = tmp_path / f"{split}.csv"
            path.write_text("\n".join(["s,d", *lines.split()]))
            location[split] = str(path)
        return build_index(data_plan(location=location, **{"labels": (SPECIES, DISEASE), **more}), seed)

    return build


def test_classes_are_sorted_and_a_label_within_another_follows_it(indexed):
    index = indexed(splits={"train": "oak,rust beech,rust oak,blight oak,rust", "val": "oak,blight"})
    species, disease = index.data.labels
    assert (species.classes, species.counts) == (("beech", "oak"), (1, 3))
    assert disease.classes == ("beech/rust", "oak/blight", "oak/rust")
    assert (disease.counts, disease.parents) == ((1, 1, 2), (0, 1, 1))
    assert index.splits["train"].labels["disease"].tolist() == [2, 0, 1, 2]
    assert index.splits["val"].labels["species"].tolist() == [1]


def test_numbers_are_in_the_order_of_numbers(indexed):
    index = indexed(splits={"train": "10,a 9,a 100,a b,a"}, labels=(SPECIES,))
    assert index.data.labels[0].classes == ("9", "10", "100", "b")


def test_an_empty_value_is_no_class(indexed):
    index = indexed(splits={"train": "oak,rust oak, ,rust"})
    assert index.splits["train"].labels["species"].tolist() == [0, 0, MISSING]
    assert index.splits["train"].labels["disease"].tolist() == [0, MISSING, MISSING]
    assert [label.counts for label in index.data.labels] == [(2,), (1,)]


def test_a_class_that_training_never_sees(indexed):
    with pytest.raises(DataError) as caught:
        indexed(splits={"train": "oak,rust beech,rust", "val": "oak,rust beech,blight"})
    assert caught.value.message == "the val split has 1 disease classes that training never sees: `beech/blight`"


def test_a_class_that_drives_a_terminal_is_told_in_escapes(indexed):
    with pytest.raises(DataError) as caught:
        indexed(splits={"train": "oak,rust", "val": "oak\x1b[31m,rust"})
    assert "`oak\\x1b[31m`" in caught.value.message


def test_no_training_samples(indexed):
    with pytest.raises(DataError, match="training split has no samples"):
        indexed(splits={"train": "", "val": "oak,rust"})


def test_a_split_without_rows_is_none(indexed):
    assert set(indexed(splits={"train": "oak,rust", "val": ""}).splits) == {"train"}


MANY = " ".join(f"{'oak' if i % 3 else 'beech'},{i}" for i in range(90))


def test_a_class_is_thinned_by_the_seed_and_others_are_left_alone(indexed):
    def kept(seed: int) -> tuple[Counter[int], list[str]]:
        index = indexed(seed, splits={"train": MANY, "val": MANY}, labels=(SPECIES,), rare={"species": {"oak": 7}})
        train = index.splits["train"]
        assert len(index.splits["val"]) == 90
        assert index.data.labels[0].counts == (30, 7)
        return Counter(train.labels["species"].tolist()), index.data.fingerprints["train"]

    assert kept(1) == kept(1)
    assert kept(1)[0] == kept(2)[0] == {0: 30, 1: 7}
    assert kept(1)[1] != kept(2)[1]


def test_a_rare_class_that_there_is_not(indexed):
    with pytest.raises(DataError, match="class `elm` of `species`"):
        indexed(splits={"train": MANY}, labels=(SPECIES,), rare={"species": {"elm": 7}})


def test_a_limit_takes_some_of_each_split_and_leaves_the_classes(indexed):
    index = indexed(splits={"train": MANY, "val": MANY}, labels=(SPECIES,), limit=5)
    assert index.data.samples == {"train": 5, "val": 5}
    assert index.data.labels[0].classes == ("beech", "oak")
    assert sum(index.data.labels[0].counts) == 5


def test_a_fingerprint_covers_rows_labels_and_their_order(indexed):
    def print_of(lines: str) -> str:
        return indexed(splits={"train": lines}).data.fingerprints["train"]

    texts = ["oak,rust beech,rust", "beech,rust oak,rust", "oak,rust oak,rust", "oak,rust beech,rust oak,rust"]
    assert len({print_of(text) for text in texts}) == len(texts)
    assert print_of(texts[0]) == print_of(texts[0])


def test_one_manifest_is_divided(tmp_path, data_plan):
    (tmp_path / "all.csv").write_text("s\n" + "\n".join(["oak", "beech"] * 50))
    plan = data_plan(
        location={"path": str(tmp_path / "all.csv")}, labels=(SPECIES,), split="random(val = 10%, test = 20%)"
    )
    assert build_index(plan, 0).data.samples == {"train": 70, "val": 10, "test": 20}


@pytest.mark.parametrize("more", [{"labels": ("kind",)}, {"labels": (), "group": "plant", "split": "group_kfold(2)"}])
def test_a_column_that_folders_have_not(tmp_path, data_plan, more):
    for name in ("oak", "beech"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.png").touch()
    with pytest.raises(DataError):
        build_index(data_plan("folder", location={"root": str(tmp_path)}, **more), 0)
