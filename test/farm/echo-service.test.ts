import { expect, test } from 'vitest';
import echoService from '../../src/farm/echo-service.ts';

const { Echo, Add } = echoService.EchoService.EchoTls13;

function refusal(call: () => unknown): unknown {
  try {
    return call();
  } catch (thrown) {
    return thrown;
  }
}

const fault = (reason: string) => ({ Fault: { Code: { Value: 'soap:Sender' }, Reason: { Text: reason } } });
const noInt = (name: string) => fault(`${name} must be a whole number from -2147483648 to 2147483647`);

test('texts are echoed, whole numbers are added', () => {
  expect(Echo({ text: '' })).toEqual({ text: '' });
  expect(Echo({ text: 'hello' })).toEqual({ text: 'hello' });
  expect(Add({ a: -2_147_483_648, b: 2_147_483_647 })).toEqual({ sum: -1 });
});

test.each([
  ['no text', {}],
  ['nothing at all', null],
  ['a nil text', { text: null }],
  ['two texts', { text: ['a', 'b'] }],
  ['elements', { text: { a: 'b' } }],
])('an Echo of %s is a fault of the sender', (_, args) => {
  expect(refusal(() => Echo(args))).toEqual(fault('text must be one text'));
});

test.each<[string, unknown]>([
  ['NaN', Number.NaN],
  ['text', '1'],
  ['a fraction', 0.5],
  ['one above xs:int', 2_147_483_648],
  ['one below xs:int', -2_147_483_649],
  ['nothing', undefined],
  ['two numbers', [1, 2]],
])('an Add of %s is a fault of the sender', (_, value) => {
  expect(refusal(() => Add({ a: value, b: 1 }))).toEqual(noInt('a'));
  expect(refusal(() => Add({ a: 1, b: value }))).toEqual(noInt('b'));
});

test('a sum that the answer can not hold is a fault of the sender, and so is an Add of nothing', () => {
  expect(refusal(() => Add({ a: 2_147_483_647, b: 1 }))).toEqual(noInt('the sum'));
  expect(refusal(() => Add(null))).toEqual(noInt('a'));
});
