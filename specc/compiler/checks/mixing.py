"""Mixing the samples of a batch: what it does nothing to, and what it would spoil."""

from specc.compiler.checks.rows import Row, table, written_together
from specc.compiler.context import Context
from specc.paths import KeyPath
from specc.spec.expressions import Call


def check_mixing(context: Context) -> None:
    """Report mixing that never happens, and losses that have no meaning for a mixed image."""
    for row in table(context):
        mix, place = row.setting("mix")
        if mix is None:
            continue
        _never(row, place, mix)
        _alone(row, place)
        if row.setting("loss")[0] and mix.number("p"):
            _routed(row, place, mix)
            _contrast(row, place, mix)


def _never(row: Row, place: KeyPath, mix: Call) -> None:
    """Report a probability of 0."""
    for call in mix.calls():
        if call.number("p") == 0:
            headline = f"`{call}` never mixes anything: its probability is 0"
            row.warn("does-nothing", headline, row.at(place, call.span), "raise `p`, or say `none`")


def _alone(row: Row, place: KeyPath) -> None:
    written = row.setting("batch_size")[1]
    if row.batch_size == 1 and written_together(row.context, place, written):
        labels = row.at(place) + row.at(written, text="one sample")
        headline = f"`mix` has no partners in stage `{row.stage.name}`: a batch is 1 sample"
        row.warn("does-nothing", headline, labels, "raise `batch_size`, or leave `mix` out")


def _routed(row: Row, place: KeyPath, mix: Call) -> None:
    """Report a routed head in the loss: a mixed image belongs to two parents, and to two of its heads."""
    heads = row.context.spec.model.heads
    for name in {str(term.call.arguments.get("head")) for term in row.setting("loss")[0].terms}:
        routed = heads[name].routed_by if name in heads else None
        if routed:
            headline = f"`{mix}` mixes images of two `{routed}` classes, and head `{name}` is routed by one"
            labels = row.at(place) + row.context.at(f"model.heads.{name}.routed_by", text="routed here")
            row.error("mixed-routing", headline, labels, f"leave `mix` out of stage `{row.stage.name}`")


def _contrast(row: Row, place: KeyPath, mix: Call) -> None:
    """Report a contrastive term: a mixed image is a view of two images."""
    for term in row.setting("loss")[0].terms:
        if term.call.function == "nt_xent":
            headline = f"`{mix}` mixes images, and `nt_xent` contrasts views of one image each"
            labels = row.at(place) + row.at(row.setting("loss")[1], term.call.span, "contrasted here")
            row.error("mixed-contrast", headline, labels, f"leave `mix` out of stage `{row.stage.name}`")
