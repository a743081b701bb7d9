"""What must hold of any file that a stranger made: it is read, or refused in one line that names it.

Each reader is the one that a command or a run uses, with what it does with the file afterwards.
"""

import io
import json
import traceback
import zlib
from argparse import Namespace
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Final, TypeVar

import numpy as np

from specc.checkpoint.format import Header, read, read_header
from specc.checkpoint.metadata import CheckpointInfo
from specc.data.images import read_image
from specc.data.index import build_index
from specc.data.limits import MAX_PIXELS
from specc.data.manifest import line_numbers
from specc.data.rows import read_rows
from specc.diagnostics.render import printable
from specc.diff.effects import compare
from specc.diff.render import as_json, as_text
from specc.errors import SpeccError
from specc.frontend.reading import read_source
from specc.plan.file import MAX_LENGTH, dump, load
from specc.plan.model import DataPlan
from tests.fuzz.laws import folder, limited
from tests.fuzz.sound import encoded_metadata, plan, run, tables

LIMIT: Final = 5.0
"""Seconds of CPU time that reading a file may take."""

LONGEST: Final = 2000
"""Characters of a message that one still reads."""

LOOKED_AT: Final = 3
"""Samples of a table whose images are opened."""

T = TypeVar("T")


def given(name: str, made: Callable[[], T]) -> T | None:
    """Return what a reader makes of a file; None where it refuses it in order."""
    try:
        with limited(LIMIT):
            return made()
    except SpeccError as error:
        check_message(error)
        if name not in error.message:
            raise AssertionError("the message does not name the file") from error
        return None


def check_message(error: SpeccError) -> None:
    """A message is one line that can be printed and read."""
    for text in (error.message, error.help):
        assert text is None or text.strip(), f"the message is empty {_raised(error)}"
        assert "\n" not in (text or ""), f"the message has several lines {_raised(error)}"
        assert len(text or "") < LONGEST, f"the message is very long {_raised(error)}"
        printable(text or "").encode()


def _raised(error: SpeccError) -> str:
    at = traceback.extract_tb(error.__traceback__)[-1]
    return f"(raised in {Path(at.filename).name} {at.lineno})"


def written(data: bytes, name: str) -> Path:
    """Write an input to a file."""
    path = folder() / name
    path.write_bytes(data)
    return path


def check_checkpoint(data: bytes, *, thoroughly: bool = True) -> None:
    """A checkpoint is read and gone on from; thoroughly, it is also inspected, compared, measured, and begun with."""
    path = written(data, "input.safetensors")
    header = given(str(path), lambda: read_header(path))
    if header is None:
        return
    info = given(str(path), lambda: _info(header, path))
    sound = given(str(path), lambda: read(path)[0] == header)
    if thoroughly:
        given(str(path), lambda: inspected(path, as_json=True))
    if thoroughly and sound:
        given(str(path), lambda: inspected(path, as_json=False))
        given(str(path), lambda: inspected(path, as_json=True, diff=run().last))
        given(str(path), lambda: run().start_from(path))
        given("", lambda: run().assess(path))
    if sound and info and info.stage_digest in run().plan.stage_digests:
        given(run().last.name, lambda: run().go_on(path))


def _info(header: Header, path: Path) -> CheckpointInfo | None:
    metadata = header.own_metadata
    return CheckpointInfo.from_json(metadata, str(path)) if metadata and "plan_digest" in metadata else None


def inspected(path: Path, *, as_json: bool, diff: Path | None = None) -> None:
    """Do what `specc inspect` does, and print it as strictly as a terminal takes it."""
    from specc.cli import inspect  # noqa: PLC0415  (with rich; most inputs are refused before)

    with io.TextIOWrapper(io.BytesIO(), encoding="utf-8") as out, redirect_stdout(out):
        inspect.run(Namespace(checkpoint=path, json=as_json, tensors=True, diff=diff, verify=not as_json))
        out.flush()
        text = out.buffer.getvalue().decode()
    if as_json:
        json.loads(text, parse_constant=_no_constant)


def _no_constant(word: str) -> None:
    raise AssertionError(f"what is printed as JSON holds {word}")


def check_metadata(data: bytes, *, thoroughly: bool = True) -> None:
    """Metadata is held to what it says, behind right digests; what does not look like any is tried as a plan."""
    if b'"plan_digest"' in data:
        check_checkpoint(encoded_metadata(data), thoroughly=thoroughly)
    else:
        check_plan(data, thoroughly=thoroughly)


def check_plan(data: bytes, *, thoroughly: bool) -> None:
    """A plan is read; thoroughly, it is also written again, and compared."""
    path = written(data, "input.json")
    found = given(str(path), lambda: load(read_source(path, limit=MAX_LENGTH).text, str(path)))
    if found is not None and thoroughly:
        with limited(LIMIT):
            assert load(dump(found), "x") == found, "a plan changes when it is written"
            comparison = compare(plan(), found)
            printable(as_text(comparison)).encode()
            as_json(comparison).encode()


def check_image(data: bytes, *, thoroughly: bool = True) -> None:
    """An image gives pixels as the model takes them; which channels are asked for follows from its bytes."""
    path, channels = str(written(data, "input.png")), (1, 3, 4)[zlib.crc32(data) % 3]
    pixels = given(path, lambda: read_image(path, channels))
    if pixels is not None:
        assert pixels.dtype == np.uint8, "pixels have 8 bits"
        assert pixels.ndim == 3, "pixels have rows, columns and channels"
        assert pixels.shape[2] == channels, "the channels are those that are asked for"
        assert 0 < pixels.shape[0] * pixels.shape[1] <= MAX_PIXELS, "the limit holds"
        assert pixels.flags.c_contiguous, "torch takes no other order"


def check_labels(data: bytes, *, thoroughly: bool = True) -> None:
    """A table gives an index whichever way a spec asks for it, and its images are opened."""
    source = "jsonl" if data.lstrip()[:1] == b"{" else "csv"
    path = str(written(data, f"input.{source}"))
    for data_plan in tables(source, path):
        check_table(data_plan, path)


def check_table(data_plan: DataPlan, path: str) -> None:
    """Rows are numbered and divided; what is wrong with that is said of the data, and not always of the file."""
    rows = given(path, lambda: read_rows(data_plan)["path"])
    if rows is None:
        return
    assert {len(rows)} == {len(column) for column in rows.columns.values()} | {len(rows.references)}
    lines = line_numbers(data_plan.source, path, {*range(min(len(rows), 5)), max(len(rows) - 1, 0)})
    assert list(lines.values()) == sorted(lines.values()), "rows come in the order of their lines"
    try:
        with limited(LIMIT):
            index = build_index(data_plan, seed=0)
            index.data.model_dump_json().encode()
    except SpeccError as error:
        check_message(error)
        return
    if data_plan.image:
        samples = index.splits["train"].references
        for name in (samples[row] for row in range(min(len(samples), LOOKED_AT))):
            check_reference(name)


def check_reference(name: str) -> None:
    """Whatever a table calls an image, it is opened or refused."""
    try:
        with limited(LIMIT):
            read_image(name, 3)
    except SpeccError as error:
        check_message(error)
