// SPDX-License-Identifier: Apache-2.0
// How the report looks, on screens light and dark and on paper.
#pragma once

namespace ditscope::analyzer {

inline constexpr const char* kHtmlStyle = R"css(
:root { color-scheme: light dark; --page: #f3f4f6; --card: #fff; --text: #1f2328; --faint: #5d6570;
  --line: #d8dce1; --accent: #1668b8; --search: #b85c00; --other: #9aa3ad; --record: #96508f;
  --good: #1a7f45; --bad: #b3261e; --good-back: #e8f5ec; --bad-back: #fdecea; }
@media (prefers-color-scheme: dark) {
  :root { --page: #17191c; --card: #202327; --text: #e3e6ea; --faint: #9aa3ad; --line: #3a3f46;
    --accent: #6db3f2; --search: #e8a33d; --other: #69727c; --record: #d191d6; --good: #5cc48a;
    --bad: #ff7b6b; --good-back: #1d3326; --bad-back: #42211f; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.45 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 28px 24px 48px; }
h1 { font-size: 26px; margin: 0 0 2px; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 34px 0 10px; }
h3 { font-size: 14px; font-weight: 600; margin: 0 0 10px; }
p { margin: 0 0 10px; }
.faint, figcaption, th { color: var(--faint); }
.card, figure { background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: 14px 16px; }
.health { border-left: 5px solid var(--good); background: var(--good-back); margin: 16px 0;
  border-radius: 6px; padding: 10px 14px; }
.health b { color: var(--good); }
.health.bad { border-color: var(--bad); background: var(--bad-back); }
.health.bad b { color: var(--bad); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(155px, 1fr)); gap: 12px; }
.tile b { display: block; font-size: 23px; font-weight: 600; font-variant-numeric: tabular-nums; }
.tile span { display: block; font-size: 13px; color: var(--faint); }
.maps { display: grid; gap: 14px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 500px), 1fr)); }
figure { margin: 0; min-width: 0; }
.maps > :last-child:nth-child(odd), .two > :last-child:nth-child(odd) { grid-column: 1 / -1; }
figcaption { font-size: 13px; margin-top: 8px; }
svg.map { display: block; max-width: 100%; height: auto; }
svg.map rect { shape-rendering: crispEdges; }
svg text { font: 11px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: var(--faint); }
svg .r { text-anchor: end; }
svg .m, svg .v { text-anchor: middle; }
svg .t { font-size: 12px; }
svg text.v { fill: #fff; }
svg text.k { fill: #111; }
svg .g { stroke: var(--line); fill: none; }
svg .line { stroke: var(--accent); stroke-width: 2; fill: none; }
svg .band { fill: var(--accent); fill-opacity: .18; }
svg .dots { fill: var(--accent); }
.p-attention { fill: var(--accent); background: var(--accent); }
.p-search { fill: var(--search); background: var(--search); }
.p-other { fill: var(--other); background: var(--other); }
.p-record { fill: var(--record); background: var(--record); }
.key { display: inline-block; width: 11px; height: 11px; border-radius: 2px; margin-right: 4px; }
.entry { white-space: nowrap; margin-right: 8px; }
.defs { position: absolute; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
th { font-weight: 500; text-align: left; padding: 4px 12px 6px 0; border-bottom: 1px solid var(--line); }
td { padding: 5px 12px 5px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td { border-bottom: 0; }
.n { text-align: right; white-space: nowrap; }
.long { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; }
.name { overflow-wrap: anywhere; min-width: 110px; }
.share { width: 130px; }
.share svg { display: block; margin-top: 5px; }
.share rect { fill: var(--accent); }
dl { display: grid; grid-template-columns: 150px 1fr; gap: 4px 14px; margin: 0; }
dt { color: var(--faint); }
dd { margin: 0; overflow-wrap: anywhere; }
.two { display: grid; gap: 14px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); }
footer { margin-top: 34px; font-size: 13px; color: var(--faint); }
@media print { body { background: #fff; } figure, .card { break-inside: avoid; } main { max-width: none; } }
)css";

}  // namespace ditscope::analyzer
