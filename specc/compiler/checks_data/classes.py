"""Classes that cannot be learnt, or that were not meant as they are written."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from specc.compiler.checks_data.found import SHOWN, Found, counted, listed
from specc.data.places import SPELLINGS, SPLITS, places
from specc.data.splits import stratum
from specc.diagnostics.suggest import closest, did_you_mean
from specc.paths import KeyPath
from specc.plan.model import LabelPlan

_FEW: Final = 10
"""So few samples may each have a class of its own."""

_MANY: Final = 10_000
"""Spellings of more classes are not compared."""

_DECIMAL: Final = re.compile(r"[+-]?(\d+\.\d*|\.\d+|\d+)(e[+-]?\d+)?", re.IGNORECASE)


def check_classes(found: Found) -> None:
    """Report labels without classes, classes that training lacks or has too few of, and odd names."""
    for label in found.labels:
        _empty(found, label)
        _splits(found, label)
        _unseen(found, label)
        _rare(found, label)
        if not _odd(found, label):
            _single(found, label)
            _near(found, label)
            _limited(found, label)
            _too_small(found, label)


def _empty(found: Found, label: LabelPlan) -> None:
    for split, counts in found.counts[label.name].items():
        if not counts:
            headline = f"no sample of {split} has a `{label.name}`: column `{label.column}` is empty"
            remedy = "name the column that holds it, or leave the label out"
            report = found.error if split == "train" else found.warn
            report("empty-column", headline, found.at_label(label.name) + found.at_split(split, split), remedy)


def _splits(found: Found, label: LabelPlan) -> None:
    """Report folders of splits that were taken for folders of classes."""
    root = found.data.location.get("root")
    if found.data.source != "folder" or list(places(found.data)) != ["root"]:
        return
    names = sorted(set().union(*found.counts[label.name].values()))
    splits = {split: name for name in names if (split := SPELLINGS.get(name.lower()))}
    if "train" in splits and len(splits) > 1:
        headline = f"classes of `{label.name}` are called as splits are: {listed(splits.values())}"
        remedy = "; ".join(f'data.{split} = "{root}/{splits[split]}"' for split in SPLITS if split in splits)
        found.warn("splits-as-classes", headline, found.at("root"), f"name the splits instead: {remedy}")


def _unseen(found: Found, label: LabelPlan) -> None:
    """Report classes of other splits that training has no sample of."""
    known = found.counts[label.name]["train"]
    for split, counts in found.counts[label.name].items():
        unseen = {name: count for name, count in counts.items() if name not in known}
        if unseen and known:
            names = sorted(unseen)
            headline = (
                f"{counted(len(names), 'class', 'classes')} of `{label.name}` in {split} "
                f"({counted(sum(unseen.values()), 'sample')}) never occur in training: {listed(names)}"
            )
            labels = found.at_split(split) + found.at_label(label.name, "the class is read from here")
            found.error("unseen-class", headline, labels, _nearest(names, known) or _give_training(found, label))


def _give_training(found: Found, label: LabelPlan) -> str:
    if found.data.split and found.data.split.kind == "random":
        return f"leave out the smallest classes, or divide with `stratified({label.name}, ...)`"
    return "give the training split samples of them, or leave them out"


def _nearest(names: Sequence[str], known: Mapping[str, int]) -> str | None:
    """Return which known classes the first names were probably meant to be."""
    if len(known) > _MANY:
        return None
    by_spelling = {plain(name): name for name in known}
    matches = {name: by_spelling.get(plain(name)) or closest(name, known) for name in names[:SHOWN]}
    pairs = [f"`{match}` for `{name}`" for name, match in matches.items() if match]
    return f"did you mean {', '.join(pairs)}?" if pairs else None


def _single(found: Found, label: LabelPlan) -> None:
    names = found.counts[label.name]["train"]
    if len(names) == 1:
        headline = f"there is nothing to tell apart: `{next(iter(names))}` is the only class of `{label.name}`"
        found.warn("single-class", headline, found.at_label(label.name), "name another column, or leave the label out")


def _odd(found: Found, label: LabelPlan) -> bool:
    """Report a column of identifiers or of measured numbers, and say whether it is one."""
    names = found.counts[label.name]["train"]
    samples = sum(names.values())
    if len(names) == samples > _FEW:
        headline = f"all {samples:,} training samples have classes of their own in `{label.column}`: {listed(names)}"
        code, remedy = "all-different", "name the column that holds the class"
    elif len(names) > _FEW and _are_measured(found.parts["train"].columns[label.column].present()):
        headline = f"the classes of `{label.name}` are measured numbers: {listed(names)}"
        code, remedy = "measured-class", "put the numbers into few classes first"
    else:
        return False
    found.warn(code, headline, found.at_label(label.name), remedy)
    return True


def _are_measured(values: Iterable[str]) -> bool:
    """Say whether all values are numbers, and most of them no whole ones.

    >>> _are_measured(["0.5", "1.25", "2"]), _are_measured(["1", "2", "3.5"]), _are_measured(["3.11", "main"])
    (True, False, False)
    """
    numbers = [value for value in values if value]
    decimal = all(_DECIMAL.fullmatch(value) for value in numbers)
    return decimal and sum(not float(value).is_integer() for value in numbers) * 2 > len(numbers)


def _near(found: Found, label: LabelPlan) -> None:
    """Report spellings of what is most likely one class."""
    column = found.parts["train"].columns[label.column]
    counts = dict(zip(column.values, column.counts().tolist(), strict=True))
    spellings: defaultdict[str, list[str]] = defaultdict(list)
    for value in column.present() if len(counts) <= _MANY else ():
        spellings[plain(value)].append(value)
    groups = [group for group in spellings.values() if len(group) > 1]
    if groups:
        shown = "; ".join(" and ".join(f"`{v}` ({counts[v]:,})" for v in group) for group in groups[:SHOWN])
        headline = (
            f"{counted(sum(map(len, groups)), 'class', 'classes')} of `{label.name}` differ in spelling only: {shown}"
            + "; ..." * (len(groups) > SHOWN)
        )
        found.warn("near-classes", headline, found.at_label(label.name), "spell each class in one way")


def plain(text: str) -> str:
    """Return what is left of a name without case, blanks, and ways to write a whole number.

    >>> plain(" Leaf_Spot"), plain("leaf  spot"), plain("07"), plain("7.0"), plain("A"), plain("a")
    ('leaf spot', 'leaf spot', '7', '7', 'A', 'a')
    """
    spaced = re.sub(r"(?<=\w)[\s_-]+(?=\w)", " ", unicodedata.normalize("NFKC", text)).strip()
    if re.fullmatch(r"\d{1,18}(\.0*)?", spaced):
        return str(int(spaced.split(".")[0]))
    return spaced.casefold() if len(spaced) > 1 else spaced


def _rare(found: Found, label: LabelPlan) -> None:
    counts = found.counts[label.name]["train"]
    for value, wanted in found.data.rare.get(label.name, {}).items():
        place = found.at("labels", label.name, "rare", value)
        if value not in counts:
            headline = f"`rare` thins class `{value}` of `{label.name}`, which training has not"
            found.error("unknown-class", headline, place, did_you_mean(value, counts, "classes"))
        elif wanted >= counts[value]:
            headline = f"`rare` leaves {wanted:,} samples of `{value}`, and training has {counts[value]:,}"
            lower = f"lower it below {counts[value]:,}, or " if counts[value] > 1 else ""
            found.warn("idle-rare", headline, place, f"{lower}leave it out")


def _limited(found: Found, label: LabelPlan) -> None:
    """Report a limit that some class must fall to; one of a profile or of a flag is for a trial."""
    classes, limit = len(found.counts[label.name]["train"]), found.data.limit
    is_lasting = found.context.document.origin(KeyPath(("data", "limit"))).by == "file"
    if limit is not None and limit < classes and is_lasting:
        headline = f"`limit` leaves {counted(limit, 'sample')} a split, and `{label.name}` has {classes:,} classes"
        found.warn("limit-too-small", headline, found.at("limit"), f"raise it above {classes:,}")


def _too_small(found: Found, label: LabelPlan) -> None:
    """Report classes that a stratified split cannot share out."""
    split, counts = found.data.split, found.counts[label.name]
    if split is None or label != stratum(found.data):
        return
    folds = split.args.get("k")
    if folds is not None:
        total = Counter(counts["train"]) + Counter(counts.get("val"))
        small = {name: count for name, count in total.items() if count < int(folds)}
        _report_small(found, label, small, f"fewer samples than the {folds} folds")
    for part in ("val", "test"):
        if split.args.get(part) and folds is None:
            small = {name: count for name, count in counts["train"].items() if name not in counts.get(part, {})}
            _report_small(found, label, small, f"no sample in {part}")


def _report_small(found: Found, label: LabelPlan, small: Mapping[str, int], what: str) -> None:
    if small:
        names = sorted(small, key=lambda name: (small[name], name))
        has = "has" if len(names) == 1 else "have"
        shown = ", ".join(f"`{name}` ({small[name]:,})" for name in names[:SHOWN]) + ", ..." * (len(names) > SHOWN)
        headline = f"{counted(len(names), 'class', 'classes')} of `{label.name}` {has} {what}: {shown}"
        found.warn("class-too-small", headline, found.at("split"), "find more samples of them, or leave them out")
