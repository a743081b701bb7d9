"""Differential privacy: what lets one sample reach further than the accountant counts."""

from specc.compiler.checks.rows import Row, table, written_together
from specc.compiler.context import Context
from specc.paths import KeyPath

_CLIP = KeyPath(("privacy", "max_grad_norm"))


def check_privacy(context: Context) -> None:
    """Report stages that break the promise of `[privacy]`, and a gradient that is clipped twice."""
    if context.spec.privacy is None:
        return
    for row in table(context):
        _batch_norm(row)
        _mixed(row)
        _weighted(row)
        _contrasted(row)
        _clipped_twice(row)


def _batch_norm(row: Row) -> None:
    """Report batch normalisation that trains: each sample's gradient holds the whole batch."""
    backbone, model = row.context.backbone, row.context.spec.model
    if backbone is None or model.norm in ("group", "layer"):
        return
    layers = [norm for norm in backbone.norms if f"backbone.{norm}.weight" in row.trained]
    if layers:
        headline = f"stage `{row.stage.name}` trains {len(layers)} layers of batch normalisation, which mix samples"
        labels = row.context.at("model.backbone") + row.context.at("privacy", text="each sample's share is bounded")
        row.error("not-private", headline, labels, 'set model.norm = "group"')


def _mixed(row: Row) -> None:
    mix, place = row.setting("mix")
    if mix and mix.number("p"):
        headline = f"`{mix}` puts a sample into several others of its batch"
        _report(row, place, headline, "leave `mix` out")


def _weighted(row: Row) -> None:
    sample, place = row.setting("sample")
    if sample:
        headline = f"`{sample}` draws some samples more often, and the accountant counts all alike"
        _report(row, place, headline, "leave `sample` out")


def _contrasted(row: Row) -> None:
    loss, place = row.setting("loss")
    if loss and any(term.call.function == "nt_xent" for term in loss.terms):
        _report(row, place, "`nt_xent` contrasts a sample with all others of its batch", "choose another loss")


def _report(row: Row, place: KeyPath, headline: str, remedy: str) -> None:
    labels = row.at(place) + row.context.at("privacy", text="each sample's share is bounded")
    row.error("not-private", headline, labels, remedy)


def _clipped_twice(row: Row) -> None:
    norm, place = row.setting("max_grad_norm")
    if norm is not None and written_together(row.context, place, _CLIP):
        labels = row.at(place) + row.at(_CLIP, text="each sample's gradient is clipped here")
        headline = "the gradient is clipped twice: each sample's, and after the noise all of it"
        row.warn("clipped-twice", headline, labels, "leave it out where there is [privacy]")
