import { expect, test } from 'vitest';
import { answeredUser } from '../../src/users/answered-user.ts';

test('a user is taken, an instance of a class too, and nothing else that stands there', () => {
  class Account {
    readonly user = 'alice';
    get roles() {
      return ['reader'];
    }
    readonly password = 'secret';
  }
  expect(answeredUser(new Account(), 'authenticate')).toEqual({ user: 'alice', roles: ['reader'] });
});

test.each([undefined, null, false])('%j is nobody', answer => {
  expect(answeredUser(answer, 'authenticate')).toBeUndefined();
});

test.each<[string, unknown]>([
  ['true', true],
  ['a number', 0],
  ['a number', 1],
  ['a text', 'alice'],
  ['a text', ''],
  ['a list', ['alice']],
  ['a function', () => 'alice'],
  ['an object whose user is no text', {}],
  ['an object whose user is no text', { user: '', roles: [] }],
  ['an object whose user is no text', { user: 7, roles: [] }],
  ['an object whose roles are no list of texts', { user: 'alice' }],
  ['an object whose roles are no list of texts', { user: 'alice', roles: 'reader' }],
  ['an object whose roles are no list of texts', { user: 'alice', roles: [1] }],
])('%s is refused with what to give in its place, and says nothing of what it was', (said, answer) => {
  expect(() => answeredUser(answer, 'authenticate')).toThrow(
    new TypeError(
      `authenticate gave ${said}: it must give { user: 'name', roles: ['role'] } for a user, and undefined for ` +
        'anybody else',
    ),
  );
});
