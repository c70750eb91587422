import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Html, hashOf, html } from '../../status/html.ts';
import type { LoadEvent } from './events.ts';
import { type LoadReport, summaryRows } from './report.ts';
import { reportScript, reportStyle } from './report-script.ts';
import type { Judgement } from './thresholds.ts';
import type { Interval } from './time-series.ts';

/** All that a page shows. */
export interface ReportPage {
  readonly report: LoadReport;
  readonly judgements: readonly Judgement[];
  readonly intervals: readonly Interval[];
  readonly events: readonly LoadEvent[];
  /** When the attack began, in milliseconds since 1970. */
  readonly beganMs: number;
  /** Calls a second that were asked for; undefined: as many as the answers let. */
  readonly ratePerS: number | undefined;
}

interface Series {
  readonly label: string;
  readonly color: string;
  readonly fill?: boolean;
  readonly values: readonly (number | null)[];
  /** What the legend says in their place. */
  readonly said?: readonly (number | null)[];
}

interface Chart {
  readonly id: string;
  readonly title: string;
  readonly means: string;
  readonly unit: string;
  readonly log?: boolean;
  readonly top?: number;
  readonly series: readonly Series[];
}

const colors = ['#2a78d6', '#eb6834', '#1baf7a', '#9a6ddb', '#d9a400', '#d6407f', '#2aa5b8', '#7d8a3a'] as const;
const grey = '#8a8a8a';
const red = '#e0344c';

/**
 * A page in one file, which loads nothing: uPlot, its licence and the data are in it. Names and texts in it come from
 * peers, and are text wherever they stand.
 */
export function writeReportPage(page: ReportPage): string {
  const { report, judgements, events, beganMs } = page;
  const charts = [rateChart(page), latencyChart(page), nodesChart(page)];
  const [library, style] = [asset('dist/uPlot.iife.min.js'), asset('dist/uPlot.min.css') + reportStyle];
  const policy =
    `default-src 'none'; script-src ${hashOf(library)} ${hashOf(reportScript)}; style-src ${hashOf(style)}; ` +
    "base-uri 'none'; form-action 'none'";
  const title = `Load test of ${report.port}`;
  const written = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>${{ html: style }}</style>
</head>
<body>
<h1>${title}</h1>
<p class="soft">Began ${new Date(beganMs).toISOString()}, made by wssc load.</p>
<ul>${judgements.map(({ isKept, text }) => html`<li><span class="${isKept ? 'good' : 'bad'}">${text}</span></li>`)}</ul>
${table(undefined, summaryRows(report))}
${charts.map(section)}
<h2>Events</h2>
${eventTable(events)}
<h2>Errors</h2>
${errorTables(report)}
<!--
The charts are drawn by uPlot (https://github.com/leeoniya/uPlot), under this licence:

${{ html: asset('LICENSE').replaceAll('--', '- -') }}
-->
<script type="application/json" id="data">${{ html: scriptJson(dataOf(page, charts)) }}</script>
<script>${{ html: library }}</script>
<script>${{ html: reportScript }}</script>
</body>
</html>
`;
  return written.html;
}

const { resolve: resolveAsset } = createRequire(import.meta.url);

function asset(name: string): string {
  return readFileSync(resolveAsset(`uplot/${name}`), 'utf8');
}

/** What ends no script and opens no comment in it: `<` is nowhere but in texts. */
function scriptJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function section({ id, title, means }: Chart): Html {
  return html`<h2>${title}</h2>\n<p class="soft">${means}</p>\n<div class="chart" id="${id}"></div>`;
}

/** @param cells texts; the first of each row is its head where the table has none of its own */
function table(heads: readonly string[] | undefined, rows: readonly (readonly string[])[]): Html {
  const head = heads && html`<thead><tr>${heads.map(text => html`<th scope="col">${text}</th>`)}</tr></thead>`;
  const cell = (text: string, i: number) =>
    heads === undefined && i === 0 ? html`<th scope="row">${text}</th>` : html`<td>${text}</td>`;
  const body = rows.map(cells => html`<tr>${cells.map(cell)}</tr>`);
  return html`<div class="wide"><table>${head ?? ''}<tbody>\n${body}\n</tbody></table></div>`;
}

function eventTable(events: readonly LoadEvent[]): Html {
  if (events.length === 0) return html`<p>None was noticed.</p>`;
  return table(
    ['Mark', 'After', 'What happened'],
    events.map(({ atMs, text }, i) => [`${i + 1}`, `${seconds(atMs)} s`, text]),
  );
}

function errorTables({ errors, firstErrors }: LoadReport): Html {
  if (firstErrors.length === 0) return html`<p>None.</p>`;
  const counts = Object.entries(errors).map(([error, count]) => [error, `${count}`]);
  const first = firstErrors.map(({ at, node, error, message }) => [
    at.slice(at.indexOf('T') + 1),
    node ?? '-',
    error,
    message,
  ]);
  return html`${table(['Error', 'Calls'], counts)}
<p class="soft">The first of each:</p>
${table(['Time', 'Node', 'Error', 'Message'], first)}`;
}

function dataOf({ intervals, events, report }: ReportPage, charts: readonly Chart[]) {
  return {
    // A point stands in the middle of the time that it is of.
    x: intervals.map(({ atMs, lengthMs }) => seconds(atMs + lengthMs / 2)),
    endS: Math.max(report.seconds, 0.1),
    events: events.map(({ atMs }) => ({ atS: seconds(atMs) })),
    charts: charts.map(({ title: _title, means: _means, ...chart }) => chart),
  };
}

function rateChart({ intervals, ratePerS }: ReportPage): Chart {
  const rate = (count: (interval: Interval) => number) =>
    intervals.map(interval => rounded((count(interval) * 1_000) / interval.lengthMs));
  const asked = ratePerS === undefined ? [] : [{ label: 'due', color: grey, values: intervals.map(() => ratePerS) }];
  return {
    id: 'rate',
    title: 'Calls a second',
    means: 'Calls by when they ended. Those that were due and could not be started are in the table alone.',
    unit: '/s',
    series: [
      ...asked,
      { label: 'good', color: colors[0], values: rate(({ good }) => good) },
      { label: 'failed', color: red, values: rate(({ failed }) => failed) },
    ],
  };
}

const percentiles = ['p50', 'p90', 'p99', 'max'] as const;

function latencyChart({ intervals }: ReportPage): Chart {
  return {
    id: 'latency',
    title: 'Latency',
    means: 'Milliseconds from when a call was due to its end, on a logarithmic scale.',
    unit: 'ms',
    log: true,
    series: percentiles.map((name, i) => ({
      label: name,
      color: colors[i] ?? grey,
      values: intervals.map(({ latencyMs }) => (latencyMs === undefined ? null : rounded(latencyMs[name]))),
    })),
  };
}

/** Shares on top of each other: that of all nodes is drawn first, and what is below it over it. */
function nodesChart({ intervals }: ReportPage): Chart {
  const names = [...new Set(intervals.flatMap(({ nodes }) => [...nodes.keys()]))].sort();
  const shown = names.slice(0, colors.length);
  const rest = names.slice(colors.length);
  const share = (of: readonly string[]) =>
    intervals.map(({ good, nodes }) =>
      good === 0 ? null : rounded((of.reduce((sum, name) => sum + (nodes.get(name) ?? 0), 0) * 100) / good),
    );
  const layer = (label: string, color: string, own: readonly string[], upTo: readonly string[]) => ({
    label,
    color,
    fill: true,
    values: share(upTo),
    said: share(own),
  });
  const layers = shown.map((name, i) => layer(name, colors[i] ?? grey, [name], names.slice(0, i + 1)));
  if (rest.length > 0) layers.push(layer('others', grey, rest, names));
  return {
    id: 'nodes',
    title: 'Share of each node',
    means: 'Percent of the good answers, one node on top of the other.',
    unit: '%',
    top: 100,
    series: layers.reverse(),
  };
}

function seconds(ms: number): number {
  return Number((ms / 1_000).toFixed(2));
}

function rounded(value: number): number {
  return Number(value.toFixed(3));
}
