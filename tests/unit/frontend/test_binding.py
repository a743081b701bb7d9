"""What is said of the arguments of a call."""

import pytest

from specc.frontend.expressions import parse
from specc.spec.fields import ExpressionError


def said(kind: str, text: str) -> list[tuple[str, str, str]]:
    """Return code, text in question and headline of each problem."""
    with pytest.raises(ExpressionError) as caught:
        parse(kind, text)
    return [(p.code, text[p.span.start : p.span.end], p.headline) for p in caught.value.problems]


@pytest.mark.parametrize(
    ("kind", "text", "problem"),
    [
        ("loss", "focal()", ("missing-argument", "focal()", "`focal` needs `head`")),
        ("loss", "focal(3)", ("wrong-value", "3", "`head` of `focal` is a name, not `3`")),
        ("loss", "focal(a, gama = 2)", ("unknown-argument", "gama = 2", "`focal` has no argument `gama`")),
        ("loss", "focal(a, head = b)", ("duplicate-argument", "head = b", "`head` is given twice to `focal`")),
        (
            "optimizer",
            "adamw(beta1 = 1)",
            ("out-of-range", "beta1 = 1", "`beta1` of `adamw` is at least 0 and below 1, not `1`"),
        ),
        (
            "transform",
            "resize(22.5)",
            ("wrong-value", "22.5", "`size` of `resize` is a whole number, not `22.5`"),
        ),
        (
            "transform",
            "trivial_augment(1)",
            ("unknown-argument", "1", "`trivial_augment` takes no arguments, and this is one more"),
        ),
        (
            "schedule",
            "warmup(5)",
            ("wrong-value", "5", "`duration` of `warmup` is a duration such as `2 epochs` or `500 steps`, not `5`"),
        ),
        (
            "schedule",
            "warmup(0 epochs)",
            ("out-of-range", "0 epochs", "`duration` of `warmup` is above 0, not `0 epochs`"),
        ),
        ("mix", "one_of(p = 0.5)", ("missing-argument", "p = 0.5", "`one_of` chooses among nothing")),
    ],
)
def test_one_problem(kind, text, problem):
    assert said(kind, text) == [problem]


@pytest.mark.parametrize("written", ["[]", "[focal(a)]"])
def test_a_list_is_shown_as_it_is_written(written):
    headline = f"`from` of `distill` is a list of names, not `{written}`"
    assert said("loss", f"distill(a, from = {written})") == [("wrong-value", f"from = {written}", headline)]


def test_all_problems_of_a_call_are_said():
    codes = [code for code, _, _ in said("loss", "focal(gamma = -1, alpha = x, beta = 2)")]
    assert sorted(codes) == ["missing-argument", "out-of-range", "unknown-argument", "wrong-value"]


def test_problems_of_inner_calls_have_their_own_places():
    found = said("transform", "one_of(hflip(2), blur(3), blurr(3), p = 0.5)")
    assert [(code, at) for code, at, _ in found] == [("out-of-range", "2"), ("unknown-function", "blurr")]


def test_every_argument_is_bound():
    call = parse("transform", "random_resized_crop(224, ratio = 1)")
    assert {name: str(value) for name, value in call.arguments.items()} == {
        "size": "224",
        "scale": "0.08 -> 1",
        "ratio": "1 -> 1",
    }
    assert list(call.spans) == ["size", "ratio"]


@pytest.mark.parametrize(
    ("kind", "text", "printed"),
    [
        ("transform", "hflip(p=.5)", "hflip()"),
        ("transform", "blur(kernel=3)", "blur(3 -> 3)"),
        ("loss", "focal(alpha=0.25,head=a)", "focal(a, alpha = 0.25)"),
        ("loss", "distill(a, [b,c], 2)", "distill(a, from = [b, c], temperature = 2)"),
        ("metric", "top(3, a)", "top3(a)"),
        ("mix", "one_of(mixup(0.2),p=50%)", "one_of(mixup(0.2), p = 0.5)"),
        ("schedule", "step(0.1, 2 epochs)", "step(0.1, every = 2 epochs)"),
    ],
)
def test_the_canonical_text_shows_what_differs_from_the_defaults(kind, text, printed):
    assert str(parse(kind, text)) == printed
