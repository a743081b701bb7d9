"""Damaged, stale and misplaced files in a real run: it goes on from what is sound, to the same bytes."""

import json
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from specc.checkpoint.format import read
from specc.checkpoint.store import holds
from specc.cli.verify_resume import differences, digests, leftovers
from specc.errors import FileFormatError
from specc.plan.model import Plan
from specc.runtime.events import StepDone
from specc.runtime.folder import RunFolder
from specc.runtime.record import record
from tests.crash.content import RUN, copied
from tests.runtime.helpers import compiled, events

MOMENTS: Final = {"between": 9, "earlier": 11, "later": 14, "finished": None}
"""Steps of the run at which it was interrupted; at the first of them the second stage has no state yet."""

Harm = Callable[[Path], object]
"""Does something to the folder of a run."""


@dataclass(frozen=True)
class Case:
    """Something done to a run that was interrupted, or that is finished."""

    name: str
    harm: Harm
    moment: str = "later"


@dataclass
class Runs:
    """A run's folder at some moments, and how it ends when nothing disturbs it."""

    plan: Plan
    work: Path
    expected: dict[str, str]

    def at(self, moment: str) -> Path:
        """Return the run folder of a moment."""
        return self.work / moment / RUN


@dataclass
class Results:
    """How many runs were made, and those that ended otherwise than the undisturbed one."""

    tried: int = 0
    wrong: list[str] = field(default_factory=list)


def made(work: Path) -> Runs:
    """Make a run with an average and a stage that begins with the best weights, and interrupt it twice."""
    work.mkdir(parents=True, exist_ok=True)
    plan = compiled(work, "model.ema_decay=0.9", 'stages.whole.start_from="best"', 'defaults.checkpoint_every="1 step"')
    for name, step in MOMENTS.items():
        go_on(plan, work / name / RUN, step)
    return Runs(plan, work, digests(work / "finished" / RUN))


def go_on(plan: Plan, root: Path, until: int | None = None) -> None:
    """Do what is left to do of a run, or so much of it."""
    folder = RunFolder(root)
    if until is None and folder.finished_results(plan) is not None:
        return
    for event in record(events(plan, root), folder, plan):
        if isinstance(event, StepDone) and event.global_step == until:
            break


def tried(runs: Runs, cases: Iterator[Case], work: Path) -> Results:
    """Let each case happen to a copy, go on, and compare."""
    results, trial = Results(), work / "trial"
    for case in cases:
        shutil.rmtree(trial, ignore_errors=True)
        copied(runs.work / case.moment, trial)
        case.harm(trial / RUN)
        results.tried += 1
        results.wrong += [f"{case.name}: {word}" for word in _odd(runs, trial)]
    return results


def _odd(runs: Runs, trial: Path) -> list[str]:
    root = trial / RUN
    try:
        go_on(runs.plan, root)
    except Exception as error:  # noqa: BLE001  (what it is, is the finding)
        return [f"{type(error).__name__} {error}"]
    idle = _refused(root, runs.plan)
    different = [key for key in differences(runs.expected, digests(root)) if key.split(":")[0] not in idle]
    return [*different[:3], *leftovers(trial), *_twice(root)]


def _refused(root: Path, plan: Plan) -> set[str]:
    """Remove what is damaged or misplaced still, because nothing had to be read from it, and return the names.

    Whoever reads it is told: by the digests in it, or because it says that it is of another stage or another kind.
    """
    found, folder = set(), RunFolder(root)
    for stage, digest in zip(plan.stages, plan.stage_digests, strict=True):
        for path, part in ((folder.stage(stage.name), "end"), (folder.stage_best(stage.name), "best")):
            if not (is_sound(path) and holds(path, digest, part)):
                path.unlink(missing_ok=True)
                found.add(str(path.relative_to(root)))
    return found


def is_sound(path: Path) -> bool:
    """Say whether a checkpoint reads."""
    try:
        read(path)
    except FileFormatError:
        return False
    return True


def _twice(root: Path) -> list[str]:
    """Return the steps and epochs that the records have twice."""
    lines = [json.loads(text) for text in (root / "events.jsonl").read_text().splitlines()]
    made = Counter((line["event"], line["global_step"]) for line in lines if line["event"] in ("StepDone", "EpochDone"))
    rows = Counter((root / "history.jsonl").read_text().splitlines())
    return [f"{what} is there {count} times" for what, count in (made | rows).items() if count > 1]


def checkpoints(root: Path) -> list[Path]:
    """Return the checkpoints of a run folder, and those that its store has, relative to it."""
    run = (path.relative_to(root) for path in root.rglob("*.safetensors"))
    store = (Path("..", ".store", path.name) for path in (root.parent / ".store").glob("*.safetensors"))
    return sorted([*run, *store])


def misplaced(runs: Runs, moment: str) -> Iterator[Case]:
    """Put every checkpoint in the place of every other, with the store and without."""
    root = runs.at(moment)
    for source in checkpoints(root):
        for target in checkpoints(root):
            if not (root / source).samefile(root / target):
                yield Case(f"{moment}: {source} as {target}", _moved(source, target), moment)
                if ".store" not in target.parts and ".store" not in source.parts:
                    yield Case(f"{moment}: {source} as {target}, no store", _moved(source, target, store=False), moment)


def _moved(source: Path, target: Path, *, store: bool = True) -> Harm:
    def harm(root: Path) -> None:
        content = (root / source).read_bytes()
        if not store:
            without_store(root)
        _replaced(root / target, content)

    return harm


def flipped(runs: Runs, number: int, chance: random.Random) -> Iterator[Case]:
    """Flip a bit, anywhere, in one or more of the files; all names of a file have it."""
    names = checkpoints(runs.at("later"))
    for _ in range(number):
        chosen = chance.sample(names, chance.choice((1, 1, 2, 4)))
        places = {name: (chance.random(), chance.randrange(8)) for name in chosen}
        yield Case(f"bits flipped in {', '.join(map(str, chosen))}", _with_flips(places))


def of_finished(runs: Runs, number: int, chance: random.Random) -> Iterator[Case]:
    """Flip bits of the result of a finished run, and put other files in its place."""
    best = RunFolder(runs.at("finished")).best.relative_to(runs.at("finished"))
    for _ in range(number):
        place = (chance.random(), chance.randrange(8))
        yield Case(f"result, flipped at {place[0]:.6f}", _with_flips({best: place}), "finished")
    for source in checkpoints(runs.at("finished")):
        if source != best:
            yield Case(f"{source} as the result", _moved(source, best), "finished")


def _with_flips(places: dict[Path, tuple[float, int]]) -> Harm:
    def harm(root: Path) -> None:
        for name, (share, bit) in places.items():
            content = bytearray((root / name).read_bytes())
            content[int(share * len(content))] ^= 1 << bit
            (root / name).write_bytes(content)

    return harm


def stale(runs: Runs) -> Iterator[Case]:
    """Put what an earlier moment had beside the records of a later one, file by file and all together."""
    names = checkpoints(runs.at("earlier"))
    for chosen in (names, *([name] for name in names)):
        for store in (True, False):
            yield Case(f"stale {', '.join(map(str, chosen))}, store {store}", _with_older(runs, chosen, store=store))


def _with_older(runs: Runs, names: list[Path], *, store: bool) -> Harm:
    def harm(root: Path) -> None:
        if not store:
            without_store(root)
        for name in names:
            if store or ".store" not in name.parts:
                _replaced(root / name, (runs.at("earlier") / name).read_bytes())

    return harm


def _replaced(path: Path, content: bytes) -> None:
    """Give a name a file of its own."""
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def without_store(root: Path) -> None:
    """Empty the store of a run."""
    for path in (root.parent / ".store").iterdir():
        path.unlink()
