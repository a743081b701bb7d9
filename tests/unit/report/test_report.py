import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score, recall_score

from specc.compiler.pipeline import compile_spec
from specc.plan.model import Plan
from specc.report.class_figures import classes_figure, confusion_figure, tail
from specc.report.classification import MAX_CLASSES, WORST, classification_text
from specc.report.curves import curves_figure, rates_figure
from specc.report.drawing import png
from specc.report.figures import figures, slug, write_pictures
from specc.report.model import Finished
from specc.report.page import page
from specc.report.scores import class_scores, worst
from specc.report.summary import summary
from specc.report.write import write_report

SPEC = Path(__file__).parents[3] / "specs" / "quickstart.toml"
TOP1 = "top1(digit)"
TAIL = "macro_f1(digit where count(digit) < 50)"
HOSTILE = ("<script>alert(1)</script>", "\x1b[31mred", "$x^2$", "a\nb", '"&\u202e', "\u4e2d", "_", "", "x" * 400)


@pytest.fixture(scope="module")
def plan():
    return compile_spec(SPEC)[0]


@pytest.fixture
def finished(plan):
    return make(plan)


def make(plan, longer=1):
    history = [
        {"stage": stage, "epoch": epoch, "train": {"loss": 2 / epoch}, "val": scores(epoch / 14 / longer), "lr": 1e-3}
        for stage, epochs in (("warmup", 2), ("finetune", 11), ("polish", 3))
        for epoch in range(1, epochs * longer + 1)
    ]
    results = {"val": scores(0.98), "test": scores(0.96), "judged_on": "test", "gates": [gate(TOP1, 0.96, 0.97)]}
    results["best"] = {"stage": "finetune", "epoch": 11, "metric": TOP1, "value": 0.98}
    results["seconds"] = 41.3
    rates = [(step, 10.0 ** (-2 - step / 200)) for step in range(0, 540, 5)]
    predictions = {"val": {"digit": codes(270)}, "test": {"digit": codes(359)}}
    return Finished(plan, history, results, predictions, rates, {"torch": "2.6", "device": "cpu"}, SPEC.read_text())


def scores(value):
    return {"loss": 1 - value, TOP1: value, TAIL: value - 0.1}


def gate(metric, value, target):
    passed = value >= target
    return {"gate": f"{metric} >= {target}", "metric": metric, "value": value, "target": target, "passed": passed}


def codes(count, classes=10):
    random = np.random.default_rng(0)
    true = random.integers(0, classes, count)
    guess = np.where(random.random(count) < 0.1, random.integers(0, classes, count), true)
    return true.astype(np.int32), guess.astype(np.int32)


def with_classes(finished, names):
    label = finished.plan.data.labels[0].model_copy(
        update={"classes": names, "counts": tuple(range(1, len(names) + 1))}
    )
    data = finished.plan.data.model_copy(update={"labels": (label,)})
    plan = Plan.model_construct(**{**dict(finished.plan), "data": data})
    pair = codes(max(300, 3 * len(names)), len(names))
    return replace(finished, plan=plan, predictions={"val": {"digit": pair}, "test": {"digit": pair}})


def with_results(finished, **changes):
    return replace(finished, results={**finished.results, **changes})


class Tags(HTMLParser):
    """Collect tags with their attributes, and see that each is closed."""

    def __init__(self):
        super().__init__()
        self.seen, self.opened = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in {"meta", "img"}:
            self.opened.append(tag)

    def handle_endtag(self, tag):
        assert self.opened.pop() == tag


def parsed(html):
    tags = Tags()
    tags.feed(html)
    assert tags.opened == []
    return tags.seen


def test_everything_is_written(finished, tmp_path):
    written = write_report(finished, tmp_path)
    names = sorted(str(path.relative_to(tmp_path)) for path in written)
    assert names == [
        "figures/classes_digit.png",
        "figures/confusion_digit.png",
        "figures/curves.png",
        "figures/rates.png",
        "report.html",
        "reports/classification_test.txt",
        "reports/classification_val.txt",
        "summary.txt",
    ]
    assert all(path.stat().st_size for path in written)


def test_the_same_run_gives_the_same_bytes(finished, tmp_path):
    first = write_report(finished, tmp_path / "a")
    second = write_report(finished, tmp_path / "b")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_drawing_leaves_the_global_settings_alone(finished):
    import matplotlib as mpl  # noqa: PLC0415

    before = dict(mpl.rcParams)
    figures(finished)
    assert dict(mpl.rcParams) == before


def test_figures_can_be_written_alone(finished, tmp_path):
    assert [path.name for path in write_pictures(figures(finished), tmp_path / "new")][:2] == [
        "curves.png",
        "rates.png",
    ]


def test_nan_anywhere_is_survived(finished, tmp_path):
    nan = math.nan
    history = [
        {**row, "train": {"loss": nan}, "val": dict.fromkeys(row["val"], nan), "lr": nan} for row in finished.history
    ]
    results = {"val": scores(nan), "test": scores(nan), "judged_on": "test", "gates": [gate(TOP1, nan, 0.97)]}
    results |= {"best": {"stage": "warmup", "epoch": 1, "metric": TOP1, "value": nan}, "seconds": nan}
    lost = replace(finished, history=history, results=results, rates=[(0, nan), (5, nan)])
    write_report(lost, tmp_path)
    assert curves_figure(lost) is rates_figure(lost) is None
    assert "nan" in summary(lost)


def test_single_nans_and_infinities_only_interrupt_a_line(finished):
    finished.history[3]["train"] = {"loss": math.inf}
    finished.history[4]["val"] = {TOP1: math.nan}
    assert curves_figure(finished) is not None


def test_numbers_that_became_null_in_a_log_are_survived(finished, tmp_path):
    history = [{**row, "train": {"loss": None}, "val": dict.fromkeys(row["val"])} for row in finished.history]
    best = {"stage": "warmup", "epoch": 1, "metric": TOP1, "value": None}
    write_report(with_results(replace(finished, history=history), best=best), tmp_path)


def test_a_run_without_validation_and_test_is_reported(finished, tmp_path):
    history = [{**row, "val": {}} for row in finished.history]
    results = {"val": {}, "judged_on": "val", "gates": [], "best": None}
    bare = replace(finished, history=history, results=results, predictions={})
    names = [path.name for path in write_report(bare, tmp_path)]
    assert names == ["curves.png", "rates.png", "summary.txt", "report.html"]
    assert summary(bare).startswith("quickstart: no targets were set\n")


def test_without_a_test_split_the_validation_is_judged(finished):
    results = {key: value for key, value in finished.results.items() if key != "test"} | {"judged_on": "val"}
    judged = replace(finished, results=results, predictions={"val": finished.predictions["val"]})
    assert classification_text(judged, "test") is None
    assert "confusion_digit.png" in figures(judged)
    assert "target on val" in summary(judged)


def test_a_run_that_never_began_is_reported(finished, tmp_path):
    results = {"val": {}, "judged_on": "val", "gates": [], "best": None}
    names = [path.name for path in write_report(replace(finished, history=[], results=results, rates=[]), tmp_path)]
    assert "curves.png" not in names


def test_one_class_is_drawn(finished):
    one = with_classes(finished, ("only",))
    assert confusion_figure(one, "digit") is not None
    assert classes_figure(one, "digit") is not None
    assert "1 class occurs" in classification_text(one, "val")


def test_five_hundred_epochs_are_drawn(plan):
    long = make(plan, longer=32)
    assert len(long.history) == 512
    assert len(png(curves_figure(long))) < 300_000


def test_sixty_classes_have_a_confusion_and_more_have_none(finished):
    assert confusion_figure(with_classes(finished, tuple(map(str, range(60)))), "digit") is not None
    many = with_classes(finished, tuple(map(str, range(61))))
    assert confusion_figure(many, "digit") is None
    assert classes_figure(many, "digit") is not None


@pytest.mark.filterwarnings("error")
def test_hostile_names_are_shown_and_never_obeyed(finished, tmp_path):
    hostile = with_classes(finished, HOSTILE)
    hostile = replace(hostile, environment={"<b>": "\x1b[2J"}, spec_text="</pre><script>\x1b[0m\udc80\n\tx")
    for path in write_report(hostile, tmp_path):
        if path.suffix != ".png":
            text = path.read_text()
            assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", text), path
    html = (tmp_path / "report.html").read_text()
    assert "script" not in {tag for tag, _ in parsed(html)}
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_the_page_asks_for_nothing_outside(finished):
    html = page(finished, figures(finished))
    for tag, attributes in parsed(html):
        assert tag not in {"script", "link", "iframe", "object", "base"}
        assert "href" not in attributes
        assert attributes.get("src", "data:image/png;base64,").startswith("data:image/png;base64,")
        assert not [name for name in attributes if name.startswith("on")]
    assert "url(" not in html
    assert "@import" not in html


def test_the_page_opens_with_the_verdict(finished):
    missed = page(finished, {})
    assert "Target missed" in missed
    assert f"{TOP1} &gt;= 0.97: 96.00%" in missed
    reached = page(with_results(finished, gates=[gate(TOP1, 0.98, 0.97), gate(TAIL, 0.92, 0.9)]), {})
    assert "All 2 targets reached" in reached


def test_the_summary_fits_a_screen(finished):
    text = summary(finished)
    assert text.startswith("quickstart: target missed\n")
    assert f"plan    {finished.plan.digest[:12]}\n" in text
    assert re.search(r"^finetune +11 of 14 +374 ", text, re.MULTILINE)
    assert re.search(r">= 0\.97 +96\.00%  missed$", text, re.MULTILINE)
    assert len(text.splitlines()) <= 30
    assert max(map(len, text.splitlines())) <= 120


def test_class_scores_agree_with_scikit_learn(finished):
    pair = finished.predictions["test"]["digit"]
    ours = np.array([score[1:4] for score in class_scores(pair)])
    theirs = [score(*pair, average=None, zero_division=0) for score in (precision_score, recall_score, f1_score)]
    np.testing.assert_allclose(ours, np.array(theirs).T)


def test_missing_labels_are_left_out(finished):
    true, guess = codes(100)
    true[:7] = -1
    text = classification_text(replace(finished, predictions={"val": {"digit": (true, guess)}}), "val")
    assert "93 samples" in text
    assert "7 samples without this label left out" in text
    assert sum(score.support for score in class_scores((true, guess))) == 93


def test_a_label_that_is_always_missing_is_reported(finished, tmp_path):
    nothing = np.full(5, -1, np.int32), np.zeros(5, np.int32)
    write_report(replace(finished, predictions={"val": {"digit": nothing}, "test": {"digit": nothing}}), tmp_path)
    assert "0 samples, 0 classes occur" in (tmp_path / "reports" / "classification_val.txt").read_text()


def test_of_very_many_classes_the_worst_are_reported(finished):
    many = with_classes(finished, tuple(f"c{code}" for code in range(MAX_CLASSES + 500)))
    text = classification_text(many, "val")
    scored = class_scores(many.predictions["val"]["digit"])
    rows = re.findall(r"^ *(c\d+) ", text, re.MULTILINE)
    assert rows == [f"c{score.code}" for score in worst(scored, WORST)]
    assert f"{len(scored) - WORST:,} classes with a higher F1 left out" in text
    assert "macro avg" in text


def test_the_tail_is_what_the_metrics_single_out(finished):
    assert tail(finished, finished.plan.label("digit")) == {8}


def test_labels_keep_apart_as_file_names():
    names = ["a/b", "a-b", "../a", "a b", "x" * 80, "x" * 81]
    slugs = [slug(name) for name in names]
    assert len(set(slugs)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,70}", each) for each in slugs)
