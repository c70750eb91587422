/** Texts of simple types (XML Schema Part 2), and the values that node-soap's users know for them. */
/** How the text of an element is read and written. */
export interface TextType {
  /** undefined: its value is the text. */
  readonly read: ((text: string) => unknown) | undefined;
  readonly write: (value: unknown) => string;
  /** Whether an element without content is an empty text, and not null. */
  readonly isText: boolean;
  /** Whether white space at both ends belongs to the value (XML Schema Part 2 §4.3.6). */
  readonly keepsSpace: boolean;
  /** Whether it begins with a prefix, which has to be declared. */
  readonly isName: boolean;
}

function writeAny(value: unknown): string {
  return value instanceof Date ? writeDate(value) : String(value);
}

function writeDate(value: Date): string {
  if (Number.isNaN(value.getTime())) throw new TypeError('a Date without a time has no text');
  return value.toISOString();
}

/** Of what has no simple type, or one that is neither a string nor known to node-soap. */
export const untyped: TextType = { read: undefined, write: writeAny, isText: false, keepsSpace: false, isName: false };

const text: TextType = { ...untyped, isText: true, keepsSpace: true };
const collapsed: TextType = { ...untyped, isText: true };

const specialNumbers: Readonly<Record<string, number>> = {
  INF: Number.POSITIVE_INFINITY,
  '-INF': Number.NEGATIVE_INFINITY,
};

/** JavaScript's numbers may stand between characters that are white space to it alone. */
function numberOf(read: (text: string) => number): TextType['read'] {
  return said => (said.trim() === said ? read(said) : Number.NaN);
}

function writeNumber(value: unknown): string {
  if (value === Number.POSITIVE_INFINITY) return 'INF';
  return value === Number.NEGATIVE_INFINITY ? '-INF' : writeAny(value);
}

const whole: TextType = { ...untyped, read: numberOf(said => Number.parseInt(said, 10)) };
const decimal: TextType = { ...untyped, read: numberOf(Number) };
const floating: TextType = {
  ...untyped,
  read: numberOf(said => (Object.hasOwn(specialNumbers, said) ? (specialNumbers[said] as number) : Number(said))),
  write: writeNumber,
};
const boolean: TextType = { ...untyped, read: said => said.toLowerCase() === 'true' || said === '1' };
const dateTime: TextType = { ...untyped, read: said => new Date(said) };
const date: TextType = {
  ...dateTime,
  write: value => (value instanceof Date ? writeDate(value).slice(0, 10) : String(value)),
};

/** The types of XML Schema, by local name, whose values are more than a text as node-soap has it. */
const builtIn: ReadonlyMap<string, TextType> = new Map([
  ...['int', 'integer', 'short', 'long'].map(name => [name, whole] as const),
  ['decimal', decimal],
  ...['double', 'float'].map(name => [name, floating] as const),
  ...['boolean', 'bool'].map(name => [name, boolean] as const),
  ['dateTime', dateTime],
  ['date', date],
  ['string', text],
  ['QName', { ...untyped, isName: true }],
  ...['normalizedString', 'token', 'anyURI'].map(name => [name, collapsed] as const),
]);

/** @param local name of a type of XML Schema */
export function builtInText(local: string): TextType {
  return builtIn.get(local) ?? untyped;
}

/**
 * The same for a type with a name of its own that is made of another by restriction: node-soap gives its values as
 * texts.
 * @param collapses whether its whiteSpace is other than `preserve`
 */
export function namedText({ isText, keepsSpace, isName }: TextType, collapses: boolean): TextType {
  if (!isText) return { ...untyped, isName };
  return keepsSpace && !collapses ? text : collapsed;
}
