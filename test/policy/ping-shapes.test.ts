import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { planOf } from '../../src/policy/compile.ts';
import { readWsdl } from '../../src/policy/wsdl.ts';
import { pingPorts, policiesText } from '../interop/ping-shapes.ts';
import { allRows } from '../interop/rows.ts';

const file = 'test/interop/wsdl/ping-policies.wsdl';

// `UPDATE_WSDL=1 npx vitest run --project unit test/policy/ping-shapes` writes the policies of the shapes.
if (process.env.UPDATE_WSDL === '1') writeFileSync(file, policiesText());

test('the policies of the interop rows are those of their shapes', () => {
  expect(readFileSync(file, 'utf8')).toBe(policiesText());
});

describe('of the ports that the interop rows are about', () => {
  const wsdl = readWsdl('test/interop/wsdl/ping.wsdl');

  test('each has its shape, and its rows in both roles', () => {
    expect(wsdl.ports.map(({ name }) => name).sort()).toEqual([...pingPorts].sort());
    for (const port of pingPorts)
      expect(new Set(allRows.filter(row => row.port === port).map(({ ours }) => ours))).toEqual(
        new Set(['server', 'client']),
      );
  });

  test.each(pingPorts)('%s compiles, or is refused for what its rows say', port => {
    const row = allRows.find(candidate => candidate.port === port && candidate.ours === 'client');
    if (row?.fails === undefined) expect(planOf(wsdl, port)).toMatchObject({ addressing: { name: '2004/08' } });
    else expect(() => planOf(wsdl, port)).toThrow(row.says);
  });
});
