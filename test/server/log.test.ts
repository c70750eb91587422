import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { boundedLog, linesTo } from '../../src/server/log.ts';
import { listen } from '../support/endpoint.ts';
import { keptLog } from '../support/node.ts';

/** The line that these fields become, without what each line has. */
function lineOf(fields: object, message = 'said'): Record<string, unknown> {
  const { log, lines } = keptLog();
  boundedLog(log).warn(fields, message);
  expect(lines).toHaveLength(1);
  expect(lines[0]?.trimEnd()).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
  const { level: _level, time: _time, pid: _pid, hostname: _hostname, ...rest } = JSON.parse(lines[0] ?? '');
  return rest;
}

/** The longest text in a value, and how many there are. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [name, ...textsIn(inner)]);
}

describe('a line of the log', () => {
  test('has texts of 256 characters as they are, and none that are longer', () => {
    const whole = 'x'.repeat(256);
    const cut = `${'x'.repeat(255)}…`;
    expect(lineOf({ reason: whole })).toEqual({ reason: whole, msg: 'said' });
    expect(lineOf({ reason: `${whole}x`, list: [`${whole}x`], [`${whole}x`]: 1 }, `${whole}x`)).toEqual({
      reason: cut,
      list: [cut],
      [cut]: 1,
      msg: cut,
    });
  });

  test('has numbers, truth values and nothing as they are', () => {
    expect(lineOf({ a: 1, b: true, c: null, d: undefined })).toEqual({ a: 1, b: true, c: null, msg: 'said' });
  });

  test('holds an error with type, code, causes and the calls of its stack', () => {
    const cause = new TypeError('below');
    const { err } = lineOf({ err: Object.assign(new Error('above', { cause }), { code: 'X' }) }) as {
      err: Record<string, unknown> & { stack: string[] };
    };
    expect(err).toMatchObject({
      type: 'Error',
      message: 'above',
      code: 'X',
      causes: [{ name: 'TypeError', message: 'below' }],
    });
    expect(err.stack.length).toBeGreaterThan(0);
    for (const call of err.stack) expect(call).toMatch(/^at /);
    expect(err.stack[0]).toContain('log.test.ts');
  });

  test('has no text of a peer twice, and none that looks like a call', () => {
    const evil = `evil\n    at evil (evil.js:1:1)\x1b[2J${'x'.repeat(1 << 20)}`;
    const line = lineOf({ err: new Error(evil) }) as { err: { message: string; stack: string[] } };
    expect(line.err.message).toMatch(/^evil\\u\{a\} {4}at evil \(evil\.js:1:1\)\\u\{1b\}\[2Jx+…$/);
    expect(line.err.stack.join()).not.toContain('evil');
  });

  test.each<[string, () => unknown]>([
    ['deep', () => JSON.parse(`${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`)],
    ['wide', () => Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`k${i}`, 'v']))],
    ['long', () => Array.from({ length: 100_000 }, () => 'v')],
    ['both', () => Array.from({ length: 100 }, () => Array.from({ length: 100 }, () => ['x'.repeat(1_000)]))],
    [
      'a circle',
      () => {
        const circle: Record<string, unknown> = {};
        circle.self = circle;
        return circle;
      },
    ],
    ['octets', () => Buffer.alloc(1 << 20)],
    ['a fault', () => ({ Fault: { Code: { Value: 'x' }, Reason: { Text: 'x'.repeat(1 << 20) } } })],
    [
      'errors within errors',
      () => Array.from({ length: 100 }).reduce<unknown>(cause => new Error('x'.repeat(1_000), { cause }), undefined),
    ],
    ['several errors at once', () => new AggregateError([new Error('a'), new Error('x'.repeat(1_000))], 'm')],
    ['an error with a cause as a field', () => Object.assign(new Error('x'.repeat(256)), { cause: new Error('y') })],
    ['a function', () => () => 'x'.repeat(1_000)],
    ['a symbol', () => Symbol('x'.repeat(1_000))],
    ['a big number', () => 10n ** 1_000n],
    ['a date that is none', () => new Date(Number.NaN)],
    [
      'what can not be read',
      () => ({
        get a() {
          throw new Error('no');
        },
      }),
    ],
    ['what writes itself', () => ({ toJSON: () => 'x'.repeat(1 << 20) })],
  ])('is bounded where it is told something %s', (_, make) => {
    const { msg, ...fields } = lineOf({ err: make() });
    expect(msg).toBe('said');
    const texts = textsIn(fields);
    expect(texts.length).toBeLessThanOrEqual(160);
    for (const text of texts) expect(text.length).toBeLessThanOrEqual(256);
  });
});

test('a log that throws is no reason to answer nobody', async () => {
  const log = new Proxy(keptLog().log, {
    get: () => () => {
      throw new Error('no log');
    },
  });
  const node = await listen({ log, accessLog: true });
  try {
    const answer = await fetch(`http://localhost:${node.http}/nowhere`, { signal: AbortSignal.timeout(5_000) });
    expect(answer.status).toBe(404);
  } finally {
    await node.close();
  }
});

test('a disk without room ends no process, and does not keep one from its end', async () => {
  const fd = openSync('/dev/full', 'w');
  const lines = linesTo(fd);
  for (const text of ['one', 'two']) {
    const failed = once(lines, 'error', { signal: AbortSignal.timeout(5_000) }).catch((error: unknown) => [error]);
    lines.write(`${text}\n`);
    expect(await failed).toMatchObject([{ code: 'ENOSPC' }]);
  }
  lines.flushSync();
  let lost = 0;
  lines.on('drop', () => {
    lost += 1;
  });
  for (let i = 0; i < 20; i += 1) lines.write('x'.repeat(100_000));
  expect(lost).toBeGreaterThan(5);
  lines.destroy();
  closeSync(fd);
});
