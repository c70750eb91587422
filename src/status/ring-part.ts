import { type Html, html } from './html.ts';
import type { RingTimeline, TimelineKey } from './ring-timeline.ts';
import { spanText, timeText } from './texts.ts';

/** The key ring: when the next key takes over, and each key's life as a bar. @param others nodes with another ring */
export function ringPart(ring: RingTimeline | undefined, nowMs: number, others: readonly string[]): Html {
  if (ring === undefined) return html`<p class="bad">There is no ring yet.</p>`;
  const { generation, keys, nextMs = nowMs } = ring;
  const fromMs = Math.min(nowMs, ...keys.map(({ createdMs }) => createdMs));
  const toMs = Math.max(nowMs + 1, nextMs, ...keys.flatMap(lastTimes));
  return html`<p>${nextHtml(ring, nowMs)}</p>
<p class="faint">Generation ${generation}. The bars: known, issues, opens what it has sealed; the line is now.</p>
${others.length === 0 ? '' : html`<p class="warn">Another generation: ${others.join(', ')}.</p>`}
<ol>
${keys.map(key => html`<li>${keyHtml(key)}${barOf(key, { fromMs, toMs, nowMs })}</li>`)}
</ol>`;
}

function lastTimes({ issuesUntilMs, opensUntilMs }: TimelineKey): readonly number[] {
  return [issuesUntilMs, opensUntilMs].filter(Number.isFinite);
}

function nextHtml({ nextMs, isDue }: RingTimeline, nowMs: number): Html {
  const due = isDue ? html` <span class="warn">The next key is due, and not there yet.</span>` : html``;
  if (nextMs === undefined) return html`<span class="bad">No key issues now.</span>${due}`;
  const when = nextMs > nowMs ? `in ${spanText(nextMs - nowMs)}, at` : `${spanText(nowMs - nextMs)} ago, at`;
  return html`Next rotation ${when} <time>${timeText(nextMs)}</time> UTC.${due}`;
}

function keyHtml({ id4, state, issueFromMs, issuesUntilMs, opensUntilMs }: TimelineKey): Html {
  const times = [`issues from ${timeText(issueFromMs)}`];
  if (Number.isFinite(issuesUntilMs)) times.push(`to ${timeText(issuesUntilMs)}`);
  if (Number.isFinite(opensUntilMs)) times.push(`opens until ${timeText(opensUntilMs)}`);
  const kind = state === 'revoked' ? 'bad' : state === 'active' ? 'good' : 'faint';
  return html`<strong>${id4}</strong> <span class="${kind}">${state}</span>
<span class="faint">${times.join(', ')}</span>`;
}

interface Scale {
  readonly fromMs: number;
  readonly toMs: number;
  readonly nowMs: number;
}

/** Width of a bar in the units of its drawing, which is stretched to the page. */
const barUnits = 1_000;

function barOf({ createdMs, issueFromMs, issuesUntilMs, opensUntilMs }: TimelineKey, scale: Scale): Html {
  const { fromMs, toMs, nowMs } = scale;
  const at = (timeMs: number) =>
    Math.round((barUnits * (Math.min(Math.max(timeMs, fromMs), toMs) - fromMs)) / (toMs - fromMs));
  const part = (kind: string, from: number, to: number) =>
    html`<rect class="${kind}" x="${from}" width="${Math.max(0, to - from)}" height="10"/>`;
  return html`<svg viewBox="0 0 ${barUnits} 10" preserveAspectRatio="none" aria-hidden="true">
${part('pending', at(createdMs), at(issueFromMs))}
${part('issues', at(issueFromMs), at(issuesUntilMs))}
${part('opens', at(issuesUntilMs), at(opensUntilMs))}
${part('now', Math.min(at(nowMs), barUnits - 3), Math.min(at(nowMs), barUnits - 3) + 3)}
</svg>`;
}
