import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/*
 * Reads the declarations that tsc writes (`dist/*.d.ts`): flat modules, each statement beginning at the start of a
 * line, so that a few patterns are enough to see what a module declares, what it takes from others, and which names a
 * declaration has in it.
 */

/** What one module of declarations says. */
interface Module {
  /** Text of each declaration, by name. */
  readonly declared: ReadonlyMap<string, string>;
  /** Classes of the errors that its doc comments tell of, by name. */
  readonly thrown: ReadonlyMap<string, readonly string[]>;
  /** Where a name comes from that is imported, or exported again. */
  readonly taken: ReadonlyMap<string, { readonly from: string; readonly name: string }>;
  /** Names that the module exports again. */
  readonly passedOn: readonly string[];
}

/** A declaration by the file that has it. */
interface Place {
  readonly file: string;
  readonly name: string;
}

const declaration = /^(?:export )?(?:declare )?(?:abstract )?(?:interface|type|class|function|const|enum) (\w+)/;
/** A type whose name the module does not import, where the compiler wrote it. */
const inlineImport = /\bimport\("(\.[^"]+)"\)\.(\w+)/g;
const list = /^(import|export)(?: type)? \{([^}]*)\} from '([^']+)'/;

/**
 * What the entries' signatures name, as far as it is a module's own: `file#name` of what is exported, and of what is
 * only named.
 */
export interface Surface {
  readonly exported: ReadonlySet<string>;
  readonly named: ReadonlySet<string>;
  /** Names of the classes that what is exported or named throws. */
  readonly thrown: ReadonlySet<string>;
  /** Other packages and Node's modules whose types are named. */
  readonly packages: ReadonlySet<string>;
}

/** Follows every name from one entry's exports through all signatures. */
export function surfaceOf(entry: string): Surface {
  const root = dirname(entry);
  const modules = new Map<string, Module>();
  const moduleOf = (file: string): Module => {
    const read = modules.get(file) ?? readModule(file);
    modules.set(file, read);
    return read;
  };
  const packages = new Set<string>();
  const resolve = (file: string, name: string): Place | undefined => {
    const { declared, taken } = moduleOf(file);
    const source = taken.get(name);
    if (source === undefined) return declared.has(name) ? { file, name } : undefined;
    const isOwn = source.from.startsWith('.');
    if (!isOwn) packages.add(source.from);
    return isOwn ? resolve(declarationFile(file, source.from), source.name) : undefined;
  };
  const idOf = ({ file, name }: Place) => `${relative(root, file)}#${name}`;
  const named = new Set<string>();
  const thrown = new Set<string>();
  const follow = (place: Place | undefined) => {
    if (place === undefined || named.has(idOf(place))) return;
    named.add(idOf(place));
    const { file, name } = place;
    for (const error of moduleOf(file).thrown.get(name) ?? []) thrown.add(error);
    const text = moduleOf(file).declared.get(name) ?? '';
    for (const name of namesIn(text)) follow(resolve(file, name));
    for (const [, from = '', name = ''] of text.matchAll(inlineImport))
      follow(resolve(declarationFile(file, from), name));
  };
  const exported = moduleOf(entry).passedOn.flatMap(name => resolve(entry, name) ?? []);
  for (const place of exported) follow(place);
  return { exported: new Set(exported.map(idOf)), named, thrown, packages };
}

function declarationFile(from: string, specifier: string): string {
  const file = join(dirname(from), specifier.replace(/\.[jt]s$/, '.d.ts'));
  if (!existsSync(file)) throw new Error(`${from} takes something from ${specifier}, which is not there`);
  return file;
}

function readModule(file: string): Module {
  const declared = new Map<string, string>();
  const thrown = new Map<string, string[]>();
  const taken = new Map<string, { from: string; name: string }>();
  const passedOn: string[] = [];
  for (const [commented, statement] of statementsOf(readFileSync(file, 'utf8'))) {
    const [, kind, names = '', from = ''] = list.exec(statement) ?? [];
    for (const item of names.split(',').filter(each => each.trim() !== '')) {
      const [name = '', local = name] = item
        .replace(/\btype\b/, '')
        .trim()
        .split(/ as /);
      taken.set(local, { from, name });
      if (kind === 'export') passedOn.push(local);
    }
    const [, name] = declaration.exec(statement) ?? [];
    if (name === undefined) continue;
    declared.set(name, `${declared.get(name) ?? ''}\n${statement}`);
    const errors = commented.matchAll(/@throws \{(\w+)\}/g);
    thrown.set(name, [...(thrown.get(name) ?? []), ...Array.from(errors, ([, error = '']) => error)]);
  }
  return { declared, thrown, taken, passedOn };
}

/** The statements of a module, each with the comments before it and in it, and without. */
function statementsOf(text: string): (readonly [commented: string, statement: string])[] {
  return text
    .split(/\n(?=\S)(?![})\]])(?<!\*\/\n)/)
    .map(commented => [commented, commented.replace(/\/\*[\s\S]*?\*\//g, '').trimStart()]);
}

/** Names in a declaration, but texts and names of members and parameters. */
function namesIn(text: string): Set<string> {
  const code = text.replace(/'[^']*'|"[^"]*"/g, '').replace(/^\s*private .*$/gm, '');
  return new Set([...code.matchAll(/(?<![.\w]|typeof )([A-Za-z_]\w*)(?!\w|\??:)/g)].map(([, name = '']) => name));
}
