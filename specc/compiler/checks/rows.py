"""What the checks of a stage are given: its row of the protocol's table."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from specc.compiler.context import Context
from specc.compiler.defaults import DEFAULT_BATCH
from specc.compiler.selection import match, select
from specc.diagnostics.model import Label
from specc.paths import KeyPath
from specc.source import Span
from specc.spec.expressions import Selector
from specc.spec.stages import Stage


@dataclass(frozen=True)
class Row:
    """A stage, where it is written, and the spec around it."""

    context: Context
    path: KeyPath
    stage: Stage

    @property
    def index(self) -> int:
        """Return how many stages come before this one."""
        return int(self.path[1])

    @property
    def batch_size(self) -> int:
        """Return the samples of one step."""
        return int(self.setting("batch_size")[0] or DEFAULT_BATCH)

    @property
    def names(self) -> tuple[str, ...]:
        """Return every parameter of the model; none where its backbone is not known."""
        return self.context.parameters

    @property
    def heads(self) -> list[str]:
        """Return what a loss may name: heads, or labels where an architecture has none."""
        return list(self.context.spec.model.heads) or list(self.context.spec.data.labels)

    @cached_property
    def trained(self) -> frozenset[str]:
        """Return the parameters that the stage trains."""
        return _selected(self.setting("train")[0], self.names)

    @property
    def trains_backbone(self) -> bool:
        """Say whether the stage trains any of the backbone."""
        return ("backbone",) in _parts(self.trained)

    def trains_head(self, head: str) -> bool:
        """Say whether the stage trains any of a head."""
        return ("heads", head) in _parts(self.trained)

    def setting(self, key: str) -> tuple[Any, KeyPath]:
        """Return the stage's value of a key, or the default for all stages, and where it is written."""
        return self.context.setting(self.path, self.stage, key)

    def at(self, path: KeyPath, span: Span | None = None, text: str = "") -> tuple[Label, ...]:
        """Return the label at a path of the spec, or at a span inside its string."""
        return self.context.at(path, span, text)

    def error(self, code: str, headline: str, labels: tuple[Label, ...], remedy: str | None = None) -> None:
        """Report what cannot work."""
        self.context.problems.error(code, headline, labels, remedy)

    def warn(self, code: str, headline: str, labels: tuple[Label, ...], remedy: str | None = None) -> None:
        """Report what cannot be meant."""
        self.context.problems.warn(code, headline, labels, remedy)


def table(context: Context) -> list[Row]:
    """Return all stages, in order."""
    return [Row(context, path, stage) for path, stage in context.stages()]


def by_place(rows: Iterable[Row], key: str) -> dict[KeyPath, list[Row]]:
    """Return where a key is written, and for each place the stages that it holds for."""
    found: dict[KeyPath, list[Row]] = {}
    for row in rows:
        value, place = row.setting(key)
        if value is not None:
            found.setdefault(place, []).append(row)
    return found


def written_together(context: Context, *places: KeyPath) -> bool:
    """Say whether values stand in one file and one layer of it.

    What a child, a profile or a flag made pointless of another file's value is no mistake of either.
    """
    origins = [context.document.origin(place) for place in places]
    return len({(origin.by, origin.source.name if origin.source else "") for origin in origins}) == 1


def knows_data(context: Context, *places: KeyPath) -> bool:
    """Say whether values were written with the data, or over it: what later data makes of them is no mistake."""
    data = context.spec.data
    keys = [*data.location, *(["limit"] if data.limit else [])]
    latest = max((_layer(context, KeyPath(("data", key))) for key in keys), default=0)
    return all(_layer(context, place) >= latest for place in places)


def _layer(context: Context, place: KeyPath) -> int:
    """Return how late a value was laid over the others: parents first, then the file, profiles and flags."""
    origin = context.document.origin(place)
    if origin.by != "file":
        return 2 if origin.by.startswith("flag") else 1
    chain = [source.name for source in context.sources]
    return -chain.index(origin.source.name) if origin.source and origin.source.name in chain else 0


@lru_cache(maxsize=1024)
def _selected(selector: Selector | None, names: tuple[str, ...]) -> frozenset[str]:
    """Return what a selector means; everything where one of its parts is unknown, which is reported by itself."""
    if selector is None or not all(match(term.pattern, names) for term in selector.terms):
        return frozenset(names)
    return frozenset(select(selector, names))


@lru_cache(maxsize=1024)
def _parts(trained: frozenset[str]) -> frozenset[tuple[str, ...]]:
    """Return the parts of the model that parameters belong to: the backbone, and heads by name."""
    paths = (name.split(".") for name in trained)
    return frozenset(tuple(path[: 2 if path[0] == "heads" else 1]) for path in paths)
