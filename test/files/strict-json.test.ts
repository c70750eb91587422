import { expect, test } from 'vitest';
import { ConfigurationError } from '../../src/errors.ts';
import { parseJson } from '../../src/files/strict-json.ts';
import { costOfFourTimes } from '../support/cost.ts';

const place = { of: 'node.json', path: '' };

test.each([
  '{}',
  '[]',
  '"a"',
  '{"a":1,"b":{"a":1},"c":[{"a":1},{"a":2}]}',
  '{"a":"a","b":"\\"a\\":1,{","c":"\\\\"}',
  ' {\n "a" : [ 1 , { "b" : null } ] , "b" : true } ',
  '{"":1,"a":{"":2}}',
  '{"__proto__":1,"toString":2}',
])('%s is read as JSON.parse reads it', json => {
  expect(parseJson(json, place)).toEqual(JSON.parse(json));
});

test.each([
  ['{"lifetimeS":60,"wsdl":"a","lifetimeS":61}', 'lifetimeS'],
  ['{"ports":{"Echo":{"lifetimeS":60,"lifetimeS":60}}}', 'ports.Echo.lifetimeS'],
  ['{"keys":[{"id":1},{"id":1,"key":[1,2],"id":1}]}', 'keys[1].id'],
  ['[[0,{"a":1}],[0,1,{"a":{"b":1},"a":1}]]', '[1][2].a'],
  ['{"wsdl":1,"\\u0077sdl":1}', 'wsdl'],
  ['{"a\\"b":1,"a\\"b":1}', 'a"b'],
  ['{"":1,"":2}', ''],
  ['{"__proto__":1,"__proto__":2}', '__proto__'],
])('%s is refused: a member of that name stands twice', (json, path) => {
  expect(() => parseJson(json, place)).toThrow(
    expect.objectContaining({
      code: 'CONFIG_INVALID',
      message: `node.json: ${path === '' ? '' : `${path} `}stands twice`,
    }),
  );
});

test.each([
  ['', 'is empty'],
  [' \n', 'is empty'],
  ['{"a":1', 'is not JSON'],
  ['{"a":secret}', 'is not JSON'],
])('%j is refused without its text', (json, problem) => {
  const refused = () => parseJson(json, place);
  expect(refused).toThrow(`node.json: ${problem}`);
  expect(refused).not.toThrow('secret');
});

test('an error is told in the manner of its place', () => {
  const manner = { error: (sentence: string) => new ConfigurationError('RING_INVALID', sentence) };
  expect(() => parseJson('{"a":1,"a":1}', { ...place, manner })).toThrow(
    expect.objectContaining({ code: 'RING_INVALID', message: 'node.json: a stands twice' }),
  );
});

test('a long text takes time in proportion to its length', async () => {
  const read = (size: number) =>
    parseJson(`{"a":"${'\\"'.repeat(size << 4)}","b":[${'{"c":1},'.repeat(size)}0]}`, place);
  expect(read(1 << 16)).toHaveProperty('b');
  expect(await costOfFourTimes(1 << 12, read)).toBeLessThan(8);
});

test.each(['x', '\\"', '\\u0061', '{\\"a\\":1,'])('a file may be one long text of %s', piece => {
  const json = `{"a":"${piece.repeat((15 << 20) / piece.length)}"`;
  expect(parseJson(`${json}}`, place)).toHaveProperty('a');
  expect(() => parseJson(`${json},"a":1}`, place)).toThrow('node.json: a stands twice');
});
