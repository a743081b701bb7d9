"""From a path on the command line to one Document: files, `extends`, profiles and flags, each value's origin kept."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NamedTuple

import tomli

from specc.diagnostics.model import Diagnostic, Diagnostics, at
from specc.diagnostics.suggest import did_you_mean
from specc.errors import InputError, UsageError
from specc.frontend.faults import MAX_DEPTH
from specc.frontend.merge import is_whole_stage, item_names, lay_over, subtree
from specc.frontend.reading import read_source
from specc.paths import KeyPath
from specc.source import Document, Origin, Place, Source, Span

NOTATIONS: Final[dict[str, str]] = {".toml": "specc.frontend.toml", ".specc": "specc.frontend.dsl"}
"""The module that reads each notation, by the ending of the file; only those of the files at hand are loaded."""

_MAX_CHAIN: Final = 16

_NOT_BY_FLAG: Final[dict[str | int, str]] = {
    "extends": "write it in the file",
    "profiles": "apply a profile with --profile NAME, and set values of the spec itself",
}
"""Keys that are gone when flags are read, and the remedy."""


class Loaded(NamedTuple):
    """A spec with all layers merged, and each profile on its own, so that none goes unread."""

    document: Document
    profiles: dict[str, Document]
    """For every profile: the file with that profile alone laid over it."""
    sources: tuple[Source, ...]
    """Every file that was read."""


def load(path: Path, profiles: Sequence[str], overrides: Sequence[str], problems: Diagnostics) -> Loaded | None:
    """Read a spec with everything that bears on it.

    Raises: InputError when a file cannot be read, UsageError for a profile or an override that is none.
    """
    sources: list[Source] = []
    whole = _chain(path, problems, (), sources)
    if whole is None:
        return None
    if not whole.tree and not overrides:
        remedy = "`specc new` writes a first spec from a look at the data"
        problems.error("missing-key", "the spec is empty", at(Place(whole.source, Span(0, 0))), remedy)
        return None
    base = _without(whole, "profiles")
    layers = _profiles(whole, problems)
    merged = base
    for name in profiles:
        if name not in layers:
            raise UsageError(f"there is no profile `{name}` in `{path}`", help=did_you_mean(name, layers, "profiles"))
        merged = _lay_over(merged, layers[name], problems)
    for override in overrides:
        merged = _lay_over(merged, _override(override, merged), problems)
    _check_profiles(base, layers.values(), problems)
    merged = Document(whole.source, merged.tree, merged.origins)
    return Loaded(merged, {name: lay_over(base, layer) for name, layer in layers.items()}, tuple(sources))


def _chain(path: Path, problems: Diagnostics, seen: tuple[Path, ...], sources: list[Source]) -> Document | None:
    if path.suffix not in NOTATIONS:
        raise InputError(f"`{path}` is not a spec", help=f"specs end in {' or '.join(NOTATIONS)}")
    source = read_source(path)
    sources.append(source)
    document = parse_source(source, path.suffix, problems)
    if document is None or "extends" not in document.tree:
        return document
    parent_name, place = document.tree["extends"], document.place(KeyPath(("extends",)))
    parent = _parent_path(path, parent_name, place, seen, problems)
    if parent is None:
        return None
    try:
        above = _chain(parent, problems, (*seen, path.resolve()), sources)
    except InputError as error:
        problems.add(Diagnostic("extends-unreadable", error.message, at(place, "named here"), error.help))
        return None
    return _lay_over(_without(above, "name"), _without(document, "extends"), problems) if above else None


def parse_source(source: Source, notation: str, problems: Diagnostics) -> Document | None:
    """Read a text in one of the notations; None when it cannot be read."""
    parse: Callable[[Source, Diagnostics], Document | None] = import_module(NOTATIONS[notation]).parse
    return parse(source, problems)


def _parent_path(
    path: Path, name: Any, place: Place | None, seen: tuple[Path, ...], problems: Diagnostics
) -> Path | None:
    if not isinstance(name, str):
        problems.error("wrong-type", "`extends` is the path of a spec", at(place))
        return None
    if "\0" in name:
        problems.error("extends-unreadable", "no file can have this name", at(place), "it holds a NUL character")
        return None
    parent = path.parent / name
    if parent.resolve() in (*seen, path.resolve()):
        problems.error("extends-cycle", f"`{path.name}` extends itself through `{name}`", at(place, "leads back here"))
        return None
    if len(seen) >= _MAX_CHAIN:
        problems.error("too-deep", f"more than {_MAX_CHAIN} specs extend each other", at(place))
        return None
    return parent


def _without(document: Document, key: str) -> Document:
    tree = {k: v for k, v in document.tree.items() if k != key}
    origins = {path: origin for path, origin in document.origins.items() if path[:1] != (key,)}
    return Document(document.source, tree, origins)


def _profiles(document: Document, problems: Diagnostics) -> dict[str, Document]:
    layers: dict[str, Document] = {}
    table = document.tree.get("profiles", {})
    for name, value in table.items() if isinstance(table, dict) else ():
        path = KeyPath(("profiles", name))
        if isinstance(value, dict):
            layers[name] = subtree(document, path, f"profile {name}")
        else:
            problems.error("wrong-type", f"profile `{name}` is a table of changes", at(document.place(path)))
    return layers


def _override(text: str, base: Document) -> Document:
    """Read `path=value` of a `--set` flag as a document of one value, in which all that `base` lacks has a place."""
    path = _path_to_set(text)
    written, _, raw = text.partition("=")
    source = Source(f"--set {written.strip()}", text, is_file=False)
    origin = Origin("flag --set", source, Span(0, len(written)), Span(len(written) + 1, len(text)))
    around = [KeyPath(path[:end]) for end in range(1, len(path))]
    origins = {place: origin for place in around if place.resolve(base.tree) is None} | {path: origin}
    tree: Any = _value(raw.strip())
    for part in reversed(path):
        tree = {part: tree}
    return Document(source, tree, origins)


def _path_to_set(text: str) -> KeyPath:
    """Return the path that a `--set` flag names.

    Raises: UsageError when that is none, or none that a flag can set.
    """
    written, equals, _ = text.partition("=")
    if not equals or not written.strip():
        raise UsageError(f"`--set {text}` sets nothing", help="write --set PATH=VALUE, as in --set defaults.lr=1e-3")
    try:
        path = KeyPath.parse(written.strip())
    except ValueError as error:
        raise UsageError(f"`--set {text}`: {error}", help="join keys by dots, as in stages.joint.lr") from None
    if any(isinstance(part, int) for part in path):
        raise UsageError(f"`--set {text}`: an item of an array is addressed by its name", help="as in stages.joint.lr")
    if len(path) > MAX_DEPTH:
        raise UsageError(f"a path of `--set` has {len(path):,} keys", help="a spec needs five or six")
    if path[0] in _NOT_BY_FLAG:
        raise UsageError(f"`--set {text}`: a flag cannot set `{path[0]}`", help=_NOT_BY_FLAG[path[0]])
    return path


def _check_profiles(base: Document, layers: Iterable[Document], problems: Diagnostics) -> None:
    """Report stages that profiles change and that are not there; a parent's profile may be for the parent alone."""
    for found in (problem for layer in layers for problem in _unknown_stages(base, layer)):
        if found.place and found.place.source is base.source:
            problems.add(found)


def _lay_over(base: Document, layer: Document, problems: Diagnostics) -> Document:
    for found in _unknown_stages(base, layer):
        problems.add(found)
    return lay_over(base, layer)


def _unknown_stages(base: Document, layer: Document) -> Iterator[Diagnostic]:
    """Yield what is wrong with changes to stages that are not there: a typo must not add one."""
    names, changes = item_names(base.tree.get("stages")), layer.tree.get("stages")
    for name, change in changes.items() if names and isinstance(changes, dict) else ():
        if name not in names and not is_whole_stage(change):
            around = KeyPath(("stages",))  # a flag sets it as a whole
            written = next((path for path in layer.origins if path[:2] == ("stages", name)), around)
            labels, remedy = at(layer.place(written, key=True)), did_you_mean(name, names, "stages")
            yield Diagnostic("unknown-stage", f"there is no stage `{name}`", labels, remedy)


def _value(raw: str) -> Any:
    """Read a TOML value; a bare word or an expression is a string."""
    try:
        return tomli.loads(f"value = {raw}")["value"]
    except (tomli.TOMLDecodeError, ValueError, RecursionError):
        return raw
