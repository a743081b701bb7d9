"""Where keys and values stand."""

import pytest

from specc.frontend.faults import MAX_DEPTH, MAX_KEYS
from specc.frontend.scanner import scan
from specc.paths import KeyPath
from specc.source import Document, Source


def origins(text: str) -> dict[str, tuple[str | None, str]]:
    """Return the texts under the key and under the value of each path."""
    result = scan(Source("x.toml", text))
    assert result.faults == []
    cut = {}
    for path, origin in result.origins.items():
        key = None if origin.key is None else text[origin.key.start : origin.key.end]
        cut[str(path)] = (key, text[origin.value.start : origin.value.end])
    return cut


def inside(text: str) -> object:
    return scan(Source("x.toml", text)).origins[KeyPath(("a",))].inside


def kinds(text: str) -> list[tuple[str, int]]:
    source = Source("x.toml", text)
    return [(fault.kind, source.line_column(fault.span.start)[0]) for fault in scan(source).faults]


def test_a_value_and_its_key():
    assert origins("lr = 1e-3  # rate") == {"lr": ("lr", "1e-3")}


def test_a_string_is_its_content():
    assert origins("a = \"x y\"\nb = 'z'\nc = ''") == {"a": ("a", "x y"), "b": ("b", "z"), "c": ("c", "")}


def test_an_empty_string_stands_between_its_quotes():
    assert scan(Source("x.toml", 'a = ""')).origins[KeyPath(("a",))].value.start == 5


def test_a_long_string_begins_after_its_first_line_end():
    assert origins('a = """\nx\n  y"""')["a"] == ("a", "x\n  y")


def test_quotes_before_the_closing_quotes_belong_to_a_long_string():
    assert origins('a = """x"""""')["a"] == ("a", 'x""')


def test_header_parts_stand_in_the_header():
    assert origins("[ model . 'heads' ]\nx = 1") == {
        "model": ("model", "model"),
        "model.heads": ("'heads'", "'heads'"),
        "model.heads.x": ("x", "1"),
    }


def test_a_table_stands_at_its_own_header_once_there_is_one():
    result = scan(Source("x.toml", "[a.b]\n[a]"))
    assert result.origins[KeyPath(("a",))].key.start == 7


def test_tables_of_a_list_are_numbered():
    found = origins("[[stages]]\nlr = 1\n[[stages]]\n[stages.expect]\nx = 2")
    assert found["stages[0].lr"] == ("lr", "1")
    assert found["stages[1]"] == ("stages", "stages")
    assert found["stages[1].expect.x"] == ("x", "2")


def test_dotted_keys_give_every_prefix():
    assert origins("data.limit = 1") == {"data": ("data", "data"), "data.limit": ("limit", "1")}


def test_arrays_and_inline_tables():
    assert origins("a = [ {b = [true]}, 2, ]") == {
        "a": ("a", "[ {b = [true]}, 2, ]"),
        "a[0]": (None, "{b = [true]}"),
        "a[0].b": ("b", "[true]"),
        "a[0].b[0]": (None, "true"),
        "a[1]": (None, "2"),
    }


def test_inside_is_a_range_without_escapes():
    assert inside('a = "xyz"') == range(5, 9)
    assert inside("a = '''\nx\ny'''") == range(8, 12)


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        (r'a = "x\ny"', (5, 6, 8, 9)),
        (r'a = "\u00e9z"', (5, 11, 12)),
        (r'a = "\U0001F600z"', (5, 15, 16)),
        ('a = """\nx\\\n   y"""', (8, 14, 15)),
        ('a = """x\r\ny"""', (7, 8, 10, 11)),
        ("a = '''x\r\ny'''", (7, 8, 10, 11)),
    ],
)
def test_inside_follows_escapes(text, marks):
    assert inside(text) == marks


def test_place_inside_points_behind_an_escape():
    text = r'loss = "a\t+ b"'
    source = Source("x.toml", text)
    document = Document(source, {"loss": "a\t+ b"}, scan(source).origins)
    place = document.place_inside(KeyPath(("loss",)), 4, 5)
    assert text[place.span.start : place.span.end] == "b"


def test_a_byte_order_mark_is_no_key():
    assert origins("\ufeffa = 1") == {"a": ("a", "1")}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = 1\na = 2", [("key-twice", 2)]),
        ("a = {b = 1, b = 2}", [("key-twice", 1)]),
        ("a = 1\n'a' = 2\n\"\\u0061\" = 3", [("key-twice", 2), ("key-twice", 3)]),
        ("[a]\n[b]\n[a]\nc = 1\nc = 2", [("table-twice", 3), ("key-twice", 5)]),
        ("a = 1\n[a]", [("two-meanings", 2)]),
        ("a = 1\na.b = 2", [("two-meanings", 2)]),
        ("a = {}\n[a.b]", [("two-meanings", 2)]),
        ("a = []\n[[a]]", [("two-meanings", 2)]),
        ("[[a]]\n[a]", [("two-meanings", 2)]),
        ("[a.b]\n[a]\nb.c = 1", [("two-meanings", 3)]),
        ("a.b = 1\n[a]", [("two-meanings", 2)]),
    ],
)
def test_what_is_said_twice(text, expected):
    assert kinds(text) == expected


@pytest.mark.parametrize("text", ["[a.b]\n[a]", "a.b = 1\na.c = 2", "a.b = 1\n[a.c]", "[[a]]\n[a.b]\n[[a]]\n[a.b]"])
def test_what_may_be_opened_again(text):
    assert kinds(text) == []


def test_depth_is_bounded():
    fits = MAX_DEPTH - 1
    assert kinds("a = " + "[" * fits + "]" * fits) == []
    for text in ("a = " + "[" * 100_000, "a = " + "{a = " * 100_000, "a." * 100_000 + "a = 1", f"[{'a.' * 100}a]"):
        assert kinds(text) == [("too-deep", 1)]


def test_the_number_of_keys_is_bounded():
    assert kinds("\n".join(f"k{i} = 1" for i in range(MAX_KEYS))) == []
    assert kinds("\n".join(f"k{i} = 1" for i in range(MAX_KEYS + 5))) == [("too-many-keys", MAX_KEYS + 1)]
    assert kinds("a = [" + "1," * 200_000 + "]") == [("too-many-items", 1)]
