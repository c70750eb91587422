import { readFileSync } from 'node:fs';
import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { registerTokenMetrics } from '../../src/oauth/token-metrics.ts';
import { tokenCounters } from '../../src/oauth/token-statistics.ts';
import { registerMetrics } from '../../src/server/metrics.ts';
import { openRegistry } from '../../src/server/process-metrics.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { type Sample, samplesOf } from '../support/exposition.ts';

/* The rules file of Prometheus that is shipped, held against what a node really says. */

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

const file = parse(readFileSync('deploy/prometheus-alerts.yml', 'utf8')) as {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
};
const rules = file.groups.flatMap(group => group.rules);

let node: ListeningNode;
let samples: readonly Sample[];

beforeAll(async () => {
  node = await listen();
  const registry = await openRegistry();
  await registerMetrics(registry, node.endpoint);
  await registerTokenMetrics(registry, { statistics: tokenCounters(['/token'], () => 0).snapshot });
  // Reasons are there when they have come up.
  await fetch(`http://localhost:${node.http}/nothing`);
  samples = samplesOf(await registry.metrics());
});
afterAll(() => node.close());

/** All nodes of a tree. */
function walk(top: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let child = top.firstChild; child !== null; child = child.nextSibling) found.push(child, ...walk(child));
  return found;
}

interface Selector {
  readonly name: string;
  readonly matchers: readonly (readonly [label: string, value: string])[];
}

/** What an expression asks for. @throws where it is no PromQL */
function selectorsOf(expr: string): readonly Selector[] {
  const text = ({ from, to }: SyntaxNode) => expr.slice(from, to);
  const all = walk(parser.parse(expr).topNode);
  const wrong = all.find(({ type }) => type.isError);
  if (wrong !== undefined) throw new Error(`no PromQL at ${wrong.from}: ${expr}`);
  return all
    .filter(({ name }) => name === 'VectorSelector')
    .map(selector => {
      const inside = walk(selector);
      const matchers = inside
        .filter(({ name }) => /^\w*LabelMatcher$/.test(name))
        .map(matcher => {
          const [, label = '', value = ''] = /^(\w+)!?=~?"(.*)"$/.exec(text(matcher)) ?? [];
          return [label, value] as const;
        });
      const name = inside.find(({ name: of }) => of === 'Identifier');
      return { name: name === undefined ? '' : text(name), matchers };
    });
}

test('the file is a rules file: groups of alerts with a name of their own', () => {
  expect(Object.keys(file)).toEqual(['groups']);
  expect(rules.length).toBeGreaterThan(10);
  expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
  for (const rule of rules) {
    const known = ['alert', 'expr', 'for', 'labels', 'annotations'];
    expect(Object.keys(rule).filter(key => !known.includes(key))).toEqual([]);
    expect(rule.for ?? '1m').toMatch(/^\d+[smh]$/);
    expect(rule.labels.severity).toMatch(/^(?:warning|critical)$/);
    expect(Object.keys(rule.annotations)).toEqual(['summary', 'description']);
  }
});

describe.each(rules)('the alert $alert', ({ expr, annotations }) => {
  test('asks in PromQL for metrics and labels that a node has', () => {
    const selectors = selectorsOf(expr);
    expect(selectors.length).toBeGreaterThan(0);
    for (const { name, matchers } of selectors) {
      const named = samples.filter(sample => sample.name === name);
      expect(named.length, name).toBeGreaterThan(0);
      for (const [label, value] of matchers)
        expect(
          named.map(({ labels }) => labels[label]),
          `${label} of ${name}`,
        ).toContain(value);
    }
  });

  test('groups by labels that its metrics have, and names no others', () => {
    const has = new Set([
      'instance',
      ...selectorsOf(expr).flatMap(({ name }) =>
        samples.filter(sample => sample.name === name).flatMap(({ labels }) => Object.keys(labels)),
      ),
    ]);
    const grouped = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/,\s*/));
    const named = Object.values(annotations).flatMap(text =>
      [...text.matchAll(/\$labels\.(\w+)/g)].map(([, label = '']) => label),
    );
    expect([...grouped, ...named].filter(label => !has.has(label))).toEqual([]);
  });
});

test('what is no PromQL is found', () => {
  expect(() => selectorsOf('sum by (instance (rate(wssc_calls_total[5m]))')).toThrow('no PromQL');
});
