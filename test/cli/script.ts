import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

/*
 * Each .txt of scripts/ is a law in its first line, then commands with all that they print. `$ WORDS` runs wssc, `<
 * FILE` at its end gives standard input. The lines below it: `out: TEXT` and `err: TEXT` are the next line of standard
 * output and standard error, `out~ REGEX` and `err~ REGEX` match it; `exit: N` where that is not 0; `same: FILE` was
 * not changed; `lacks: TEXT` is in no output. `-- FILE --` at the end begins the content of a file that is there from
 * the start; `-- FILE NNN --` gives its mode.
 */

const wsdl = fileURLToPath(new URL('../../wsdl/echo.wsdl', import.meta.url));
const folder = fileURLToPath(new URL('scripts/', import.meta.url));

/** What a command left behind. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs wssc to its end in a folder, with this on standard input. */
export type Run = (words: readonly string[], cwd: string, input: string) => Ended | Promise<Ended>;

interface Step {
  readonly command: string;
  readonly expectations: { readonly kind: string; readonly text: string }[];
}

interface Script {
  readonly law: string;
  readonly steps: readonly Step[];
  readonly files: readonly { readonly name: string; readonly mode: number; readonly text: string }[];
}

const kinds = /^(out:|out~|err:|err~|exit:|same:|lacks:) ?(.*)$/;

/** @throws where a line is not understood */
function parse(name: string): Script {
  const [body = '', ...sections] = readFileSync(join(folder, name), 'utf8').split(/^-- (.+) --\n/m);
  const [law = '', ...lines] = body.split('\n');
  const steps: Step[] = [];
  for (const line of lines.filter(text => text !== '')) {
    const [, kind, text] = kinds.exec(line) ?? [];
    if (line.startsWith('$ ')) steps.push({ command: line.slice(2), expectations: [] });
    else if (kind !== undefined && text !== undefined) steps.at(-1)?.expectations.push({ kind, text });
    else throw new Error(`${name}: not understood: ${line}`);
  }
  const files = Array.from({ length: sections.length / 2 }, (_, i) => {
    const [file = '', mode = '600'] = (sections[2 * i] ?? '').split(' ');
    return { name: file, mode: Number.parseInt(mode, 8), text: sections[2 * i + 1] ?? '' };
  });
  return { law, steps, files };
}

async function runStep({ command, expectations }: Step, cwd: string, run: Run): Promise<void> {
  const [words = '', input] = command.split(' < ');
  const before = new Map(of(expectations, 'same:').map(file => [file, readFileSync(join(cwd, file), 'utf8')]));
  const text = input === undefined ? '' : readFileSync(join(cwd, input), 'utf8');
  const { status, stdout, stderr } = await run(split(words), cwd, text);
  expect(linesOf(stdout), `${command}: stdout`).toEqual(expectedLines(expectations, 'out', cwd));
  expect(linesOf(stderr), `${command}: stderr`).toEqual(expectedLines(expectations, 'err', cwd));
  expect(status, `${command}: exit code`).toBe(Number(of(expectations, 'exit:')[0] ?? 0));
  for (const [file, text] of before) expect(readFileSync(join(cwd, file), 'utf8')).toBe(text);
  for (const text of of(expectations, 'lacks:')) expect(stdout + stderr).not.toContain(text);
}

function of(expectations: Step['expectations'], kind: string): string[] {
  return expectations.filter(expectation => expectation.kind === kind).map(({ text }) => text);
}

function expectedLines(expectations: Step['expectations'], stream: string, cwd: string): unknown[] {
  return expectations
    .filter(({ kind }) => kind.startsWith(stream))
    .map(({ kind, text }) =>
      kind.endsWith('~') ? expect.stringMatching(new RegExp(`^${text}$`)) : text.replaceAll('$DIR', cwd),
    );
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

/** Words of a command: single quotes hold a word together. */
function split(words: string): string[] {
  return (words.replaceAll('$WSDL', wsdl).match(/'[^']*'|\S+/g) ?? []).map(word => word.replace(/^'(.*)'$/, '$1'));
}

/** Tests that each command of a script prints and leaves behind what the script says. */
export function testScript(name: string, run: Run): void {
  const { law, steps, files } = parse(name);
  test(`${name}: ${law}`, async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'wssc-script-'));
    try {
      for (const { name: file, mode, text } of files) writeFileSync(join(cwd, file), text, { mode });
      expect(steps.length).toBeGreaterThan(0);
      for (const step of steps) await runStep(step, cwd, run);
    } finally {
      rmSync(cwd, { recursive: true });
    }
  });
}
