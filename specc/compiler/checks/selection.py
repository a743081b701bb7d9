"""What a stage trains, at which factor of its rate, and whether its loss reaches that."""

from specc.compiler.checks.rows import Row, by_place, table, written_together
from specc.compiler.context import Context
from specc.compiler.selection import match, nearby
from specc.diagnostics.suggest import did_you_mean
from specc.paths import KeyPath
from specc.spec.expressions import Name, Rate, Selector
from specc.spec.units import number_text


def check_selection(context: Context) -> None:
    """Report selectors and rates that mean nothing, and parameters that train in vain or not at all."""
    rows = table(context)
    for row in rows:
        _factors(row)
    if not rows[0].names:
        return
    for row in rows:
        if _selector(row):
            _heads_without_loss(row)
    for place, users in by_place(rows, "rates").items():
        _rates(users, place)
    _untrained(context, rows)


def _selector(row: Row) -> bool:
    """Report a selector that selects nothing; say whether all of it is known."""
    selector, place = row.setting("train")
    if selector is None:
        return True
    if not _all_match(row, place, [term.pattern for term in selector.terms]):
        return False
    if not row.trained:
        headline = f"stage `{row.stage.name}` trains nothing"
        row.error("selects-nothing", headline, row.at(place), "what is added is taken away again")
    _idle_terms(row, selector, place)
    return True


def _idle_terms(row: Row, selector: Selector, place: KeyPath) -> None:
    """Report terms that take nothing away."""
    chosen: set[str] = set()
    for term in selector.terms:
        found = match(term.pattern, row.names)
        if term.sign == "-" and not chosen & found:
            headline = f"`- {term.pattern}` takes nothing away in `{selector}`"
            labels = row.at(place, term.pattern.span, "nothing of it is selected before")
            row.warn(
                "idle-term", headline, labels, "terms apply from left to right: move it to the end, or leave it out"
            )
        chosen = chosen - found if term.sign == "-" else chosen | found


def _all_match(row: Row, place: KeyPath, patterns: list[Name]) -> bool:
    missing = [pattern for pattern in patterns if not match(pattern, row.names)]
    for pattern in missing:
        headline = f"`{pattern}` selects nothing in stage `{row.stage.name}`"
        labels = row.at(place, pattern.span, "no parameter matches")
        row.error("selects-nothing", headline, labels, _remedy(pattern, row.names))
    return not missing


def _remedy(pattern: Name, names: tuple[str, ...]) -> str:
    """Name the part that was meant: one whose path ends so, or the nearest.

    >>> _remedy(Name("layer4"), ("backbone.layer4.0.weight", "heads.a.weight"))
    'did you mean `backbone.layer4`?'
    """
    whole = Name(f"backbone.{pattern}")
    if match(whole, names):
        return f"did you mean `{whole}`?"
    return did_you_mean(pattern.text, nearby(pattern, names), "parts")


def _heads_without_loss(row: Row) -> None:
    """Report heads that a stage trains and its loss never looks at; an unknown one is reported by itself."""
    spec, loss = row.context.spec, row.setting("loss")[0]
    heads = {str(term.call.arguments.get("head")) for term in loss.terms} if loss else set()
    if not heads or not heads <= set(spec.model.heads):
        return
    for head, written in spec.model.heads.items():
        if head not in heads and (written.out or head in spec.data.labels) and row.trains_head(head):
            _head_without_loss(row, head)


def _head_without_loss(row: Row, head: str) -> None:
    selector, place = row.setting("train")
    patterns = selector.terms if isinstance(selector, Selector) else ()
    span = next((t.pattern.span for t in patterns if t.pattern.text in (f"heads.{head}", "heads", "all")), None)
    labels = row.at(row.path.child("name")) + row.at(place, span, "trained here")
    labels += row.at(row.setting("loss")[1], text="this loss does not reach it")
    headline = f"stage `{row.stage.name}` trains head `{head}`, which its loss never sees"
    remedy = f"add a term for `{head}` to the loss, or leave `heads.{head}` out of `train`"
    row.error("trains-without-loss", headline, labels, remedy)


def _untrained(context: Context, rows: list[Row]) -> None:
    """Report heads that no stage trains, and a backbone that stays what chance made it."""
    model = context.spec.model
    for head in model.heads:
        if not any(row.trains_head(head) for row in rows):
            labels = context.at(f"model.heads.{head}")
            context.problems.warn("never-trained", f"no stage trains head `{head}`", labels, "train it, or remove it")
    if not model.pretrained and model.start_from is None and not any(row.trains_backbone for row in rows):
        headline = f"no stage trains `{model.backbone}`, and its weights are those of chance"
        context.problems.warn("never-trained", headline, context.at("model.backbone"), "set pretrained = true")


def _factors(row: Row) -> None:
    """Report factors that turn a rate around."""
    rates, place = row.setting("rates")
    for rate in rates.entries if rates else ():
        if rate.factor < 0:
            headline = f"the factor of `{rate.pattern}` is at least 0, not `{number_text(rate.factor)}`"
            row.error("out-of-range", headline, row.at(place, rate.pattern.span), "leave out the sign")


def _rates(users: list[Row], place: KeyPath) -> None:
    """Report rates that reach no parameter that trains, and those that keep it from training."""
    row, rates = users[0], users[0].setting("rates")[0]
    if rates.layer_decay:
        _layer_decay(users, place)
    elif _all_match(row, place, [rate.pattern for rate in rates.entries]):
        won = _won(rates.entries, row.names)
        _idle_rates(users, place, won)
        _frozen_by_rate(users, place, won)


def _won(entries: tuple[Rate, ...], names: tuple[str, ...]) -> list[tuple[Rate, set[str]]]:
    """Return each rate with the parameters that it applies to: the first match wins."""
    won: list[tuple[Rate, set[str]]] = []
    for rate in entries:
        won.append((rate, match(rate.pattern, names).difference(*(taken for _, taken in won))))
    return won


def _idle_rates(users: list[Row], place: KeyPath, won: list[tuple[Rate, set[str]]]) -> None:
    row = users[0]
    for index, (rate, reached) in enumerate(won):
        labels = row.at(place, rate.pattern.span, "never reached")
        if not reached:
            meant = match(rate.pattern, row.names)
            first = next(other for other, taken in won[:index] if taken & meant)
            labels += row.at(place, first.pattern.span, "matches first")
            row.warn("idle-rate", f"the rate `{rate}` never applies", labels, "put the narrower part first")
        elif not any(reached & user.trained or not _chose(user, place) for user in users):
            labels += row.at(row.setting("train")[1], text="trains other parameters")
            headline = f"the rate `{rate}` never applies: stage `{row.stage.name}` trains nothing of it"
            row.warn("idle-rate", headline, labels, f"leave it out, or train `{rate.pattern}`")


def _chose(row: Row, place: KeyPath) -> bool:
    """Say whether what a stage trains was chosen together with its rates, and is something."""
    return bool(row.trained) and written_together(row.context, place, row.setting("train")[1])


def _frozen_by_rate(users: list[Row], place: KeyPath, won: list[tuple[Rate, set[str]]]) -> None:
    """Report rates of 0, which freeze what `train` trains."""
    zeros = [(rate, reached) for rate, reached in won if rate.factor == 0]
    frozen = set().union(*(reached for _, reached in zeros))
    for row in users:
        if frozen and row.trained <= frozen:
            headline = f"stage `{row.stage.name}` trains nothing: its rates are 0"
            row.error("selects-nothing", headline, row.at(place), "raise a factor")
        for rate, _ in (pair for pair in zeros if pair[1] & row.trained and not row.trained <= frozen):
            labels = row.at(place, rate.pattern.span) + row.at(row.setting("train")[1], text="trained here")
            headline = f"a rate of 0 freezes `{rate.pattern}`, which stage `{row.stage.name}` trains"
            row.warn("frozen-by-rate", headline, labels, f"leave `{rate.pattern}` out of `train`")


def _layer_decay(users: list[Row], place: KeyPath) -> None:
    """Report a decay over layers where only heads train, and one that freezes all below them."""
    row = users[0]
    labels = row.at(place) + row.at(row.setting("train")[1], text="trained here")
    if not any(user.trains_backbone or not _chose(user, place) for user in users):
        headline = f"`layer_decay` never applies: stage `{row.stage.name}` trains no layer of the backbone"
        row.warn("idle-rate", headline, labels, "leave it out, or train the backbone")
    elif row.setting("rates")[0].layer_decay.number("factor") == 0:
        headline = f"a decay of 0 freezes the backbone, which stage `{row.stage.name}` trains"
        row.warn("frozen-by-rate", headline, labels, "leave the backbone out of `train`")
