import { type Command, Option } from 'commander';
import type { Logger } from 'pino';
import { ConfigurationError } from '../errors.ts';
import { oneOf } from '../fields.ts';
import { type LogFormat, type LogLevel, logFormats, logLevels, logOptions, standardErrorLog } from '../server/log.ts';

/** What is said of the log by a configuration, by the command line in its place, or by nobody. */
export interface LogOptionValues {
  readonly logLevel?: LogLevel;
  readonly logFormat?: LogFormat;
  readonly accessLog?: boolean;
}

/** What of the log is told to a process that serves. */
export interface CommandLog {
  readonly level: LogLevel;
  readonly format: LogFormat;
  readonly accessLog: boolean;
}

/** What a configuration says of the log. */
export const logMembers = {
  logLevel: {
    is: oneOf(...logLevels),
    without: '`warn`; `info` with `accessLog`',
    means: 'The least that is logged, as `--log-level`.',
  },
  logFormat: {
    is: oneOf(...logFormats),
    default: 'json',
    means: 'How a line is written, as `--log-format`: `readable` has the name of the level, and the time as ISO 8601.',
  },
  accessLog: logOptions.accessLog,
} as const;

/** Adds the options of a log to a command that serves. */
export function addLogOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--log-level <level>', 'the least that is logged; default: warn, info with --access-log').choices([
        ...logLevels,
      ]),
    )
    .addOption(
      new Option(
        '--log-format <format>',
        'json (level and time are numbers), or readable (the name of the level, the time as ISO 8601); default: json',
      ).choices([...logFormats]),
    )
    .option('--access-log', 'log each request that is answered')
    .option('--no-access-log', 'log none of them, whatever the configuration says');
}

/** The log of the command line in place of a configuration's. */
export function logInstead({ logLevel, logFormat, accessLog }: LogOptionValues): LogOptionValues {
  return {
    ...(logLevel === undefined ? {} : { logLevel }),
    ...(logFormat === undefined ? {} : { logFormat }),
    ...(accessLog === undefined ? {} : { accessLog }),
  };
}

/**
 * What was said of the log.
 * @throws {SecureConversationError} `CONFIG_INVALID` for an access log whose lines the level leaves out
 */
export function givenLog({ logLevel, logFormat = 'json', accessLog = false }: LogOptionValues): CommandLog {
  const level = logLevel ?? (accessLog ? 'info' : 'warn');
  if (accessLog && logLevels.indexOf(level) > logLevels.indexOf('info'))
    throw new ConfigurationError('CONFIG_INVALID', `an access log writes nothing where the log's level is ${level}`, {
      hint: 'its lines are of level info: leave the level away, or let it be info or debug',
    });
  return { level, format: logFormat, accessLog };
}

/** The log of a command, which is written to standard error. @param node its name in each line */
export function commandLog(given: LogOptionValues, node?: string): Logger {
  return standardErrorLog({ ...givenLog(given), node });
}
