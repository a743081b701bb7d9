"""The two sides of a comparison: specs, plans, checkpoints, run folders, and what git has."""

import argparse
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from specc.checkpoint.format import read_header
from specc.checkpoint.metadata import CheckpointInfo
from specc.cli.output import say
from specc.cli.reading import in_root
from specc.cli.revisions import Repository, Tree, is_revision, split
from specc.compiler.pipeline import compile_checked
from specc.compiler.validate import validated
from specc.diagnostics.model import SpecError
from specc.errors import FileFormatError, InputError, MissingData, UsageError
from specc.frontend.reading import read_source
from specc.plan.file import MAX_LENGTH, load
from specc.plan.model import Plan

PLANNED: Final = (".json", ".safetensors")
"""How the names of files end that hold a plan, and not a spec."""


@dataclass(frozen=True)
class Pair:
    """What is compared; `old` or `new` is None where a revision has no such spec."""

    title: str
    old: Plan | None
    new: Plan | None


def pairs(arguments: argparse.Namespace, scratch: Path) -> Iterator[Pair]:
    """Yield what the arguments name: two sides, or a spec at two revisions, or all specs that differ.

    Raises: UsageError when they name nothing; SpecError when a named spec is wrong.
    """
    words: list[str] = arguments.sides
    of_git = arguments.staged or (words and not Path(words[0]).exists() and is_revision(words[0]))
    if len(words) == 2 and not of_git:
        old, new = Path(words[0]), Path(words[1])
        yield Pair(f"{old} -> {new}", *_both(old, new, arguments))
        return
    repository = Repository.here(scratch)
    if arguments.staged:
        trees, paths = (repository.revision("HEAD"), repository.index()), words
    elif of_git:
        trees, paths = _named(repository, words[0]), words[1:]
    elif missing := next((word for word in words if not Path(word).exists()), None):
        raise UsageError(f"there is neither a file nor a revision `{missing}`", help="`git log` shows revisions")
    else:
        trees, paths = (repository.revision("HEAD"), repository.working_tree()), words
    yield from _of_trees(repository, *trees, paths, arguments)


def _named(repository: Repository, text: str) -> tuple[Tree, Tree]:
    """Return the trees of `REV..REV`; of `REV` alone, that one and the working tree."""
    old, *rest = split(text)
    new = repository.revision(rest[0] or "HEAD") if rest else repository.working_tree()
    return repository.revision(old or "HEAD"), new


def _of_trees(
    repository: Repository, old: Tree, new: Tree, paths: list[str], arguments: argparse.Namespace
) -> Iterator[Pair]:
    """Yield the specs of two revisions; with no paths, those that differ, and a word on those that are wrong."""
    if outside := next((path for path in paths if not Path(path).resolve().is_relative_to(repository.top)), None):
        raise UsageError(f"`{outside}` is not in this repository", help="name a spec below its top folder")
    named = [str(Path(path).resolve().relative_to(repository.top)) for path in paths]
    for path in named or sorted({*old.specs(), *new.specs()}):
        sides = [tree.spec(path) for tree in (old, new)]
        if sides == [None, None]:
            raise UsageError(f"neither {old.name} nor the {new.name} has `{path}`")
        if not named and _alike(sides, (old, new)):
            continue
        try:
            before, after = _of_sides(sides[0], sides[1], arguments)
        except (SpecError, InputError) as error:
            if named:
                raise
            say(f"{path}: not compared, {_first_line(error)}")
            continue
        yield Pair(path, before and _placed(before, old), after and _placed(after, new))


def _alike(sides: list[Path | None], trees: tuple[Tree, Tree]) -> bool:
    """Say whether a spec and all that it may extend have the same bytes on both sides."""
    texts = [side.read_bytes() if side else None for side in sides]
    if texts[0] != texts[1]:
        return False
    if b"extends" not in (texts[0] or b""):
        return True
    names = {name for tree in trees for name in tree.specs()}
    return all(_bytes(trees[0].spec(name)) == _bytes(trees[1].spec(name)) for name in names)


def _bytes(path: Path | None) -> bytes | None:
    return path.read_bytes() if path else None


def _first_line(error: SpecError | InputError) -> str:
    if isinstance(error, SpecError):
        return str(error.diagnostics[0].headline)
    return error.message


def _of_sides(old: Path | None, new: Path | None, arguments: argparse.Namespace) -> tuple[Plan | None, Plan | None]:
    """Compile a spec of two revisions, or of the one that has it."""
    if old and new:
        return _both(old, new, arguments)
    plans = (_plan(side, arguments, with_data=False) if side else None for side in (old, new))
    return next(plans), next(plans)


def _placed(plan: Plan, tree: Tree) -> Plan:
    """Call a plan's places after their revision, and not after the folder that it was taken to."""
    inside = f"{tree.folder}/"
    name = "" if tree.name == "working tree" else f"{tree.name}:"
    return plan.model_copy(update={"origins": {k: v.replace(inside, name) for k, v in plan.origins.items()}})


def _both(old: Path, new: Path, arguments: argparse.Namespace) -> tuple[Plan, Plan]:
    """Compile both sides, without the data where that of one is not there."""
    if (arguments.profile or arguments.overrides) and all(_is_planned(path) for path in (old, new)):
        raise UsageError("`--profile` and `--set` change specs, and both of these are plans", help="name a spec")
    try:
        plans = _plan(old, arguments), _plan(new, arguments)
    except MissingData as error:
        if _is_planned(old) or _is_planned(new):
            raise
        say(f"compared without the data: {error.message}")
        plans = _plan(old, arguments, with_data=False), _plan(new, arguments, with_data=False)
    if len({plan.data.fingerprints is None for plan in plans}) > 1:
        raise UsageError("one side was compiled with its data, and the other was not", help="leave out `--no-data`")
    return plans


def _is_planned(path: Path) -> bool:
    return path.is_dir() or path.suffix in PLANNED


def _plan(path: Path, arguments: argparse.Namespace, *, with_data: bool = True) -> Plan:
    """Return the plan of a spec, or the one that a file or a run folder has."""
    if path.is_dir():
        path = path / "plan.json"
    if path.suffix == ".safetensors":
        return _of_checkpoint(path)
    if path.suffix == ".json":
        return load(read_source(path, limit=MAX_LENGTH).text, str(path))
    layers = tuple(arguments.profile), tuple(arguments.overrides)
    context = validated(path, *layers, with_data=with_data and not arguments.no_data)
    with in_root(arguments):
        return compile_checked(context)


def _of_checkpoint(path: Path) -> Plan:
    metadata = read_header(path).own_metadata
    if metadata is None:
        raise FileFormatError(f"{path}: specc did not write it, so it has no plan", help="name a checkpoint of a run")
    return load(CheckpointInfo.from_json(metadata, str(path)).plan, str(path))


def state_of(path: Path) -> CheckpointInfo | None:
    """Return what a checkpoint, or the newest state of a run folder, says of itself; None for anything else."""
    found = path / "last.safetensors" if path.is_dir() else path
    with suppress(FileFormatError):
        if found.suffix == ".safetensors" and (metadata := read_header(found).own_metadata):
            return CheckpointInfo.from_json(metadata, str(found))
    return None
