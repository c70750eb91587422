import { type Logger, type LoggerOptions, pino } from 'pino';
import { anyObject, flag } from '../fields.ts';
import { printable } from '../printable.ts';

/** Where a node or a token service writes what happens. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;

/** From the most lines to the fewest. */
export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** `json`: level and time as pino writes them, numbers; `readable`: as a name, and as ISO 8601 in UTC. */
export const logFormats = ['json', 'readable'] as const;
export type LogFormat = (typeof logFormats)[number];

/** How lines are written to standard error. */
export interface LogForm {
  /** The least that is written. */
  readonly level: LogLevel;
  /** Default: `json`. */
  readonly format?: LogFormat | undefined;
  /** Name of the node, in each line; undefined: in none. */
  readonly node?: string | undefined;
}

const readable: LoggerOptions = {
  formatters: { level: label => ({ level: label }) },
  timestamp: pino.stdTimeFunctions.isoTime,
};

/** A log that is written to standard error, one line of JSON each. */
export function standardErrorLog({ level, format = 'json', node }: LogForm): Logger {
  const log = pino({ level, ...(format === 'readable' ? readable : {}) }, linesTo(2));
  return node === undefined ? log : log.child({ node });
}

/** Most characters that wait to be written; what comes then is lost. */
const maxWaiting = 1 << 20;

/**
 * What writes lines to a file descriptor. Nobody's service ends, and none holds ever more lines, where these can't be
 * written: peers decide how many there are. With the first of them that can, all that wait are.
 */
export function linesTo(fd: number): ReturnType<typeof pino.destination> {
  const lines = pino.destination({ dest: fd, minLength: 0, maxLength: maxWaiting });
  const flushSync = lines.flushSync.bind(lines);
  // At the end of a process it would try for ever.
  lines.on('error', () => {
    lines.flushSync = () => {};
  });
  lines.on('write', () => {
    lines.flushSync = flushSync;
  });
  return lines;
}

/** How a service is told of its log. */
export const logOptions = {
  log: {
    is: anyObject<Logger>(),
    without: 'warnings and errors to standard error, one JSON line each',
    means: 'Where the service writes what happens.',
  },
  accessLog: {
    is: flag,
    default: false,
    means: 'Whether each request that is answered is a line of the log, of level `info`.',
  },
} as const;

/** What a service is told of its log. */
export interface LogSettings {
  readonly log?: Logger | undefined;
  readonly accessLog: boolean;
}

/** The log that a service writes to. That of a program that gives none has the lines which were asked for. */
export function openLog(settings: LogSettings): Log {
  return boundedLog(logOf(settings));
}

/** The same, for a part that bounds its lines itself. */
export function logOf({ log, accessLog }: LogSettings): Logger {
  return log ?? standardErrorLog({ level: accessLog ? 'info' : 'warn' });
}

const maxDepth = 6;
const maxEntries = 16;
/** Values of one line, at whatever depth. */
const maxValues = 64;

/**
 * A log that can be told anything: each text in a line is {@link printable} and has at most 256 characters, and a line
 * at most 64 values, so that no peer decides how long it gets or what a terminal does with it. An error is written out
 * with its message, its stack as a list of calls, its own fields and its causes. It never throws, whatever the log
 * does.
 */
export function boundedLog(log: Log): Log {
  const bounded = (level: keyof Log) => (fields: object, message: string) => {
    try {
      log[level](boundedValue(fields, { left: maxValues }, 0) as object, printable(message));
    } catch {
      // There is no place left to say it, and whoever waits for an answer has no part in it.
    }
  };
  return { debug: bounded('debug'), info: bounded('info'), warn: bounded('warn'), error: bounded('error') } as Log;
}

/** How many values may still be written. */
interface Room {
  left: number;
}

function boundedValue(value: unknown, room: Room, depth: number): unknown {
  room.left -= 1;
  if (typeof value === 'string') return printable(value);
  if (typeof value === 'number' || typeof value === 'boolean' || value === undefined || value === null) return value;
  if (typeof value !== 'object')
    return printable(`${typeof value} ${typeof value === 'function' ? '' : String(value)}`);
  if (depth === maxDepth || room.left <= 0) return '…';
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  try {
    return boundedObject(value, room, depth);
  } catch {
    // Whatever it is that can't be read must not keep the rest from the log.
    return 'unreadable';
  }
}

function boundedObject(value: object, room: Room, depth: number): unknown {
  if (value instanceof Date) return printable(String(value));
  if (Array.isArray(value))
    return value.slice(0, Math.min(maxEntries, room.left)).map(item => boundedValue(item, room, depth + 1));
  const fields = value instanceof Error ? errorFields(value) : value;
  // Without a prototype: pino names the type of an error by its constructor, where it has one.
  const bounded: Record<string, unknown> = Object.create(null);
  for (const name of Object.keys(fields).slice(0, maxEntries)) {
    if (room.left <= 0) break;
    bounded[printable(name)] = boundedValue((fields as Record<string, unknown>)[name], room, depth + 1);
  }
  return bounded;
}

/** What pino's own description of an error is made from: without a `cause`, which it would write behind the message. */
function errorFields(error: Error): Record<string, unknown> {
  const { name, message, stack: _stack, cause, ...own } = error as Error & Record<string, unknown>;
  const causes = error instanceof AggregateError ? error.errors : [cause].filter(below => below !== undefined);
  return { name, message, stack: framesOf(error), ...own, ...(causes.length === 0 ? {} : { causes }) };
}

/** The calls of a stack; what stands above them is the message again. */
function framesOf({ message, stack = '' }: Error): readonly string[] {
  const at = stack.indexOf(message);
  const calls = at === -1 ? stack : stack.slice(at + message.length);
  return calls
    .split('\n')
    .map(line => line.trim())
    .filter(line => line.startsWith('at '));
}
