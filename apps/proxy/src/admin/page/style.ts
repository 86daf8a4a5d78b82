/** How the dashboard looks, in light and dark as the system is set, from 320 px of width. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f3f5f8; --card: #fff; --ink: #131820; --soft: #566070; --line: #e1e5eb; --rail: #eceff4;
  --http: #2c6bed; --wire: #0b9a70; --good: #0b8a63; --warn: #b26a00; --bad: #cc2f48;
  --mid: #8548d6; --shadow: 0 1px 2px rgb(16 24 40 / 6%), 0 1px 8px rgb(16 24 40 / 4%);
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0c0f14; --card: #161b23; --ink: #e8ecf2; --soft: #98a3b3; --line: #262d38; --rail: #202631;
    --http: #6fa3ff; --wire: #3bd0a0; --good: #3bd0a0; --warn: #f2b24c; --bad: #ff7082;
    --mid: #b98dff; --shadow: none;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  font-variant-numeric: tabular-nums;
}
main.stale { opacity: .5; }
[hidden] { display: none !important; }
header, main { max-width: 1240px; margin: 0 auto; padding: 0 20px; }
header { display: flex; align-items: center; gap: 8px 16px; flex-wrap: wrap; padding-block: 18px 14px; }
h1 { font-size: 20px; margin: 0; letter-spacing: -.01em; }
h2 { font-size: 15px; margin: 0; letter-spacing: -.005em; }
p { margin: 0; }
#status { color: var(--soft); display: flex; align-items: center; gap: 8px; }
#status::before, .dot::before {
  content: ""; width: 9px; height: 9px; border-radius: 50%; background: var(--soft); flex: none;
}
[data-level=good]::before { background: var(--good) !important; }
[data-level=warn]::before { background: var(--warn) !important; }
[data-level=bad]::before { background: var(--bad) !important; }
nav { margin-left: auto; display: flex; gap: 14px; font-size: 14px; }
a { color: var(--http); text-decoration: none; }
a:hover { text-decoration: underline; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 18px 20px;
  margin-bottom: 16px; box-shadow: var(--shadow); }
.note { color: var(--soft); font-size: 13px; max-width: 112ch; }
.note b { color: var(--ink); font-weight: 600; }
code, pre { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
pre { background: var(--rail); border-radius: 8px; padding: 10px 14px; overflow-x: auto; margin: 8px 0 0; }
#empty { padding: 26px 28px; }
#empty h2 { font-size: 22px; margin-bottom: 8px; }
#empty p { color: var(--soft); }
.places { margin: 8px 0 16px; padding-left: 20px; overflow-wrap: anywhere; }

.hero { display: grid; grid-template-columns: auto minmax(260px, 1.3fr) minmax(240px, 1fr); gap: 18px 40px; }
.hero h2 { color: var(--soft); font-weight: 500; }
.ratio { font-size: 64px; line-height: 1.05; font-weight: 700; letter-spacing: -.035em; color: var(--wire); margin: 4px 0; }
.saved { font-size: 15px; }
.bars p:not(.note) { display: flex; justify-content: space-between; gap: 12px; }
.bars p span { color: var(--soft); }
.bars data { font-weight: 600; white-space: nowrap; }
.bar { display: block; width: 100%; height: 16px; border-radius: 5px; margin: 4px 0 12px; }
.bar rect { height: 100%; }
.rail { fill: var(--rail); width: 100%; }
.fill-http { fill: var(--http); } .fill-wire { fill: var(--wire); }
.verdicts ul { list-style: none; margin: 8px 0 0; padding: 0; display: grid; gap: 7px; }
.verdicts li, .dot { display: flex; gap: 9px; align-items: baseline; }
.verdicts li { line-height: 1.35; }
.verdicts li::before { content: ""; width: 9px; height: 9px; border-radius: 50%; background: var(--soft); flex: none; }

.tiles { display: grid; grid-template-columns: repeat(8, 1fr); gap: 10px; margin-bottom: 16px; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 11px 14px; min-width: 0; box-shadow: var(--shadow); }
.tile h3 { margin: 0; font-size: 13px; font-weight: 500; color: var(--soft); }
.tile .now { font-size: 22px; font-weight: 650; letter-spacing: -.02em; white-space: nowrap; }
.tile .more { font-size: 12.5px; color: var(--soft); }

.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 16px; margin-bottom: 16px; }
.charts .card { margin: 0; display: flex; flex-direction: column; min-width: 0; }
.charts .note { margin-top: 8px; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 18px; margin: 4px 0 6px; font-size: 13.5px; color: var(--soft); min-height: 1.45em; }
.legend b { color: var(--ink); font-weight: 600; }
.legend span { display: inline-flex; align-items: center; gap: 7px; white-space: nowrap; }
.legend i { width: 12px; height: 3px; border-radius: 2px; background: currentColor; }
.legend .when { margin-left: auto; }
.plot { width: 100%; height: 170px; display: block; touch-action: pan-y; }
.plot text { fill: var(--soft); font-size: 11px; }
.plot .grid { stroke: var(--line); stroke-width: 1; shape-rendering: crispEdges; }
.plot .mark { stroke: var(--soft); stroke-dasharray: 4 4; }
.plot .cursor { stroke: var(--soft); }
.plot .line { fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.plot .area { fill: currentColor; opacity: .13; }
.c-http { color: var(--http); } .c-wire { color: var(--wire); } .c-bad { color: var(--bad); }
.c-warn { color: var(--warn); } .c-mid { color: var(--mid); }

.head { display: flex; justify-content: space-between; align-items: baseline; gap: 6px 20px; flex-wrap: wrap; margin-bottom: 4px; }
label { color: var(--soft); font-size: 14px; }
input { font: inherit; width: 84px; padding: 3px 8px; border: 1px solid var(--line); border-radius: 7px; background: var(--page); color: var(--ink); }
input:focus-visible, a:focus-visible { outline: 2px solid var(--http); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; margin-top: 10px; font-size: 14px; }
th { text-align: right; font-weight: 500; color: var(--soft); font-size: 12.5px; padding: 6px 10px; border-bottom: 1px solid var(--line); white-space: nowrap; }
td { text-align: right; padding: 7px 10px; border-bottom: 1px solid var(--line); white-space: nowrap; }
tr:last-child td { border-bottom: 0; }
th.name, td.name { text-align: left; white-space: normal; overflow-wrap: anywhere; }
th:first-child, td:first-child { padding-left: 0; } th:last-child, td:last-child { padding-right: 0; }
td.name:first-child { font-weight: 500; }
tr.total { border-top: 1px solid var(--soft); }
tr.total td, tr.total td.name:first-child { font-weight: 650; }
tr.part td.name:first-child { padding-left: 18px; font-weight: 400; color: var(--soft); }
td.dot { display: table-cell; white-space: nowrap; }
td.dot::before { display: inline-block; margin-right: 8px; }
td.none { text-align: left; color: var(--soft); white-space: normal; }

@media (max-width: 1100px) {
  .tiles { grid-template-columns: repeat(4, 1fr); }
}
@media (max-width: 1000px) {
  thead { display: none; }
  table, tbody { display: block; }
  tr { display: grid; grid-template-columns: repeat(auto-fill, minmax(142px, 1fr)); gap: 4px 22px;
    padding: 10px 0; border-bottom: 1px solid var(--line); }
  tr:last-child { border-bottom: 0; }
  tr.total { border-top: 0; }
  td { display: flex; justify-content: space-between; gap: 10px; padding: 0; border: 0; align-items: baseline; }
  td::before { content: attr(data-label); color: var(--soft); font-size: 12.5px; font-weight: 400; flex: none; }
  td.dot { display: flex; justify-content: flex-start; align-items: center; }
  td.dot::before { display: inline; content: attr(data-label); margin: 0 auto 0 0; width: auto; height: auto;
    background: none !important; }
  td.dot::after { content: ""; width: 9px; height: 9px; border-radius: 50%; order: 1; flex: none; }
  td.dot { white-space: normal; }
  [data-level=good]::after { background: var(--good); } [data-level=warn]::after { background: var(--warn); }
  [data-level=bad]::after { background: var(--bad); } [data-level=idle]::after { background: var(--soft); }
  td.name { text-align: right; }
  #ledger td.name { grid-column: 1 / -1; justify-content: flex-start; }
  td.name:first-child { grid-column: 1 / -1; text-align: left; }
  #limits td.name, td.none { grid-column: 1 / -1; text-align: left; }
  td.name:first-child::before, td.none::before, #limits td.name::before { content: none; }
  #links tr { grid-template-columns: repeat(auto-fill, minmax(250px, 1fr)); }
  tr.part { padding-left: 14px; }
  tr.part td.name:first-child { padding-left: 0; }
}
@media (max-width: 940px) {
  .hero { grid-template-columns: 1fr 1fr; }
  .verdicts { grid-column: 1 / -1; }
}
@media (max-width: 720px) {
  header, main { padding-inline: 12px; }
  nav { margin-left: 0; }
  .hero { grid-template-columns: 1fr; }
  .card { padding: 15px 14px; }
  .ratio { font-size: 54px; }
  .tiles { grid-template-columns: 1fr 1fr; }
  td.name { grid-column: 1 / -1; }
  #ledger td.name { justify-content: space-between; }
}
`;
