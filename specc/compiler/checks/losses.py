"""What a stage minimises: terms of heads and teachers that there are, each of which moves something."""

from specc.compiler.checks.names import check_reference
from specc.compiler.checks.rows import Row, table, written_together
from specc.compiler.context import Context
from specc.paths import KeyPath
from specc.spec.expressions import Call, Loss, Name
from specc.spec.units import number_text

_CLASS_LOSSES = ("cross_entropy", "focal", "binary_cross_entropy", "distill")


def check_losses(context: Context) -> None:
    """Report terms that name what there is not, and terms that move no weight."""
    for row in table(context):
        loss, place = row.setting("loss")
        if loss is None:
            continue
        for term in loss.terms:
            _term(row, place, term.call)
        _weights(row, place, loss)
        _twice(row, place, loss)
        if row.stage.loss is not None and row.names:
            _constant(row, place, loss)


def _term(row: Row, place: KeyPath, call: Call) -> None:
    spec = row.context.spec
    head = call.arguments.get("head")
    if isinstance(head, Name) and check_reference(row.context, place, head, row.heads, "head"):
        has_no_label = spec.model.heads and spec.model.heads[head.text].out and head.text not in spec.data.labels
        if has_no_label and call.function in _CLASS_LOSSES:
            headline = f"`{call.function}` compares with classes, and head `{head}` has no label"
            row.error("unknown-label", headline, row.at(place, head.span), f"declare [data.labels.{head}]")
    _teachers(row, place, call)
    if call.function == "nt_xent" and spec.augment.views is None:
        headline = "`nt_xent` contrasts two views of an image, and `[augment]` has no `views`"
        row.error("loss-without-views", headline, row.at(place, call.span), 'set augment.views = "simclr(224)"')


def _teachers(row: Row, place: KeyPath, call: Call) -> None:
    teachers = call.arguments.get("from", ())
    seen: set[str] = set()
    for teacher in teachers if isinstance(teachers, tuple) else ():
        check_reference(row.context, place, teacher, list(row.context.spec.teachers), "teacher")
        if teacher.text in seen:
            headline = f"teacher `{teacher}` is named twice"
            row.warn("duplicate-item", headline, row.at(place, teacher.span), "keep one of them")
        seen.add(teacher.text)


def _weights(row: Row, place: KeyPath, loss: Loss) -> None:
    for term in loss.terms:
        if term.weight < 0:
            headline = f"the weight of `{term.call}` is at least 0, not `{number_text(term.weight)}`"
            row.error("out-of-range", headline, row.at(place, term.call.span), "leave out the sign")
        if term.weight == 0:
            headline = f"the term `{term}` adds nothing to the loss"
            row.warn("idle-term", headline, row.at(place, term.call.span), "leave it out, or raise its weight")


def _twice(row: Row, place: KeyPath, loss: Loss) -> None:
    calls = [term.call for term in loss.terms]
    for index, call in enumerate(calls):
        if call in calls[:index]:
            labels = row.at(place, call.span) + row.at(place, calls[calls.index(call)].span, "first added here")
            row.warn(
                "duplicate-item", f"the loss adds `{call}` twice", labels, "keep one, with a weight if it is meant"
            )


def _constant(row: Row, place: KeyPath, loss: Loss) -> None:
    """Report terms of heads that stand still on a backbone that stands still; a shared default may hold some."""
    heads = [str(term.call.arguments.get("head")) for term in loss.terms]
    written = row.setting("train")[1]
    if (
        not written_together(row.context, place, written)
        or row.trains_backbone
        or not any(row.trains_head(head) for head in heads)
    ):
        return
    for term, head in zip(loss.terms, heads, strict=True):
        if head in row.context.spec.model.heads and not row.trains_head(head):
            headline = (
                f"the term `{term}` is constant: stage `{row.stage.name}` trains neither its head nor the backbone"
            )
            labels = row.at(place, term.call.span) + row.at(written, text="trains other parameters")
            row.warn("idle-term", headline, labels, f"leave it out, or train `heads.{head}`")
