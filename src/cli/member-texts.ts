import type { Member, Members } from '../fields.ts';
import { columns } from './terminal.ts';

/** How a member is documented: a row of a table in the documentation, a paragraph of a command's help. */
export interface MemberTexts {
  /** Path from the whole: `tls.certificate`; `*` stands for any name. */
  readonly name: string;
  /** With the unit of a number. */
  readonly type: string;
  /** '' where all of the type is taken. */
  readonly range: string;
  /** `required` where there is none. */
  readonly absent: string;
  readonly means: string;
}

/**
 * Texts of all members, with those of each object below it.
 * @param apart objects whose members are left out
 */
export function textsOf(members: Members, apart: readonly object[] = [], prefix = ''): readonly MemberTexts[] {
  return Object.entries(members).flatMap(([key, member]) => {
    const name = `${prefix}${key}`;
    const below = apart.includes(member.is) ? undefined : member.is.members;
    return [
      { name, type: typeText(member.is), range: rangeText(member.is), absent: absentText(member), means: member.means },
      ...(below === undefined ? [] : textsOf(below, apart, `${name}.`)),
    ];
  });
}

/** Range and default as a sentence; '' where there is neither. */
export function boundsSentence({ range, absent }: MemberTexts): string {
  const parts = [range, absent === 'required' ? '' : `default: ${absent}`].filter(part => part !== '');
  const [first = '', ...rest] = parts.join('; ');
  return first === '' ? '' : `${first.toUpperCase()}${rest.join('')}.`;
}

/** What a command's help says of the keys of its configuration. */
export function keysHelp(members: Members): string {
  const rows = textsOf(members).flatMap(texts => {
    const said = [texts.means, texts.absent === 'required' ? 'Required.' : '', boundsSentence(texts)];
    return wrapped(said.join(' ')).map((line, i) => [i === 0 ? texts.name : '', line]);
  });
  const lines = columns(rows).map(line => `  ${line}`);
  return ['Keys of the configuration, whose paths are relative to the file:', ...lines].join('\n');
}

const helpChars = 80;

function wrapped(text: string): readonly string[] {
  const lines: string[] = [''];
  for (const word of text.split(' ').filter(each => each !== '')) {
    const longer = `${lines.at(-1)} ${word}`.trim();
    if (longer.length > helpChars) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}

function typeText({ type, unit }: Member['is']): string {
  return unit === undefined ? type : `${type}, ${unit}`;
}

function rangeText({ range = '', unit }: Member['is']): string {
  return typeof range === 'string' ? range : range.map(bound => numberText(bound, unit)).join(' to ');
}

function absentText(member: Member): string {
  if ('required' in member) return 'required';
  if ('default' in member) return valueText(member.default, member.is);
  return 'make' in member ? member.says : member.without;
}

function valueText(value: unknown, { unit, members }: Member['is']): string {
  if (typeof value === 'number') return numberText(value, unit);
  if (typeof value === 'string') return `\`${value}\``;
  if (value instanceof URL) return `\`new URL('${value.href}')\``;
  if (typeof value === 'boolean') return String(value);
  return members === undefined ? 'none' : 'that of each member';
}

const units: readonly (readonly [name: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
];

/** With digits in threes; a time is given in a larger unit, too. */
function numberText(value: number, unit: string | undefined): string {
  const digits = value.toLocaleString('en-US', { maximumFractionDigits: 6 });
  const ms = unit === 'ms' ? value : unit === 's' ? value * 1_000 : 0;
  const [name, size] = units.find(([, size]) => ms >= size && ms % size === 0) ?? ['', 1];
  return name === '' || name === unit ? digits : `${digits} (${(ms / size).toLocaleString('en-US')} ${name})`;
}
