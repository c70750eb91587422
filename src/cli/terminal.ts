/*
 * How wssc talks. Results go to standard output, one kind per command; everything else goes to standard error. An error
 * is one lower-case sentence, with a second line that says what to do where there is something to do. Never a secret,
 * never a stack trace unless --debug is given.
 */
import { SecureConversationError } from '../errors.ts';
import { printable, printableJson } from '../printable.ts';

/** Exit code where the service answered with a fault. */
export const faultExit = 2;

/** Exit code where there was no answer. */
export const networkExit = 3;

/** A result line. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** A result for programs: one line of JSON. */
export function printJson(value: unknown): void {
  print(printableJson(value));
}

/** A remark beside the result. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** An error may quote what a peer said. */
const maxMessageChars = 1_024;
const maxStackLines = 64;

/** What went wrong, and the hint line. */
export function printError(message: string, hint?: string): void {
  note(`wssc: ${printable(message, maxMessageChars)}`);
  if (hint !== undefined) note(`hint: ${hint}`);
}

/**
 * Says what an error says.
 * @param debug also the stack traces of the error and its causes
 */
export function reportError(error: unknown, debug: boolean): void {
  const known = error instanceof SecureConversationError;
  printError(
    error instanceof Error ? error.message : String(error),
    known ? error.hint : 'run it again with --debug for the stack trace',
  );
  if (!debug) return;
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    for (const line of (cause.stack ?? cause.message).split('\n', maxStackLines))
      note(printable(line, maxMessageChars));
}

/** Lines up columns. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widthOf = (i: number) => Math.max(...rows.map(row => row[i]?.length ?? 0));
  const widths = Array.from({ length: Math.max(0, ...rows.map(row => row.length)) }, (_, i) => widthOf(i));
  return rows.map(row =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
