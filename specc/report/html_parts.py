"""Pieces of a page. Whatever comes in as text goes out escaped; only `Html` passes as it is."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape

from specc.checkpoint.format import shown


class Html(str):
    """Markup that is safe as it is."""

    __slots__ = ()


def text(value: str) -> Html:
    r"""Escape a text; control characters become visible.

    >>> text("<b>" + chr(27))
    '&lt;b&gt;\\x1b'
    """
    return value if isinstance(value, Html) else Html(escape(shown(value)))


def element(tag: str, content: str, style: str = "") -> Html:
    """Return an element, of a class of the style sheet.

    >>> element("p", "a < b", "about")
    '<p class="about">a &lt; b</p>'
    """
    opening = f'{tag} class="{style}"' if style else tag
    return Html(f"<{opening}>{text(content)}</{tag}>")


def joined(parts: Iterable[str], between: str = "\n") -> Html:
    """Join pieces, escaping those that are text."""
    return Html(between.join(text(part) for part in parts))


def table(head: Sequence[str], rows: Sequence[Sequence[str]], styles: Sequence[str]) -> Html:
    """Return a table; `styles` holds the class of each column's cells."""
    lines = [_row("th", head, styles), *(_row("td", row, styles) for row in rows)]
    return element("div", element("table", joined(["", *lines, ""])), "wide")


def facts_list(pairs: Iterable[tuple[str, str]]) -> Html:
    """Return a list of names and values."""
    return element("dl", joined(joined([element("dt", name), element("dd", value)], "") for name, value in pairs))


def mark(words: str, *, good: bool) -> Html:
    """Return a word on a ground that says whether it is good."""
    return element("span", words, f"mark {'good' if good else 'bad'}")


def bar(share: float) -> Html:
    """Return a bar as long as a share."""
    return Html(f'<i style="width:{100 * min(max(share, 0), 1):.1f}%"></i>')


def picture(name: str, data: bytes) -> Html:
    """Return a figure that carries its own bytes."""
    address = "data:image/png;base64," + b64encode(data).decode()
    return element("figure", Html(f'<img alt="{text(name)}" src="{address}">'))


def source(code: str) -> Html:
    """Return a text as it was written, line by line."""
    lines = code.replace("\r\n", "\n").split("\n")
    return element("pre", Html("\n".join(escape(_visible(line)) for line in lines)))


def _visible(line: str) -> str:
    return "".join(char if char == "\t" or char.isprintable() else ascii(char)[1:-1] for char in line)


def _row(tag: str, cells: Sequence[str], styles: Sequence[str]) -> Html:
    return element("tr", joined((element(tag, cell, style) for cell, style in zip(cells, styles, strict=True)), ""))
