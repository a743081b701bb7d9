"""Writes docs/mistakes.md after page.md: what specc says now, beside what answers.json records of the peers.

python -m tests.bench.peers.table
"""

import json
import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any, Final

from specc.diagnostics.model import Severity
from tests.bench.peers.mistakes import FOLDERS, ROOT, Mistake, mistakes, position

HERE = Path(__file__).parent
PAGE = ROOT / "docs" / "mistakes.md"

PEERS: Final = {"lightning": "LightningCLI", "hydra": "Hydra", "timm": "timm's train.py"}
KINDS: Final = {
    "caught": "a message, before it trains",
    "traceback": "a traceback, before it trains",
    "warned": "a warning, and it trains",
    "right": "it does what was meant",
    "crash": "nothing; it fails later",
    "silent": "nothing; it trains",
    "none": "no equivalent",
}
OURS: Final = {Severity.ERROR: "caught", Severity.WARNING: "warned"}
LONGEST: Final = 110
"""Characters of a peer's words in a cell."""

Answers = dict[str, dict[str, dict[str, Any]]]


def record() -> tuple[dict[str, str], Answers]:
    """Return the versions that were asked, and their answers by mistake and peer."""
    recorded = json.loads((HERE / "answers.json").read_text("utf-8"))
    table = tomllib.loads((HERE / "equivalents.toml").read_text("utf-8"))
    for name, equivalents in table.items():
        for peer in equivalents.get("right", ()):
            recorded["answers"][name][peer]["kind"] = "right"
    return recorded["versions"], recorded["answers"]


def row(mistake: Mistake, answers: Answers) -> str:
    """Return a mistake's line of the table."""
    source, _, title = mistake.header.get("source", "").partition(", ")
    by_peer = answers.get(mistake.name, {})
    cells = [mistake.name, linked(source, title), ours(mistake), *(answer(by_peer.get(peer)) for peer in PEERS)]
    return f"| {' | '.join(escaped(cell) for cell in cells)} |"


def ours(mistake: Mistake) -> str:
    said = mistake.answer()
    if said is None:
        return "silent"
    line, column = position(said)
    return f"`{said.severity}[{said.code}]`{f' at {line}:{column}' if line else ''}: {said.headline}"


def linked(source: str, title: str) -> str:
    """Return a source as a link to its issue, with its title where the pointer rests."""
    repository, _, number = source.partition("#")
    if not number:
        return ""
    hover = title.replace('"', "'")
    return f'[{source}](https://github.com/{repository}/issues/{number} "{hover}")'


def answer(given: dict[str, Any] | None) -> str:
    kind = given["kind"] if given else "none"
    said = f": {quoted(given['words'])}" if given and given["words"] else ""
    if kind == "traceback":
        return f"traceback of {given['lines']} lines{said}"
    words = {"none": "", "right": "as meant", "crash": "trains, then fails"}.get(kind, kind)
    return words + said if words else ""


def quoted(words: str) -> str:
    """Return words as code, shortened.

    >>> quoted("no such `key`")
    "`no such 'key'`"
    """
    short = words if len(words) <= LONGEST else words[: LONGEST - 4] + " ..."
    return "`" + re.sub(r"\s+", " ", short.replace("`", "'")) + "`"


def escaped(cell: str) -> str:
    return cell.replace("|", "\\|").replace("<", "&lt;") if "`" not in cell else cell.replace("|", "\\|")


def totals(answers: Answers, found: list[Mistake]) -> list[str]:
    """Return how many mistakes each was told in which way."""
    said = [mistake.answer() for mistake in found]
    kinds = {"specc": Counter("silent" if each is None else OURS[each.severity] for each in said)}
    for peer in PEERS:
        kinds[peer] = Counter(answers.get(m.name, {}).get(peer, {"kind": "none"})["kind"] for m in found)
    rows = [f"| {' | '.join(['what is said', 'specc', *PEERS.values()])} |", "| --- | --- | --- | --- | --- |"]
    return rows + [f"| {text} | {' | '.join(str(by[kind]) for by in kinds.values())} |" for kind, text in KINDS.items()]


def page() -> str:
    versions, answers = record()
    own, given = (mistakes(FOLDERS[name]) for name in ("own", "given"))
    head = [
        f"| {' | '.join(['mistake', 'source', 'specc', *PEERS.values()])} |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    return (
        (HERE / "page.md")
        .read_text("utf-8")
        .format(
            count=len(own) + len(given),
            own=len(own),
            given=len(given),
            versions=", ".join(f"{package} {number}" for package, number in versions.items()),
            totals="\n".join(totals(answers, [*own, *given])),
            table="\n".join([*head, *(row(mistake, answers) for mistake in (*own, *given))]),
        )
    )


def main() -> None:
    if not FOLDERS["given"].is_dir():
        raise SystemExit(f"there is no {FOLDERS['given']}, so the page would lose what lies there")
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
