import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ns } from '../../src/names.ts';
import { parseDocument } from '../../src/policy/document.ts';
import {
  type Alternative,
  expansionLimits,
  merge,
  type NormalPolicy,
  normalForm,
} from '../../src/policy/normal-form.ts';

const wsp = `xmlns:wsp="${ns.wsp200409}" xmlns:wsu="${ns.wsu}" xmlns="urn:a"`;

function expand(content: string, others = ''): NormalPolicy {
  const root = parseDocument({
    name: 'p.xml',
    text: `<root ${wsp}><wsp:Policy>${content}</wsp:Policy>${others}</root>`,
  });
  return normalForm(root.firstChild as Parameters<typeof normalForm>[0]);
}

/** `a b | c[d]`: names of the assertions of each alternative. */
function shape(policy: NormalPolicy): string {
  return policy.map(shapeOf).join(' | ');
}

function shapeOf(alternative: Alternative): string {
  const names = alternative.map(
    ({ name, nested }) => name.local + (nested === undefined ? '' : `[${shapeOf(nested)}]`),
  );
  return names.join(' ');
}

describe('normal form', () => {
  it.each([
    ['an empty policy is one empty alternative', '', ''],
    ['assertions of a policy hold together', '<A/><B/>', 'A B'],
    [
      'All and nested policies add to their alternative',
      '<A/><wsp:All><B/><wsp:Policy><C/></wsp:Policy></wsp:All>',
      'A B C',
    ],
    ['ExactlyOne is a choice', '<wsp:ExactlyOne><A/><wsp:All><B/><C/></wsp:All></wsp:ExactlyOne>', 'A | B C'],
    [
      'two choices multiply',
      '<wsp:ExactlyOne><A/><B/></wsp:ExactlyOne><wsp:ExactlyOne><C/><D/></wsp:ExactlyOne>',
      'A C | A D | B C | B D',
    ],
    ['an optional assertion is there or not', '<A wsp:Optional="true"/><B wsp:Optional="false"/>', 'A B | B'],
    ['a nested policy belongs to its assertion', '<A><wsp:Policy><B/><C/></wsp:Policy></A>', 'A[B C]'],
    [
      'a choice in a nested policy is a choice between assertions',
      '<A><wsp:Policy><wsp:ExactlyOne><B/><C/></wsp:ExactlyOne></wsp:Policy></A>',
      'A[B] | A[C]',
    ],
    ['child elements of an assertion are its own', '<A><B/></A>', 'A'],
  ])('%s', (_law, content, expected) => {
    expect(shape(expand(content))).toBe(expected);
  });

  it('an empty choice leaves no alternative', () => {
    expect(expand('<A/><wsp:ExactlyOne/>')).toEqual([]);
  });

  it('a reference stands for the policy of its id or name in the same document', () => {
    const others =
      '<wsp:Policy wsu:Id="b"><B/></wsp:Policy><wsp:Policy Name="urn:c"><C/></wsp:Policy>' +
      '<wsp:Policy xml:id="d"><D/></wsp:Policy>';
    const references = ['#b', 'urn:c', '#d'].map(uri => `<wsp:PolicyReference URI="${uri}"/>`).join('');
    expect(shape(expand(`<A/>${references}`, others))).toBe('A B C D');
  });

  it('is the same in WS-Policy 1.5', () => {
    const text =
      `<p:Policy xmlns:p="${ns.wsp15}" xmlns="urn:a"><p:ExactlyOne><A p:Ignorable="true"/>` +
      '<B p:Optional="1"/></p:ExactlyOne></p:Policy>';
    const policy = normalForm(parseDocument({ name: 'p.xml', text }));
    expect(shape(policy)).toBe('A | B | ');
    expect(policy[0]?.[0]).toMatchObject({
      ignorable: true,
      place: 'p.xml:1',
      name: { namespace: 'urn:a', local: 'A' },
    });
  });

  it.each([
    ['a reference to nothing', '<wsp:PolicyReference URI="#b"/>', '', 'no policy #b in this document'],
    ['a reference without URI', '<wsp:PolicyReference/>', '', 'PolicyReference has no URI'],
    [
      'a policy that refers to itself',
      '<wsp:PolicyReference URI="#b"/>',
      '<wsp:Policy wsu:Id="b"><A><wsp:Policy><wsp:PolicyReference URI="#b"/></wsp:Policy></A></wsp:Policy>',
      'policy #b refers to itself',
    ],
    ['a second nested policy', '<A><wsp:Policy/><wsp:Policy/></A>', '', 'a second nested policy in {urn:a}A'],
    ['an operator that is not one', '<wsp:OneOrMore/>', '', `{${ns.wsp200409}}OneOrMore is not a policy operator`],
  ])('refuses %s', (_what, content, others, message) => {
    const refusal = { code: 'POLICY_INVALID', message: `p.xml:1: ${message}` };
    expect(() => expand(content, others)).toThrow(expect.objectContaining(refusal));
  });

  it('refuses a policy that is nested too deeply', () => {
    const nest = (depth: number): string => '<wsp:All>'.repeat(depth) + '</wsp:All>'.repeat(depth);
    expect(shape(expand(nest(expansionLimits.depth)))).toBe('');
    expect(() => expand(nest(expansionLimits.depth + 1))).toThrow('p.xml:1: the policy is nested too deeply');
  });

  it('refuses more alternatives than the limit, before they are made', () => {
    const optional = (count: number): string => '<A wsp:Optional="true"/>'.repeat(count);
    expect(expand(optional(6))).toHaveLength(expansionLimits.alternatives);
    expect(() => expand(optional(7))).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(/p\.xml:1: .*the policy expands to more than 64 alternatives$/),
        hint: expect.stringContaining('each wsp:Optional doubles their number'),
      }),
    );
    const choices = `<wsp:ExactlyOne>${'<A/>'.repeat(expansionLimits.alternatives + 1)}</wsp:ExactlyOne>`;
    expect(() => expand(choices)).toThrow('the policy expands to more than 64 alternatives');
    expect(() => expand(optional(4000))).toThrow('the policy expands to more than 64 alternatives');
  });

  it('refuses references that multiply, with and without assertions', () => {
    const twice = (to: number): string => `<wsp:PolicyReference URI="#p${to}"/>`.repeat(2);
    const levels = Array.from({ length: 14 }, (_, i) => `<wsp:Policy wsu:Id="p${i}">${twice(i + 1)}</wsp:Policy>`).join(
      '',
    );
    const refusal = 'the policy expands to more than 4096 elements';
    expect(() => expand(twice(0), `${levels}<wsp:Policy wsu:Id="p14"/>`)).toThrow(refusal);
    expect(() => expand(twice(0), `${levels}<wsp:Policy wsu:Id="p14"><A/></wsp:Policy>`)).toThrow(refusal);
  });
});

describe('merge', () => {
  const at = parseDocument({ name: 'p.xml', text: '<x/>' });

  it('makes every combination, and counts an assertion that comes twice once', () => {
    const choice = expand('<wsp:ExactlyOne><A/><B/></wsp:ExactlyOne>');
    const other = expand('<C/>');
    expect(shape(merge([choice, other], at))).toBe('A C | B C');
    expect(shape(merge([other, other], at))).toBe('C');
    expect(shape(merge([], at))).toBe('');
  });

  it('refuses more combinations than the limit', () => {
    const ten = expand(`<wsp:ExactlyOne>${'<A/>'.repeat(10)}</wsp:ExactlyOne>`);
    expect(() => merge([ten, ten], at)).toThrow('p.xml:1: the policy expands to more than 64 alternatives');
  });
});

/** A policy expression as a tree, to compare its meaning before and after. */
type Expression = { assertion: string; optional: boolean } | { operator: 'All' | 'ExactlyOne'; children: Expression[] };

const { expression } = fc.letrec<{ expression: Expression; assertion: Expression; operator: Expression }>(tie => ({
  expression: fc.oneof({ maxDepth: 3 }, tie('assertion'), tie('operator')),
  assertion: fc.record({ assertion: fc.constantFrom('A', 'B', 'C'), optional: fc.boolean() }),
  operator: fc.record({
    operator: fc.constantFrom('All' as const, 'ExactlyOne' as const),
    children: fc.array(tie('expression'), { maxLength: 3 }),
  }),
}));

function write(node: Expression): string {
  if ('assertion' in node) return `<${node.assertion}${node.optional ? ' wsp:Optional="true"' : ''}/>`;
  return `<wsp:${node.operator}>${node.children.map(write).join('')}</wsp:${node.operator}>`;
}

/** Whether a set of behaviours satisfies an expression, by the definitions of WS-Policy 1.5 §3. */
function holds(node: Expression, behaviours: ReadonlySet<string>): boolean {
  if ('assertion' in node) return node.optional || behaviours.has(node.assertion);
  const results = node.children.map(child => holds(child, behaviours));
  return node.operator === 'All' ? results.every(Boolean) : results.some(Boolean);
}

it('the normal form of a policy is satisfied by exactly what satisfies the policy', () => {
  const behaviours = fc.uniqueArray(fc.constantFrom('A', 'B', 'C')).map(names => new Set<string>(names));
  fc.assert(
    fc.property(expression, behaviours, (tree, set) => {
      let normal: NormalPolicy;
      try {
        normal = expand(write(tree));
      } catch {
        return; // More alternatives than the limit.
      }
      expect(normal.some(alternative => alternative.every(({ name }) => set.has(name.local)))).toBe(holds(tree, set));
    }),
  );
});
