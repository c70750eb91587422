import { type Logger, pino } from 'pino';

/** The log of whoever gives none: warnings and errors to standard error, one JSON line each. */
export function standardErrorLog(): Logger {
  return pino({ level: 'warn' }, pino.destination(2));
}
