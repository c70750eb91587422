import { type Command, Option } from 'commander';
import type { Logger } from 'pino';
import { ConfigurationError } from '../errors.ts';
import { type LogFormat, type LogLevel, logFormats, logLevels, standardErrorLog } from '../server/log.ts';

/** What the command line says of the log. */
export interface LogOptionValues {
  readonly logLevel?: LogLevel;
  readonly logFormat: LogFormat;
  readonly accessLog: boolean;
}

/** What of the log is told to a process that serves. */
export interface CommandLog {
  readonly level: LogLevel;
  readonly format: LogFormat;
  readonly accessLog: boolean;
}

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
        'json (level and time are numbers), or readable (the name of the level, the time as ISO 8601)',
      )
        .choices([...logFormats])
        .default('json'),
    )
    .option('--access-log', 'log each request that is answered', false);
}

/**
 * What the options say of the log.
 * @throws {SecureConversationError} `CONFIG_INVALID` for an access log whose lines the level leaves out
 */
export function givenLog({ logLevel, logFormat, accessLog }: LogOptionValues): CommandLog {
  const level = logLevel ?? (accessLog ? 'info' : 'warn');
  if (accessLog && logLevels.indexOf(level) > logLevels.indexOf('info'))
    throw new ConfigurationError('CONFIG_INVALID', `--access-log writes nothing with --log-level ${level}`, {
      hint: 'its lines are of level info: leave --log-level away, or give info or debug',
    });
  return { level, format: logFormat, accessLog };
}

/** The log of a command, which is written to standard error. @param node its name in each line */
export function commandLog(given: LogOptionValues, node?: string): Logger {
  return standardErrorLog({ ...givenLog(given), node });
}
