import { type Figures, percentile, singleOf, sumOf, sumsBy } from './figures.ts';
import { type Html, hashOf, html, table } from './html.ts';
import { script, style } from './page-parts.ts';
import { ringPart } from './ring-part.ts';
import type { RingTimeline } from './ring-timeline.ts';
import type { Sample } from './sample.ts';
import { countText, rateText, secondsText, spanText, timeText } from './texts.ts';
import type { NodeState } from './watch.ts';

/** What a page shows. */
export interface Shown {
  readonly nodes: readonly NodeState[];
  /** Undefined where there is no ring yet. */
  readonly ring: RingTimeline | undefined;
  readonly nowMs: number;
  /** Figures that are older are marked, in milliseconds. */
  readonly staleMs: number;
}

/** The headers of the page, and of all that belongs to it. */
export const pageHeaders: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    `default-src 'none'; style-src ${hashOf(style)}; script-src ${hashOf(script)}; connect-src 'self'; ` +
    "img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/** The whole page: without scripts it is loaded again every few seconds. */
export function writePage(shown: Shown): string {
  const { title, content } = parts(shown);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<link rel="icon" href="data:,">
<noscript><meta http-equiv="refresh" content="5"></noscript>
<style>${{ html: style }}</style>
</head>
<body>
<p id="cut" hidden>The feed is cut: what you see is old.</p>
<main>
${content}
</main>
<script>${{ html: script }}</script>
</body>
</html>
`;
  return page.html;
}

/** What takes the place of the page's content, with its title. */
export function writeUpdate(shown: Shown): string {
  const { title, content } = parts(shown);
  return html`<!doctype html><title>${title}</title>${content}`.html;
}

function parts({ nodes, ring, nowMs, staleMs }: Shown): { readonly title: string; readonly content: Html } {
  const serving = nodes.filter(isServing).length;
  const title = `Farm: ${serving} of ${nodes.length} nodes serve`;
  const isAll = serving === nodes.length;
  return {
    title,
    content: html`<h1>Farm</h1>
<p><span class="${isAll ? 'good' : 'bad'}">${serving} of ${nodes.length} nodes serve.</span>
<span class="faint">${timeText(nowMs)} UTC; rates and times of calls are of the last minute.</span></p>
${summary(nodes)}
<h2>Nodes</h2>
${nodesTable(nodes, nowMs, staleMs)}
<h2>Operations</h2>
${operationsTable(nodes)}
<h2>Refusals</h2>
${refusalsTable(nodes)}
<h2>Key ring</h2>
${ringPart(ring, nowMs, otherGenerations(nodes, ring))}`,
  };
}

function isServing({ problem, figures }: NodeState): boolean {
  return problem === undefined && figures !== undefined && singleOf(figures, 'wssc_ready') === 1;
}

/** What all nodes have counted lately, each as a rate. */
function ratesOf(nodes: readonly NodeState[]): readonly Sample[] {
  return nodes.filter(({ problem }) => problem === undefined).flatMap(nodeRates);
}

function nodeRates({ lately: { counted, seconds } }: NodeState): readonly Sample[] {
  return seconds === 0 ? [] : counted.map(sample => ({ ...sample, value: sample.value / seconds }));
}

function callRate(rates: readonly Sample[]): number {
  return sumOf(rates, 'wssc_calls_total') + sumOf(rates, 'wssc_token_requests_total');
}

function failedRate(rates: readonly Sample[]): number {
  return sumOf(rates, 'wssc_calls_total', 'outcome', 'failed');
}

/** The percentiles that are shown, by how they are called. */
const percentiles: Readonly<Record<string, number>> = { p50: 0.5, p90: 0.9, p99: 0.99 };

function percentileTexts(rates: readonly Sample[]): readonly string[] {
  return Object.values(percentiles).map(part => secondsText(percentile(rates, part)));
}

function summary(nodes: readonly NodeState[]): Html {
  const rates = ratesOf(nodes);
  const texts = percentileTexts(rates);
  const tiles: readonly (readonly [string, string])[] = [
    ['Calls a second', rateText(callRate(rates))],
    ...Object.keys(percentiles).map((name, i) => [name, texts[i] ?? ''] as const),
    ['Failed a second', rateText(failedRate(rates))],
    ['Refused a second', rateText(sumOf(rates, 'wssc_refusals_total'))],
  ];
  return html`<dl>${tiles.map(([name, text]) => html`<div><dt>${name}</dt><dd>${text}</dd></div>`)}</dl>`;
}

const nodeHeads = [
  ...['Node', 'State', 'Calls/s', ...Object.keys(percentiles), 'Failed/s', 'Refused/s'],
  ...['Issued', 'Opened', 'Up for', 'Restarts', 'Figures of'],
];

function nodesTable(nodes: readonly NodeState[], nowMs: number, staleMs: number): Html {
  const caption = html`Issued and opened: conversations that began there, and those of other nodes that it took over,
since it was started. Restarts: since this page is kept.`;
  const rows = nodes.map(node => nodeRow(node, nowMs, staleMs));
  return table({ caption, heads: nodeHeads, textColumns: 2, rows });
}

function nodeRow(node: NodeState, nowMs: number, staleMs: number) {
  const { name, figures, restarts } = node;
  const state = stateHtml(node);
  if (figures === undefined) return [name, state, ...nodeHeads.slice(2, -2).map(() => '–'), restarts, '–'];
  const rates = nodeRates(node);
  const events = sumsBy(figures.samples, 'wssc_conversations_total', 'event');
  const { startedMs, readMs } = figures;
  return [
    name,
    state,
    rateText(callRate(rates)),
    ...percentileTexts(rates),
    rateText(failedRate(rates)),
    rateText(sumOf(rates, 'wssc_refusals_total')),
    countText(events.get('issued') ?? 0),
    countText((events.get('opened') ?? 0) + (events.get('read') ?? 0)),
    startedMs === undefined ? '–' : spanText(readMs - startedMs),
    restarts === 0 ? '0' : html`<span class="warn">${restarts}</span>`,
    readHtml(readMs, nowMs, staleMs),
  ];
}

function stateHtml({ problem, figures }: NodeState): Html {
  if (problem !== undefined) return html`<span class="bad">down</span> <span class="faint">${problem}</span>`;
  if (figures === undefined || singleOf(figures, 'wssc_ready') === 1) return troubleHtml('good', 'serves', figures);
  return troubleHtml('bad', 'serves no calls', figures);
}

/** The state with the reasons of /readyz that hold. */
function troubleHtml(kind: string, state: string, figures: Figures | undefined): Html {
  const trouble = [...sumsBy(figures?.samples ?? [], 'wssc_trouble', 'reason')].filter(([, holds]) => holds > 0);
  const reasons = trouble.map(([reason]) => reason).join(', ');
  return html`<span class="${kind}">${state}</span> <span class="warn">${reasons}</span>`;
}

function readHtml(readMs: number, nowMs: number, staleMs: number): Html {
  const time = html`<time datetime="${new Date(readMs).toISOString()}">${timeText(readMs).slice(11)}</time>`;
  if (nowMs - readMs <= staleMs) return time;
  return html`${time} <span class="bad">old: ${spanText(nowMs - readMs)}</span>`;
}

/** Rows of a table at most: a farm's WSDL and its refusals have fewer. */
const maxRows = 100;

function operationsTable(nodes: readonly NodeState[]): Html {
  const rates = ratesOf(nodes);
  const operations = new Map<string, Sample[]>();
  for (const sample of rates) {
    const { labels } = sample;
    if (!labels.has('operation')) continue;
    const key = JSON.stringify([labels.get('port'), labels.get('operation')]);
    const known = operations.get(key);
    if (known === undefined) operations.set(key, [sample]);
    else known.push(sample);
  }
  const called = [...operations.values()].filter(of => callRate(of) > 0);
  const busiest = called.sort((one, other) => callRate(other) - callRate(one)).slice(0, maxRows);
  const idle = operations.size - busiest.length;
  return table({
    caption: html`At all nodes in the last minute, the most called first. ${idle} more are not shown.`,
    heads: ['Operation', 'Port', 'Calls/s', ...Object.keys(percentiles), 'Failed/s'],
    textColumns: 2,
    rows: busiest.map(operationRow),
  });
}

function operationRow(of: readonly Sample[]): readonly string[] {
  const labels = of[0]?.labels;
  const names = ['operation', 'port'].map(label => labels?.get(label) ?? '');
  return [...names, rateText(callRate(of)), ...percentileTexts(of), rateText(failedRate(of))];
}

function refusalsTable(nodes: readonly NodeState[]): Html {
  const lately = sumsBy(ratesOf(nodes), 'wssc_refusals_total', 'reason');
  const samples = nodes.flatMap(({ figures }) => figures?.samples ?? []);
  const all = [...sumsBy(samples, 'wssc_refusals_total', 'reason')];
  const order = all.sort(([a, of], [b, other]) => (lately.get(b) ?? 0) - (lately.get(a) ?? 0) || other - of);
  const rows = order
    .slice(0, maxRows)
    .map(([reason, count]) => [reason, rateText(lately.get(reason) ?? 0), countText(count)]);
  const caption = html`By the reason that the log has; in all: since the nodes were started.`;
  return table({ caption, heads: ['Reason', 'Refused/s', 'In all'], textColumns: 1, rows });
}

/** Nodes whose ring is another version than the one here. */
function otherGenerations(nodes: readonly NodeState[], ring: RingTimeline | undefined): readonly string[] {
  return nodes.flatMap(({ name, figures }) => {
    const generation = figures && singleOf(figures, 'wssc_ring_generation');
    return generation === undefined || generation === ring?.generation ? [] : [`${name} has ${generation}`];
  });
}
