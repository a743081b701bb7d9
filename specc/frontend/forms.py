"""The forms of the .specc notation that are short for what a protocol says most.

docs/language.md has a table of them. Nothing here knows what keys there are: that is the models' business.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from specc.diagnostics.suggest import did_you_mean
from specc.frontend.faults import Fault, fault
from specc.frontend.pieces import span_of
from specc.frontend.plain import Forms, Line, Reader, read_line, wrong
from specc.frontend.statements import Statement
from specc.frontend.values import Value, Word
from specc.paths import KeyPath
from specc.source import Span

Options = Mapping[str, str]
"""What may follow a name, and the key that it sets; the key of nothing takes the first word."""

LABEL_OPTIONS: Final[Options] = {"column": "column", "folder": "folder", "within": "within", "as": "as"}
HEAD_OPTIONS: Final[Options] = {
    "": "kind",
    "routed by": "routed_by",
    "hidden": "hidden",
    "out": "out",
    "dropout": "dropout",
}
FLAGS: Final = ("folder",)
"""Options that no value follows."""

_UNITS: Final = {"epoch": "epochs", "epochs": "epochs", "step": "steps", "steps": "steps"}
_DURATION: Final = "write `for 5 epochs` or `for 500 steps`"


def experiment(reader: Reader, line: Line, path: KeyPath) -> None:
    """Read `experiment NAME`."""
    if not line.rest:
        raise wrong("no-name", line.keyword)
    if line.block is not None:
        raise wrong("value-and-block", line.keyword)
    reader.put(path.child("name"), line.keyword.span, reader.value(line))


def data(reader: Reader, line: Line, path: KeyPath) -> None:
    """Read `data SOURCE { ... }`."""
    path = path.child("data")
    reader.block(path, line.keyword.span, line.span)
    words = reader.values.words(line.rest)
    for source in words[:1]:
        reader.put_word(path.child("source"), source.span, source)
    _no_more(reader, words[1:])
    reader.body(line.block or (), path)


def model(reader: Reader, line: Line, path: KeyPath) -> None:
    """Read `model BACKBONE pretrained { ... }`."""
    path = path.child("model")
    reader.block(path, line.keyword.span, line.span)
    words = reader.values.words(line.rest)
    names = [word for word in words if not word.says("pretrained")]
    for name in names[:1]:
        reader.put_word(path.child("backbone"), name.span, name)
    for flag in (word for word in words if word.says("pretrained")):
        reader.put(path.child("pretrained"), flag.span, Value(True, flag.span))
    _no_more(reader, names[1:])
    reader.body(line.block or (), path)


def augment(reader: Reader, line: Line, path: KeyPath) -> None:
    """Read `augment NAME { ... }`, a list; `augment NAME value`; or `augment { ... }`."""
    if not line.rest:
        reader.plain(line, path)
        return
    path = path.child("augment")
    reader.table(path, line.keyword.span)
    if line.block is None:
        reader.plain(read_line(reader.source.text, Statement(tuple(line.rest), None, None)), path)
        return
    name, *more = _named_words(reader, line)
    _no_more(reader, more)
    _list(reader, path.child(name.name), name.span, line)


def augment_of_stage(reader: Reader, line: Line, path: KeyPath) -> None:
    """Read `augment { ... }`, a list."""
    if line.block is None:
        reader.plain(line, path)
        return
    _no_more(reader, reader.values.words(line.rest))
    _list(reader, path.child("augment"), line.keyword.span, line)


def _list(reader: Reader, path: KeyPath, key: Span, line: Line) -> None:
    """Read a block with an entry on each line."""
    reader.put(path, key, Value([], line.span))
    for entry in line.block or ():
        if entry.block is None:
            reader.entry(path, None, reader.values.read(entry.pieces))
        else:
            span = span_of(entry.pieces)
            text = reader.source.text[span.start : span.end]
            reader.faults.append(Fault("value-and-block", span, text))


def stage(reader: Reader, line: Line, path: KeyPath) -> None:
    """Read `stage NAME for 5 epochs { ... }`; with a block alone, its name is missed later."""
    words = reader.values.words(line.rest)
    if words[0].says("for") if words else line.block is None:
        raise wrong("no-name", line.keyword)
    path = reader.entry(path.child("stages"), line.keyword.span, Value({}, line.span))
    for name in words[:1]:
        reader.put_word(path.child("name"), name.span, name)
    _duration(reader, words[1:], path)
    reader.body(line.block or (), path)


def _duration(reader: Reader, words: Sequence[Word], path: KeyPath) -> None:
    """Read `for 5 epochs`."""
    if not words:
        return
    if not words[0].says("for"):
        reader.note("more-words", words[0], _DURATION)
    elif len(words) == 1:
        end = words[0].span.end
        reader.faults.append(Fault("no-value", Span(end, end), "", None, _DURATION))
    elif len(words) == 2:
        reader.note("no-unit", words[1])
    elif words[2].name not in _UNITS:
        reader.note("more-words", words[2], did_you_mean(words[2].name, _UNITS, "units"))
    else:
        reader.put_word(path.child(_UNITS[words[2].name]), words[2].span, words[1])
        _no_more(reader, words[3:])


def profile(reader: Reader, line: Line, path: KeyPath) -> None:
    """Read `profile NAME { ... }`."""
    name, *more = _named_words(reader, line)
    if line.block is None:
        raise wrong("no-block", line.keyword)
    path = path.child("profiles")
    reader.table(path, line.keyword.span)
    path = path.child(name.name)
    reader.block(path, name.span, line.span)
    _no_more(reader, more)
    reader.body(line.block, path)


def label(reader: Reader, line: Line, path: KeyPath) -> None:
    """Read `label NAME column X folder within Y as Z { ... }`; a line without a block names its own column."""
    words = reader.values.words(line.rest)
    is_complete = line.block is not None or any(word.says("column") or word.says("folder") for word in words[1:])
    _named(reader, line, path.child("labels"), LABEL_OPTIONS, implied="" if is_complete else "column")


def input_(reader: Reader, line: Line, path: KeyPath) -> None:
    """Read `input NAME column X as Z { ... }`."""
    _named(reader, line, path.child("input"), LABEL_OPTIONS)


def head(reader: Reader, line: Line, path: KeyPath) -> None:
    """Read `head NAME KIND routed by X hidden N out N dropout F { ... }`."""
    _named(reader, line, path.child("heads"), HEAD_OPTIONS)


def _named(reader: Reader, line: Line, group: KeyPath, options: Options, implied: str = "") -> None:
    """Read a line that names an entry of the table at `group`, with options behind the name.

    The name itself is the value of the key `implied`.
    """
    name, *words = _named_words(reader, line)
    path = group.child(name.name)
    reader.table(group, line.keyword.span)
    reader.block(path, name.span, line.span)
    if implied:
        reader.put_word(path.child(implied), name.span, name)
    _options(reader, words, path, options)
    reader.body(line.block or (), path)


def _options(reader: Reader, words: list[Word], path: KeyPath, options: Options) -> None:
    """Read options until one is none."""
    is_quoted = bool(words) and words[0].pieces[0].kind == "STRING"
    if "" in options and words and (is_quoted or not begins_option(words[0].name, options)):
        reader.put_word(path.child(options[""]), words[0].span, words[0])
        words = words[1:]
    while words:
        option = next((option for option in options if option and _begins(words, option)), None)
        if option is None:
            known = [each for each in options if each]
            reader.note("more-words", words[0], did_you_mean(words[0].name, known, "options"))
            return
        words = _option(reader, option, words, path.child(options[option]))


def _begins(words: Sequence[Word], option: str) -> bool:
    keywords = option.split()
    return len(words) >= len(keywords) and all(map(Word.says, words, keywords))


def _option(reader: Reader, option: str, words: list[Word], path: KeyPath) -> list[Word]:
    """Read an option with its value; return the words behind it."""
    count = len(option.split())
    key = Span(words[0].span.start, words[count - 1].span.end)
    if option in FLAGS:
        reader.put(path, key, Value(True, key))
        return words[count:]
    if len(words) == count:
        raise fault("no-value", key.end, key.end)
    reader.put_word(path, key, words[count])
    return words[count + 1 :]


def begins_option(word: str, options: Options) -> bool:
    """Say whether a word begins an option, or was meant to.

    >>> begins_option("routed_by", HEAD_OPTIONS), begins_option("linear", HEAD_OPTIONS)
    (True, False)
    """
    return word in {*options.values(), *(option.partition(" ")[0] for option in options)}


def metric(reader: Reader, line: Line, path: KeyPath) -> None:
    """Read `metric X`, an entry of `metrics`."""
    _entry(reader, line, path.child("metrics"))


def expect(reader: Reader, line: Line, path: KeyPath) -> None:
    """Read `expect X`, an entry of `expect`; in brackets it is the whole list."""
    if line.rest and line.rest[0].kind == "LSQB":
        reader.plain(line, path)
    else:
        _entry(reader, line, path.child("expect"))


def _entry(reader: Reader, line: Line, path: KeyPath) -> None:
    if line.block is not None:
        raise wrong("value-and-block", line.keyword)
    reader.entry(path, line.keyword.span, reader.value(line))


def _named_words(reader: Reader, line: Line) -> list[Word]:
    """Return the words of a line, of which the first is a name."""
    words = reader.values.words(line.rest)
    if not words:
        raise wrong("no-name", line.keyword)
    if words[0].pieces[0].kind not in ("TEXT", "STRING"):
        raise wrong("more-words", words[0])
    return words


def _no_more(reader: Reader, words: Sequence[Word]) -> None:
    for word in words[:1]:
        reader.note("more-words", word)


FORMS: Final[Forms] = {
    ("spec", "experiment"): experiment,
    ("spec", "data"): data,
    ("spec", "augment"): augment,
    ("spec", "model"): model,
    ("spec", "stage"): stage,
    ("spec", "profile"): profile,
    ("data", "label"): label,
    ("data", "input"): input_,
    ("model", "head"): head,
    ("evaluate", "metric"): metric,
    ("evaluate", "expect"): expect,
    ("stage", "expect"): expect,
    ("stage", "augment"): augment_of_stage,
}
"""Every form, by the kind of the table around it and its first word."""
