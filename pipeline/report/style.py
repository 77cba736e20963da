"""The looks of report.html: one column, tables that scroll sideways on a phone, both colour schemes."""

STYLE = """\
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --paper: #ffffff; --line: #d8dee4; --panel: #f6f8fa;
  --fill: #2f6fb3; --train: #2f6fb3; --valid: #b35900; --warn: #9a3412; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --soft: #9aa5b1; --paper: #14181d; --line: #30363d; --panel: #1d232a;
    --fill: #58a6ff; --train: #58a6ff; --valid: #f0a35e; --warn: #ffa657; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem 1rem 4rem; max-width: 60rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { margin: 1rem 0 0; font-size: 1.7rem; }
h2 { margin: 2.5rem 0 .6rem; font-size: 1.25rem; border-bottom: 1px solid var(--line); padding-bottom: .25rem; }
h3 { margin: 1.5rem 0 .5rem; font-size: 1rem; }
header p, section > p, small, figcaption { color: var(--soft); font-size: .875rem; }
header p { margin: .2rem 0 1rem; }
#look-into + ul { border-left: 4px solid var(--warn); background: var(--panel);
  margin: 0; padding: .6rem .6rem .6rem 1.8rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem; margin: 0; }
.tiles div { display: flex; flex-direction: column-reverse; justify-content: flex-end;
  background: var(--panel); border-radius: .4rem; padding: .75rem 1rem; }
.tiles dd { margin: 0; font-size: 1.5rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.tiles dt { color: var(--soft); font-size: .875rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: .5rem 1rem;
  margin: 0 0 1rem; }
.figures dt { color: var(--soft); font-size: .8rem; }
.figures dd { margin: 0; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
.scroll:focus-visible, summary:focus-visible { outline: 2px solid var(--fill); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; margin: .25rem 0 1rem; }
th, td { padding: .3rem .6rem; text-align: left; vertical-align: top; font-weight: 400; }
th:first-child { padding-left: 0; }
thead th { vertical-align: bottom; color: var(--soft); border-bottom: 1px solid var(--line); font-size: .8rem; }
tbody tr:not(.reason) > * { border-top: 1px solid var(--line); }
.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
thead .n { white-space: normal; }
.narrow { width: auto; min-width: 16rem; }
.wide { min-width: 32rem; }
.funnel .hop > * { font-weight: 600; padding-top: .5rem; }
.funnel .reason > * { color: var(--soft); padding-top: 0; padding-bottom: .15rem; }
.funnel .reason > th { padding-left: 1.2rem; overflow-wrap: anywhere; }
.funnel .reason > td[colspan] { padding-left: 1.2rem; font-style: italic; }
.bar { width: 5rem; height: .5rem; vertical-align: middle; margin-right: .4rem; }
.bar + span { display: inline-block; min-width: 3.6rem; }
.track { fill: var(--line); }
.fill { fill: var(--fill); }
figure { margin: 0 0 1rem; max-width: 34rem; }
.chart { width: 100%; height: auto; display: block; }
.chart text { fill: var(--soft); font-size: 10px; }
.chart .grid { stroke: var(--line); stroke-width: 1; }
.chart .limit { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 2 3; }
.chart polyline { fill: none; stroke-width: 1.5; stroke-linejoin: round; }
.chart polyline.train { stroke: var(--train); }
.chart polyline.valid { stroke: var(--valid); stroke-dasharray: 4 3; }
.chart polyline.part { stroke: var(--soft); stroke-dasharray: 2 2; stroke-width: 1; }
.chart circle.valid { fill: var(--valid); }
.key { display: inline-block; width: 1.5rem; border-top: 3px solid var(--train);
  vertical-align: middle; margin-left: .4rem; }
.key.valid { border-top-color: var(--valid); border-top-style: dashed; }
.key.part { border-top: 2px dashed var(--soft); }
.key.dot { width: .5rem; height: .5rem; border: 0; border-radius: 50%; background: var(--valid); }
code.token { white-space: pre-wrap; overflow-wrap: anywhere; }
details { margin: .4rem 0; }
summary { cursor: pointer; }
.samples { list-style: none; padding: 0 0 0 .8rem; margin: .3rem 0; }
.samples p { margin: .5rem 0 .2rem; font-size: .875rem; color: var(--soft); }
blockquote, pre { margin: 0; padding: .6rem .8rem; background: var(--panel); border-radius: .4rem; font-size: .85rem;
  white-space: pre-wrap; overflow-wrap: anywhere; }
@media (max-width: 36rem) {
  th, td { padding: .3rem .35rem; }
  .funnel { font-size: .8rem; }
  .funnel .bar, .funnel thead th:nth-child(5), .funnel tbody tr > .n:last-child { display: none; }
  .bar + span { min-width: 0; }
  .funnel .reason > th, .funnel .reason > td[colspan] { padding-left: .6rem; } }
"""
