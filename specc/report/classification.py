"""`reports/classification_<split>.txt`: precision, recall and F1 of every class."""

from sklearn.metrics import classification_report

from specc.plan.model import LabelPlan
from specc.report.model import Codes, Finished
from specc.report.scores import class_scores, known, occurring, worst
from specc.report.words import class_name, counted, cut

MAX_CLASSES = 2_000
"""A report over more classes shows only the worst."""

WORST = 50


def classification_text(finished: Finished, split: str) -> str | None:
    """Report on every label of a split; None when nothing was predicted there."""
    labels = finished.predictions.get(split)
    if not labels:
        return None
    parts = [_label_text(finished.plan.label(name), pair) for name, pair in labels.items()]
    return f"{cut(finished.plan.name, 80)}, {split}\n\n" + "\n".join(parts)


def _label_text(label: LabelPlan, pair: tuple[Codes, Codes]) -> str:
    true, predicted = known(pair)
    codes = occurring(true, predicted)
    missing = len(pair[0]) - len(true)
    found = f"{counted(len(true), 'sample', 'samples')}, {counted(len(codes), 'class occurs', 'classes occur')}"
    found += f"; {counted(missing, 'sample', 'samples')} without this label left out" if missing else ""
    lines = [cut(label.name, 80), found]
    if codes:
        lines += ["", *_table(label, true, predicted, codes)]
    return "\n".join(lines) + "\n"


def _table(label: LabelPlan, true: Codes, predicted: Codes, codes: list[int]) -> list[str]:
    names = [class_name(label, code) for code in codes]
    text = classification_report(true, predicted, labels=codes, target_names=names, digits=4, zero_division=0)
    lines = str(text).rstrip("\n").split("\n")
    return lines if len(codes) <= MAX_CLASSES else _shortened(lines, true, predicted, codes)


def _shortened(lines: list[str], true: Codes, predicted: Codes, codes: list[int]) -> list[str]:
    """Keep the lines of the worst classes, and the averages, which are over all of them."""
    head, rows, averages = lines[:2], lines[2 : 2 + len(codes)], lines[2 + len(codes) :]
    line_of = dict(zip(codes, rows, strict=True))
    kept = [line_of[score.code] for score in worst(class_scores((true, predicted)), WORST)]
    return [*head, *kept, "", f"{counted(len(codes) - WORST, 'class', 'classes')} with a higher F1 left out", *averages]
