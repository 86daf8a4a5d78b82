/** How a page looks: light or dark as the reader's system is, from a phone to a slide, and on paper. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --ink: #14202e; --soft: #5b6878; --line: #e2e6ec;
  --ours: #0f766e; --ours-soft: #5eb5ab; --rival: #a9b4c2; --base: #64748b; --limit: #d9a441;
  --ours-ink: #0b5f58; --tile: #e7f4f2;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0d131c; --card: #151d29; --ink: #e8edf4; --soft: #93a1b3; --line: #263142;
    --ours: #2dd4bf; --ours-soft: #1b7f76; --rival: #4b5a6d; --base: #7b8aa0; --limit: #d9a441;
    --ours-ink: #5eead4; --tile: #12302f;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  font-variant-numeric: tabular-nums; -webkit-text-size-adjust: 100%;
}
main { max-width: 1180px; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
nav { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; margin: 0 0 1.4rem; font-size: .9rem; }
nav a { color: var(--ours-ink); }
h1 { margin: 0 0 .4rem; font-size: clamp(1.7rem, 1.1rem + 2.6vw, 2.7rem); line-height: 1.12; letter-spacing: -.02em; text-wrap: balance; }
h2 { margin: 3rem 0 .3rem; font-size: 1.45rem; letter-spacing: -.01em; }
h3 { margin: 0; font-size: 1.05rem; line-height: 1.3; }
p { margin: .35rem 0 0; text-wrap: pretty; }
.lede { max-width: 46rem; font-size: 1.13rem; color: var(--soft); }
.facts { display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; margin: 1rem 0 0; padding: 0; list-style: none; color: var(--soft); font-size: .88rem; }
.facts b { color: var(--ink); font-weight: 600; }
.about { max-width: 46rem; color: var(--soft); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 13.5rem), 1fr)); gap: .9rem; margin: 1.8rem 0 0; }
.tile { padding: 1.05rem 1.15rem 1.1rem; border-radius: 14px; background: var(--tile); }
.tile b { display: block; font-size: 2.2rem; line-height: 1.1; font-weight: 700; letter-spacing: -.03em; color: var(--ours-ink); }
.tile span { display: block; margin-top: .3rem; font-size: .92rem; line-height: 1.35; }
.advice { margin: 1.8rem 0 0; padding: 1.1rem 1.3rem; border-left: 5px solid var(--ours); border-radius: 4px 14px 14px 4px; background: var(--tile); font-size: 1.12rem; max-width: 60rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 31rem), 1fr)); gap: 1.1rem; margin-top: 1.1rem; }
.charts > :last-child:nth-child(odd) { grid-column: 1 / -1; }
.chart, .sheet { margin: 0; padding: 1.2rem 1.3rem 1.1rem; border: 1px solid var(--line); border-radius: 14px; background: var(--card); break-inside: avoid; min-width: 0; }
.chart figcaption p { margin: .15rem 0 0; font-size: .88rem; color: var(--soft); line-height: 1.4; }
.plot { display: grid; grid-template-columns: max-content minmax(0, 1fr); column-gap: .8rem; margin-top: .9rem; }
.row { display: contents; }
.label { padding: .26rem 0; font-size: .9rem; line-height: 1.25; align-self: center; max-width: 12.5rem; }
.label small, .value small { color: var(--soft); font-size: .84em; }
.label small { display: block; }
.track { position: relative; display: flex; align-items: center; min-height: 2.35rem; --room: 8.2rem; }
.track i { position: absolute; top: 0; bottom: 0; left: calc(var(--at) * (100% - var(--room))); width: 1px; background: var(--line); }
.bar { position: relative; flex: none; width: max(3px, calc(var(--w) * (100% - var(--room)))); height: 1.25rem; border-radius: 0 4px 4px 0; background: var(--rival); }
.bar u { position: absolute; inset: 0 auto 0 0; width: calc(var(--part) * 100%); border-radius: inherit; background: rgb(0 0 0 / .28); }
.value { position: relative; padding-left: .5rem; font-size: .9rem; line-height: 1.2; white-space: nowrap; }
.value small { display: block; }
.ours .bar { background: var(--ours); } .ours .label, .ours .value { font-weight: 650; }
.ours small { font-weight: 400; }
.ours-soft .bar { background: var(--ours-soft); } .base .bar { background: var(--base); }
.limit .bar { background: repeating-linear-gradient(115deg, var(--limit) 0 6px, color-mix(in srgb, var(--limit), transparent 45%) 6px 10px); }
.axis { position: relative; grid-column: 2; height: 1.3rem; --room: 8.2rem; font-size: .76rem; color: var(--soft); }
.axis span { position: absolute; top: .15rem; left: calc(var(--at) * (100% - var(--room))); transform: translateX(-50%); white-space: nowrap; }
.axis span:first-child { transform: none; }
.part { grid-column: 1 / -1; margin-top: .7rem; font-size: .8rem; font-weight: 600; color: var(--soft); }
.part:first-child { margin-top: 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .86rem; }
th, td { padding: .34rem .7rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; }
th.text, td.text { text-align: left; }
td.text { white-space: normal; }
tr:last-child td { border-bottom: 0; }
tr.ours td { color: var(--ours-ink); font-weight: 600; }
summary { cursor: pointer; font-weight: 600; }
.sheet { margin-top: 1.1rem; }
.sheet[open] summary { margin-bottom: .7rem; }
.missing { margin: 1rem 0 0; padding: 0; list-style: none; }
.missing li { padding: .45rem 0; border-bottom: 1px solid var(--line); }
.missing b { margin-right: .5rem; }
footer { margin-top: 3rem; font-size: .85rem; color: var(--soft); }
@media (max-width: 560px) {
  main { padding: 1.6rem .9rem 3rem; }
  .chart, .sheet { padding: 1rem; }
  .plot { grid-template-columns: minmax(0, 1fr); }
  .label { max-width: none; padding: .4rem 0 0; }
  .label small { display: inline; margin-left: .3rem; }
  .track { min-height: 2rem; } .track, .axis { --room: 7.4rem; }
  .axis { grid-column: 1; }
}
@media print {
  body { background: none; font-size: 12px; } main { max-width: none; padding: 0; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;
