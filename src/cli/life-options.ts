import type { Command } from 'commander';
import { endpointOptions } from '../server/endpoint-options.ts';
import { duration, durationText, wholeNumber } from './option-values.ts';
import { absoluteLifetimeRangeMs, clockSkewRangeMs, lifetimeRangeMs, rolloverRangeMs } from './serve-config.ts';

/** What the command line says of times; all but `maxRenewals` are milliseconds. */
export interface LifeOptionValues {
  readonly lifetime?: number;
  readonly absoluteLifetime?: number;
  readonly maxRenewals?: number;
  readonly rollover?: number;
  readonly clockSkew?: number;
}

const { absoluteLifetimeMs, maxRenewals, rolloverMs, clockSkewMs } = endpointOptions.members;
const usual = ({ default: ms }: { readonly default: number }) => `default: ${durationText(ms)}`;

/** Adds the options of how long conversations live, and of clocks that differ, to a command. */
export function addLifeOptions(command: Command): Command {
  return command
    .option(
      '--lifetime <time>',
      'life of a conversation, again from each renewal; default: 30m where it can be renewed, else 10h',
      duration(...lifetimeRangeMs),
    )
    .option(
      '--absolute-lifetime <time>',
      `the end that no renewal passes; ${usual(absoluteLifetimeMs)}`,
      duration(...absoluteLifetimeRangeMs),
    )
    .option(
      '--max-renewals <n>',
      `how often a conversation can be renewed; default: ${maxRenewals.default}`,
      wholeNumber(1, 65_535),
    )
    .option(
      '--rollover <time>',
      `how long what was renewed is good still; ${usual(rolloverMs)}`,
      duration(...rolloverRangeMs),
    )
    .option(
      '--clock-skew <time>',
      `difference of clocks that is tolerated; ${usual(clockSkewMs)}`,
      duration(...clockSkewRangeMs),
    );
}

/** The same as options of an endpoint. */
export function lifeSettings({ lifetime, absoluteLifetime, maxRenewals, rollover, clockSkew }: LifeOptionValues) {
  return {
    ...(lifetime === undefined ? {} : { lifetimeMs: lifetime }),
    ...(absoluteLifetime === undefined ? {} : { absoluteLifetimeMs: absoluteLifetime }),
    ...(maxRenewals === undefined ? {} : { maxRenewals }),
    ...(rollover === undefined ? {} : { rolloverMs: rollover }),
    ...(clockSkew === undefined ? {} : { clockSkewMs: clockSkew }),
  };
}
