/*
 * Every regular expression of src takes time in proportion to its input: whatever a peer sends, none of them starts its
 * search again and again. There is no list of exceptions; what is found is written another way.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { check } from 'recheck';
import { parseAst } from 'vitest/node';

/** The nodes of a syntax tree, outermost first. */
function* nodesOf(node) {
  if (typeof node !== 'object' || node === null) return;
  if (typeof node.type === 'string') yield node;
  for (const value of Object.values(node)) yield* nodesOf(value);
}

const isConstructor = ({ type, callee }) =>
  (type === 'NewExpression' || type === 'CallExpression') && callee.type === 'Identifier' && callee.name === 'RegExp';

/** The regular expressions of a file; one that is put together when it runs can't be checked. */
function expressionsOf(file) {
  const source = readFileSync(file, 'utf8');
  const lineOf = ({ start }) => source.slice(0, start).split('\n').length;
  const found = [];
  for (const node of nodesOf(parseAst(source, { lang: 'ts' }))) {
    const place = () => `${file}:${lineOf(node)}`;
    if (node.type === 'Literal' && node.regex !== undefined) found.push({ place: place(), ...node.regex });
    else if (isConstructor(node)) found.push({ place: place(), pattern: undefined });
  }
  return found;
}

async function complaintOf({ place, pattern, flags }) {
  if (pattern === undefined) return `${place} makes a regular expression when it runs: write it as a literal`;
  const { status, complexity } = await check(pattern, flags, { checker: 'automaton', timeout: 600_000 });
  return status === 'safe'
    ? undefined
    : `${place} is not linear (${complexity?.summary ?? status}): /${pattern}/${flags}`;
}

const sources = readdirSync('src', { recursive: true })
  .filter(name => name.endsWith('.ts'))
  .map(name => `src/${name}`);
const files = process.argv.length > 2 ? process.argv.slice(2) : sources.sort();
const expressions = files.flatMap(expressionsOf);
const complaints = [];
for (const expression of expressions) {
  const complaint = await complaintOf(expression);
  if (complaint !== undefined) complaints.push(complaint);
}
for (const complaint of complaints) console.error(complaint);
console.log(`${expressions.length} regular expressions, ${complaints.length} that are not linear`);
process.exitCode = complaints.length === 0 ? 0 : 1;
