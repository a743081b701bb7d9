"""`report.html`: a run on one page that needs nothing beside itself."""

from collections.abc import Mapping
from typing import Any

from specc.report.html_parts import Html, bar, element, facts_list, joined, mark, picture, source, table, text
from specc.report.model import Finished, StageRun
from specc.report.page_style import STYLE
from specc.report.scores import ClassScore, class_scores, known, worst
from specc.report.words import (
    class_name,
    counted,
    duration,
    epochs_run,
    facts,
    labels,
    metric_value,
    model,
    number,
    samples,
    verdict,
    whole,
)
from specc.version import VERSION

WORST = 20


def page(finished: Finished, pictures: Mapping[str, bytes]) -> str:
    """Return the page, with these figures in it."""
    name = finished.plan.name
    body = joined(
        [*_head(finished), *_numbers(finished), *_pictures(pictures), *_classes(finished), *_origin(finished)]
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(name)}: {verdict(finished.results['gates'])}</title>\n"
        f"<style>{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _head(finished: Finished) -> list[Html]:
    plan = finished.plan
    about = f"{model(plan)}; {samples(plan.data)}"
    if "seconds" in finished.results:
        about += f"; {duration(finished.results['seconds'])}"
    return [element("h1", plan.name), element("p", about, "about"), _verdict(finished)]


def _verdict(finished: Finished) -> Html:
    gates = finished.results["gates"]
    words = verdict(gates).capitalize()
    style = "bad" if finished.missed else "good" if gates else "plain"
    lines = [element("span", f"{it['gate']}: {metric_value(it['metric'], it['value'])}") for it in finished.missed]
    return element("div", joined([words, *lines]), f"verdict {style}")


def _numbers(finished: Finished) -> list[Html]:
    parts = [*_targets(finished), element("h2", "Protocol"), _protocol(finished)]
    return [*parts, element("h2", "Results"), _results(finished)]


def _targets(finished: Finished) -> list[Html]:
    gates = finished.results["gates"]
    if not gates:
        return []
    rows = [_target_row(gate) for gate in gates]
    heading = f"Targets, on the {finished.results['judged_on']} split"
    return [element("h2", heading), table(["target", "value", ""], rows, ["code", "n", "n"])]


def _target_row(gate: dict[str, Any]) -> list[str]:
    words = "reached" if gate["passed"] else "missed"
    return [gate["gate"], metric_value(gate["metric"], gate["value"]), mark(words, good=gate["passed"])]


def _protocol(finished: Finished) -> Html:
    best = finished.plan.evaluate.best
    head = ["stage", "epochs", "steps", "learning rate", "batch", "trains", "train loss", f"best {best.metric}"]
    rows = [_stage_row(stage, best.metric, best.mode) for stage in finished.stages]
    return table(head, rows, ["", "n", "n", "code", "n", "", "n", "n"])


def _stage_row(stage: StageRun, metric: str, mode: str) -> list[str]:
    plan = stage.plan
    return [
        plan.name,
        epochs_run(len(stage.rows), plan.epochs),
        whole(stage.steps),
        plan.texts.get("lr", ""),
        whole(plan.batch_size),
        f"{plan.selector} ({whole(plan.trained_parameters)})",
        number(stage.last_train_loss),
        metric_value(metric, stage.best(metric, mode)),
    ]


def _results(finished: Finished) -> Html:
    splits = {name: finished.results[name] for name in ("val", "test") if finished.results.get(name)}
    names = dict.fromkeys(name for metrics in splits.values() for name in metrics)
    rows = [[name, *(metric_value(name, split.get(name)) for split in splits.values())] for name in names]
    parts = [table(["metric", *splits], rows, ["code", *("n" for _ in splits)]) if rows else Html("")]
    best = finished.results.get("best")
    if best:
        value = metric_value(best["metric"], best["value"])
        words = f"The best validated {best['metric']} is {value}, after epoch {best['epoch']} of {best['stage']}."
        parts.append(element("p", words, "about"))
    return joined(parts)


def _pictures(pictures: Mapping[str, bytes]) -> list[Html]:
    return [element("h2", "Figures"), *(picture(name, data) for name, data in pictures.items())] if pictures else []


def _classes(finished: Finished) -> list[Html]:
    parts = [part for name in finished.judged for part in _label(finished, name)]
    return [element("h2", f"Classes, on the {finished.results['judged_on']} split"), *parts] if parts else []


def _label(finished: Finished, name: str) -> list[Html]:
    pair, label = finished.judged[name], finished.plan.label(name)
    scores = class_scores(pair)
    if not scores:
        return []
    worst_first = worst(scores, WORST)
    head = ["class", "trained on", "tested on", "precision", "recall", "F1", ""]
    rows = [_class_row(class_name(label, it.code), label.counts, it) for it in worst_first]
    left = len(scores) - len(worst_first)
    words = f"{label.name}: the {whole(WORST)} worst of {whole(len(scores))} classes" if left else label.name
    note = f"{counted(len(known(pair)[0]), 'sample', 'samples')}, sorted by F1, the worst first."
    return [element("h3", words), element("p", note, "about"), table(head, rows, ["", *("n",) * 5, "bar"])]


def _class_row(name: str, counts: tuple[int, ...] | None, score: ClassScore) -> list[str]:
    trained = counts[score.code] if counts is not None and score.code < len(counts) else None
    shares = [f"{100 * share:.1f}%" for share in (score.precision, score.recall, score.f1)]
    return [name, whole(trained), whole(score.support), *shares, bar(score.f1)]


def _origin(finished: Finished) -> list[Html]:
    plan = finished.plan
    data = [("source", plan.data.source), ("samples", samples(plan.data)), ("labels", labels(plan.data))]
    data += [(f"rows of {split}", digest) for split, digest in (plan.data.fingerprints or {}).items()]
    return [
        element("h2", "Data"),
        facts_list(data),
        element("h2", "Environment"),
        facts_list([("seed", str(plan.seed)), *facts(finished.environment)]),
        element("h2", "Spec"),
        source(finished.spec_text),
        element("footer", f"Written by specc {VERSION}. Plan {plan.digest}."),
    ]
