"""Every operation, with every fault at every call, until it completes without one."""

import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from specc.plan.model import Plan
from tests.crash.child import Outcome, in_child
from tests.crash.content import copied, snapshot
from tests.crash.faults import Faults, Mode
from tests.crash.laws import Ends, after_fault, after_next, progress
from tests.crash.operations import Operation

UNTOLD = "untold"


@dataclass
class Tally:
    """What came of a number of faults."""

    name: str
    calls: int = 0
    trials: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    """By the first word of what is wrong."""
    told: dict[str, None] = field(default_factory=dict)
    """What was wrong, in full, each once."""

    def add(self, outcome: Outcome, problems: Iterable[str], where: str) -> None:
        """Take up a trial."""
        self.trials += 1
        self.ends[outcome.end] += 1
        found = [*problems, *([f"{UNTOLD}: {outcome.error}"] if outcome.end == UNTOLD else [])]
        for problem in found:
            self.wrong[problem.split(":")[0]] += 1
            self.told.setdefault(f"{self.name}, {where}: {problem}")

    def line(self) -> str:
        """Return it on one line."""
        ends = ", ".join(f"{number} {end}" for end, number in sorted(self.ends.items()))
        wrong = ", ".join(f"{number} {word}" for word, number in sorted(self.wrong.items())) or "nothing wrong"
        return f"{self.name:14} {self.calls:4} calls {self.trials:5} faults ({ends}): {wrong}"


class Trials:
    """Trials of one operation, each in a fresh copy of the folder it is done in."""

    def __init__(self, operation: Operation, plan: Plan, faults: Faults, work: Path) -> None:
        self.operation, self.plan, self.faults = operation, plan, faults
        self.template, self.folder = work / "template", work / "trial"
        shutil.rmtree(self.template, ignore_errors=True)
        operation.build(self.template, plan)
        before = snapshot(self.template)
        root = self.fresh()
        operation.do(root, plan)
        after = snapshot(root)
        growing = [path for path in after if Path(path).name in operation.grows]
        self.ends = Ends(before, after, _lines(root, growing), _lines(self.template, growing), operation.seal)
        self.progress = progress(self.fresh(), plan)

    def fresh(self) -> Path:
        """Return a new copy of the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)
        return copied(self.template, self.folder)

    def one(self, mode: Mode, number: int) -> tuple[Outcome, list[str]]:
        """Do it with a fault, then undisturbed as the next run does, and return what is wrong."""
        root = self.fresh()
        outcome = self.act(self.operation.do, mode, number)
        return outcome, [*after_fault(self.ends, self.operation.grows, root), *self.recover()]

    def act(self, do: Callable[[Path, Plan], None], mode: Mode, number: int) -> Outcome:
        """Do something in a child, with a fault at a call."""
        return in_child(self.faults(self.folder, mode, number), lambda: do(self.folder, self.plan))

    def recover(self) -> list[str]:
        """Do it again, undisturbed, and return what is wrong then."""
        wrong = []
        if self.operation.rests_on_state and progress(self.folder, self.plan) < self.progress:
            wrong.append("lost: the state to go on from")
        try:
            self.operation.again(self.folder, self.plan)
        except Exception as error:  # noqa: BLE001  (what it is, is the finding)
            return [*wrong, f"stuck: {type(error).__name__} {error}"]
        return wrong + after_next(self.ends, self.operation.grows, self.folder)


def _lines(root: Path, paths: Iterable[str]) -> dict[str, list[str]]:
    return {
        path: (root / path).read_text().splitlines(keepends=True) if (root / path).exists() else [] for path in paths
    }


def swept(trials: Trials, modes: Iterable[Mode]) -> Tally:
    """Let each mode hit each call in turn."""
    tally = Tally(trials.operation.name)
    trials.fresh()
    tally.calls = trials.act(trials.operation.do, "log", -1).calls
    for mode in modes:
        for number in count(1):
            outcome, problems = trials.one(mode, number)
            if outcome.end != "died" and outcome.calls < number:
                break
            tally.add(outcome, problems, f"{mode} at call {number}")
    return tally


def sampled(trials: Trials, modes: Iterable[Mode], chance: random.Random, number: int) -> Tally:
    """Let modes hit calls by chance."""
    tally, choice = Tally(trials.operation.name), [*modes]
    trials.fresh()
    tally.calls = trials.act(trials.operation.do, "log", -1).calls
    for _ in range(number):
        mode, at = chance.choice(choice), chance.randint(1, tally.calls)
        outcome, problems = trials.one(mode, at)
        tally.add(outcome, problems, f"{mode} at call {at}")
    return tally


def compound(trials: Trials, modes: Iterable[Mode], chance: random.Random, number: int) -> Tally:
    """Let a second fault hit the recovery from the first, then recover."""
    tally, choice, operation = Tally(trials.operation.name), [*modes], trials.operation
    trials.fresh()
    tally.calls = trials.act(operation.again, "log", -1).calls
    for _ in range(number):
        trials.fresh()
        faults = [(chance.choice(choice), chance.randint(1, tally.calls)) for _ in range(2)]
        trials.act(operation.do, *faults[0])
        outcome = trials.act(operation.again, *faults[1])
        wrong = after_fault(trials.ends, operation.grows, trials.folder)
        where = " then ".join(f"{mode} at call {at}" for mode, at in faults)
        tally.add(outcome, [*wrong, *trials.recover()], where)
    return tally
