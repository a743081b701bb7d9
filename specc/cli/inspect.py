"""`specc inspect`: what a checkpoint is, from its header alone."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from specc.checkpoint.diagnose import Finding, count_parameters, diagnose
from specc.checkpoint.format import Header, read, read_header
from specc.checkpoint.metadata import CheckpointInfo, to_strict
from specc.cli.checkpoints import differences
from specc.cli.output import console
from specc.diagnostics.render import printable_lines
from specc.runtime.words import shown


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("checkpoint", type=Path, help="a safetensors file, ours or any other")
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.add_argument("--tensors", action="store_true", help="list every tensor")
    parser.add_argument("--diff", type=Path, metavar="OTHER", help="say what another checkpoint has otherwise")
    parser.add_argument("--verify", action="store_true", help="read the whole file and compare its digest")


def run(arguments: argparse.Namespace) -> int:
    """Say what a checkpoint is and how good."""
    path: Path = arguments.checkpoint
    if arguments.diff:
        lines = differences(path, arguments.diff)
        sys.stdout.write(_json_text({"differences": lines}) if arguments.json else _lines(lines))
        return 0
    header = read(path)[0] if arguments.verify else read_header(path)
    metadata = header.own_metadata
    own = metadata is not None and "plan_digest" in metadata
    info = CheckpointInfo.from_json(metadata or {}, str(path)) if own else None
    findings = diagnose(header, info)
    facts = _facts(header, info, verified=arguments.verify)
    if arguments.json:
        sys.stdout.write(_json(header, facts, info, findings, tensors=arguments.tensors))
    else:
        _print(path, header, facts, findings, tensors=arguments.tensors)
    return 0


def _facts(header: Header, info: CheckpointInfo | None, *, verified: bool) -> dict[str, str]:
    size = header.size + header.payload_size
    facts = {"size": f"{size / 1e6:,.1f} MB", "parameters": f"{count_parameters(header):,}"}
    facts["tensors"] = f"{len(header.tensors):,}"
    if info is None:
        return {"what": "safetensors, not written by specc", **facts}
    return {
        "what": f"{info.kind} of `{info.name}`",
        "stage": f"{info.stage}, {info.stage_index + 1} of {info.stages_total}",
        "epoch": f"{info.epoch} of {info.epochs_total}",
        "step": f"{info.step:,} of {info.steps_total:,} in the stage, {info.global_step:,} in the run",
        **facts,
        **_metrics(info),
        "plan": info.plan_digest,
        "environment": ", ".join(f"{key} {value}" for key, value in info.environment.items() if key != "drift"),
        "payload": "read, digest right" if verified else "not read (--verify reads it)",
    }


def _metrics(info: CheckpointInfo) -> dict[str, str]:
    rows = [row for row in info.history if row["stage"] == info.stage and row["epoch"] <= info.epoch and row["val"]]
    facts = {}
    if rows:
        facts["validation"] = _values(rows[-1]["val"])
    if info.tail:
        facts["tail"] = _tail(info.tail)
    if info.best:
        facts["best"] = f"{info.best['metric']} {shown(info.best['metric'], info.best['value'])}"
        facts["best"] += f" at {info.best['stage']} epoch {info.best['epoch']}"
    if info.results and "test" in info.results:
        facts["test"] = _values(info.results["test"])
    return facts


def _tail(scores: list[dict[str, Any]]) -> str:
    """Say how the rare classes do: from the lowest F1 to the highest."""
    ranked = sorted(scores, key=lambda score: float(score["f1"]))
    lowest, highest = (f"`{score['name']}` {shown('f1', score['f1'])}" for score in (ranked[0], ranked[-1]))
    return f"F1 of {len(ranked)} rare classes from {lowest} to {highest}" if len(ranked) > 1 else f"F1 of {lowest}"


def _values(values: dict[str, Any]) -> str:
    return "  ".join(f"{name} {shown(name, value)}" for name, value in values.items())


def _json(
    header: Header, facts: dict[str, str], info: CheckpointInfo | None, findings: list[Finding], *, tensors: bool
) -> str:
    record: dict[str, Any] = {"facts": facts, "findings": [vars(finding) for finding in findings]}
    if info is not None:
        record["checkpoint"] = {key: value for key, value in info.to_json().items() if key not in ("plan", "spec")}
    if tensors:
        record["tensors"] = {name: {"dtype": t.dtype, "shape": list(t.shape)} for name, t in header.tensors.items()}
    return _json_text(record)


def _json_text(record: dict[str, Any]) -> str:
    return json.dumps(to_strict(record), indent=2, ensure_ascii=False) + "\n"


def _lines(lines: list[str]) -> str:
    return "".join(f"{printable_lines(line)}\n" for line in lines) or "no difference\n"


def _print(path: Path, header: Header, facts: dict[str, str], findings: list[Finding], *, tensors: bool) -> None:
    from rich.text import Text

    styles = {"good": "green", "note": "", "warning": "yellow", "problem": "bold red"}
    out = console(sys.stdout)
    out.print(Text(str(path), "bold"), soft_wrap=True)
    for name, value in facts.items():
        out.print(Text(f"  {name:<12} {value}"), soft_wrap=True)
    for finding in findings:
        out.print(Text(f"{finding.level:>9}", styles[finding.level]) + Text(f"  {finding.text}"), soft_wrap=True)
        if finding.remedy:
            out.print(Text(f"           {finding.remedy}"), soft_wrap=True)
    if tensors:
        sys.stdout.write(_table(header))


def _table(header: Header) -> str:
    """Return a line for each tensor; plain text, since rich would take seconds for 100,000 of them."""
    lines = (
        f"  {tensor.dtype:<5} {'x'.join(map(str, tensor.shape)) or 'scalar':<18} {name}\n"
        for name, tensor in header.tensors.items()
    )
    return printable_lines("".join(lines))
