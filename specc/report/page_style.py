"""The style sheet of `report.html`."""

from typing import Final

STYLE: Final = """
:root { color-scheme: light dark; --ink: #1f2328; --muted: #656d76; --line: #d8dee4; --back: #ffffff;
  --soft: #f6f8fa; --good: #116329; --good-back: #dafbe1; --bad: #9a3412; --bad-back: #ffedd5; --bar: #0072b2; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --muted: #9198a1; --line: #30363d; --back: #0d1117; --soft: #161b22; --good: #7ee787;
    --good-back: #12261e; --bad: #ffb77c; --bad-back: #2b1a0d; --bar: #56b4e9; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.5rem 1.5rem 4rem; max-width: 62rem; background: var(--back); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 2.6rem 0 .8rem; font-size: 1.15rem; }
h3 { margin: 1.6rem 0 .5rem; font-size: 1rem; overflow-wrap: anywhere; }
.about { margin: .4rem 0 1.4rem; color: var(--muted); }
.verdict { padding: .8rem 1rem; border-left: 4px solid; border-radius: 4px; font-weight: 600; overflow-wrap: anywhere; }
.verdict span { display: block; font-weight: 400; }
.good { color: var(--good); background: var(--good-back); }
.bad { color: var(--bad); background: var(--bad-back); }
.plain { color: var(--muted); background: var(--soft); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .38rem 1rem .38rem 0; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: baseline; }
th:last-child, td:last-child { padding-right: 0; }
th { color: var(--muted); font-weight: 500; font-size: .87em; white-space: nowrap; }
th.n, td.n { text-align: right; white-space: nowrap; }
td { overflow-wrap: break-word; }
td.code, code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace;
  font-size: .87em; }
.mark { display: inline-block; padding: 0 .55em; border-radius: 1em; font-size: .87em; font-weight: 600; }
.bar { width: 8rem; }
.bar i { display: block; height: .55rem; margin-top: .45rem; border-radius: 2px; background: var(--bar); }
figure { margin: 1rem 0; padding: .6rem; background: #ffffff; border: 1px solid var(--line); border-radius: 6px; }
figure img { display: block; max-width: 100%; max-height: 44rem; width: auto; height: auto; margin: 0 auto; }
pre { padding: 1rem; overflow-x: auto; background: var(--soft); border: 1px solid var(--line); border-radius: 6px;
  line-height: 1.45; tab-size: 4; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.4rem; margin: 0; }
dt { color: var(--muted); }
dd { margin: 0; overflow-wrap: anywhere; }
footer { margin-top: 3rem; color: var(--muted); font-size: .87em; overflow-wrap: anywhere; }
@media print { body { max-width: none; padding: 0; } figure, tr { break-inside: avoid; } }
"""
"""Colours with a contrast of at least 4.5 to 1, by day and by night."""
