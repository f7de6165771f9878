// Okabe and Ito's blue and vermilion, told apart by every kind of sight, darker or lighter until text in them has a contrast of 4.5.
export const style = `
:root {
  color-scheme: light dark;
  --paper: #fff; --wash: #f5f7f8; --ink: #15191d; --soft: #59626c; --rule: #dde2e6; --grid: #e9edf0;
  --front: #0068a6; --best: #b84700; --wash-best: #fdf3ec; --dot: #8a949e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #13171a; --wash: #1b2024; --ink: #e9edf0; --soft: #a3adb7; --rule: #333b42; --grid: #252b31;
    --front: #63b5ee; --best: #f59b57; --wash-best: #2a2019; --dot: #77828c;
  }
  .pictures img { filter: invert(1); }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere;
}
main, header { max-width: 68rem; margin: 0 auto; padding: 0 1.5rem; }
header { padding-top: 4rem; }
.eyebrow { margin: 0; color: var(--soft); font-size: .875rem; letter-spacing: .01em; }
h1 { margin: .35rem 0 0; font-size: clamp(1.75rem, 1.2rem + 2vw, 2.5rem); line-height: 1.15; font-weight: 650; letter-spacing: -.02em; }
header .outcome { margin: .75rem 0 0; color: var(--soft); font-size: 1.125rem; max-width: 44rem; }
h2 { margin: 0 0 .25rem; font-size: 1.25rem; line-height: 1.3; font-weight: 650; letter-spacing: -.01em; }
main { padding-bottom: 5rem; }
section { margin-top: 4rem; }
section > p { margin: 0 0 1.25rem; color: var(--soft); max-width: 44rem; }
.small { margin: .75rem 0 0; color: var(--soft); font-size: .875rem; }
figure { margin: 0; min-width: 0; }

.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); gap: 2rem 1.5rem; margin: 2.5rem 0 0; padding-top: 1.5rem; border-top: 1px solid var(--rule); }
.figures dt { color: var(--soft); font-size: .875rem; }
.figures dd { margin: 0; color: var(--soft); font-size: .875rem; }
.figures .big { color: var(--ink); font-size: 2.25rem; line-height: 1.25; font-weight: 600; letter-spacing: -.03em; white-space: nowrap; }
.figures .gain { color: var(--best); font-weight: 600; }

.plot { position: relative; padding: 0 1rem 0 3.25rem; }
.plot > svg { display: block; width: 100%; overflow: visible; }
.plot svg svg { overflow: visible; }
.axis { margin: 0 0 .6rem -3.25rem; color: var(--soft); font-size: .8125rem; line-height: 1.3; min-height: 1.3em; }
.axis.x { margin: 1.75rem 0 0; text-align: right; min-height: 0; }
.grid line { stroke: var(--grid); }
.plot text { fill: var(--soft); font-size: 12px; }
.ticks .y, .note.end { text-anchor: end; }
.ticks .x { text-anchor: middle; }
.lines path { fill: none; vector-effect: non-scaling-stroke; stroke: var(--dot); stroke-width: 1.5; stroke-linejoin: round; }
.lines .stairs { stroke: var(--front); stroke-width: 2; }
.lines .budget { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 3 4; }
.lines .trial { stroke-width: 1; opacity: .75; }
.lines .trial.done { stroke: var(--front); }
.lines .trial.stopped, .lines .trial.failed { stroke: var(--dot); stroke-dasharray: 3 2; }
.lines .dense { stroke: var(--ink); stroke-width: 2; stroke-dasharray: 6 3; }
.lines .best { stroke: var(--best); stroke-width: 2; }
.lines .other { stroke: var(--front); stroke-width: 1; opacity: .7; }
.mark text, .note { paint-order: stroke; stroke: var(--paper); stroke-width: 3px; stroke-linejoin: round; }
.mark text { text-anchor: middle; font-weight: 600; }
.mark path { stroke-width: 1.5; stroke: var(--paper); }
.mark.front path, .mark.front text { fill: var(--front); }
.mark.best path, .mark.best text { fill: var(--best); }
.mark.dense path, .mark.dense text { fill: var(--ink); }
.mark.done path { fill: var(--paper); stroke: var(--dot); }
.mark.stopped path { fill: none; stroke: var(--dot); }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: 1rem 0 0; padding: 0; list-style: none; color: var(--soft); font-size: .875rem; }
.legend li { display: flex; align-items: center; gap: .4rem; }
.legend svg { overflow: visible; }
.swatch { width: 1.5rem; border-top: 2px solid var(--front); }
.swatch.best { border-color: var(--best); }
.swatch.dense { border-top: 2px dashed var(--ink); }
.swatch.other, .swatch.done { border-top-width: 1px; }
.swatch.stopped { border-top: 1px dashed var(--dot); }
.plots { display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 3fr); gap: 2.5rem; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 2.5rem; align-items: start; }
.pair > * { min-width: 0; }

.scroll { overflow-x: auto; margin: 0 -1.5rem; padding: 0 1.5rem; }
.scroll:focus-visible { outline: 2px solid var(--front); outline-offset: 2px; }
table { width: 100%; border-collapse: collapse; font-size: .9375rem; }
th, td { padding: .5rem .75rem; border-bottom: 1px solid var(--rule); text-align: right; white-space: nowrap; font-weight: 400; }
th:first-child, td:first-child { padding-left: 0; }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--soft); font-size: .8125rem; vertical-align: bottom; }
.text { text-align: left; }
.marked { background: var(--wash-best); }
.marked th { font-weight: 650; color: var(--best); box-shadow: -.75rem 0 0 var(--wash-best); }
.marked td:last-child { box-shadow: .75rem 0 0 var(--wash-best); }
.text + .number, .number + .text { padding-left: 1.5rem; }
.name { display: block; width: max-content; max-width: 15rem; white-space: normal; }
.over th { padding-bottom: 0; border: 0; text-align: center; }
.over span { display: block; padding-bottom: .25rem; }
.over th:not(:first-child) span { border-bottom: 1px solid var(--rule); }
.total > * { border-bottom-color: var(--soft); font-weight: 650; }
tr:has(+ .total) > * { border-bottom-color: var(--soft); }
.bar { position: relative; display: inline-block; width: 7rem; height: .5rem; background: var(--grid); border-radius: 1px; vertical-align: middle; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.bar i { position: absolute; inset: 0 auto 0 0; background: var(--front); border-radius: 1px; min-width: 1px; }
.bar .before { background: var(--dot); opacity: .5; }

.multiples { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 18rem), 1fr)); gap: 2.25rem 2rem; }
.multiples figcaption { display: flex; justify-content: space-between; align-items: baseline; gap: 1rem; font-size: .9375rem; }
.multiples .weight { color: var(--soft); font-size: .8125rem; white-space: nowrap; }
.multiples .bar { width: 3.5rem; }
.multiples .plot { padding-left: 2.25rem; margin-top: .75rem; }
.multiples .plot > svg { margin-bottom: 1.5rem; }

.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(5.5rem, 1fr)); gap: 1.25rem; }
.pictures img { display: block; width: 100%; height: auto; image-rendering: pixelated; border: 1px solid #ddd; }
.pictures figcaption { margin-top: .35rem; font-size: .9375rem; line-height: 1.35; }
.pictures small { color: var(--soft); font-size: .8125rem; }

.made { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 10rem), 1fr)); gap: 1rem 1.5rem; margin: 1rem 0 0; }
.made dt { color: var(--soft); font-size: .8125rem; }
.made dd { margin: 0; }
.made .wide { grid-column: 1 / -1; }
code { font: .9em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }

@media (max-width: 56rem) {
  .plots { grid-template-columns: minmax(0, 1fr); }
}
@media (max-width: 40rem) {
  header { padding-top: 2.25rem; }
  main, header { padding-left: 1.25rem; padding-right: 1.25rem; }
  section { margin-top: 3rem; }
  .figures { grid-template-columns: 1fr 1fr; gap: 1.5rem 1rem; }
  .figures .big { font-size: 1.75rem; }
  .scroll { margin: 0 -1.25rem 0 0; padding: 0 1.25rem 0 0; }
  th:first-child { position: sticky; left: 0; z-index: 1; background: var(--paper); }
  .marked th:first-child { background: var(--wash-best); box-shadow: none; }
  .name { max-width: 8rem; }
  .plot { padding: 0 .75rem 0 2.75rem; }
  .axis { margin-left: -2.75rem; }
  .bar { width: 4.5rem; }
  .pictures { grid-template-columns: repeat(auto-fill, minmax(4.5rem, 1fr)); gap: 1rem; }
}
@page { margin: 15mm; }
@media print {
  :root { --paper: #fff; --wash: #f5f7f8; --ink: #15191d; --soft: #59626c; --rule: #dde2e6; --grid: #e9edf0; --front: #0068a6; --best: #b84700; --wash-best: #fdf3ec; --dot: #8a949e; }
  .pictures img { filter: none; }
  section, .marked { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { font-size: 10.5pt; }
  header { padding-top: 0; }
  section { margin-top: 2rem; }
  figure, tr { break-inside: avoid; }
  h2, section > p { break-after: avoid; }
  .scroll { overflow: visible; }
  table { font-size: 8pt; }
  thead th { font-size: 7pt; }
  th, td { padding: .25rem .35rem; white-space: normal; overflow-wrap: normal; }
  td:has(data) { white-space: nowrap; }
  .text + .number, .number + .text { padding-left: .5rem; }
  .name { width: auto; overflow-wrap: anywhere; }
  .bar { width: 3rem; }
}
`;
