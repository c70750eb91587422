import { readFileSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { ConfigurationError } from '../errors.ts';
import { writeDataFile } from './data-files.ts';
import type { FarmDescription } from './description.ts';

/** The file by which other programs of this machine find the farm that runs with a data folder. It holds no secret. */
function runningFile(folder: string): string {
  return join(folder, 'farm.json');
}

/** Leaves word that a farm runs with this data folder. */
export function noteRunning(folder: string, description: FarmDescription): void {
  writeDataFile(
    runningFile(folder),
    `${JSON.stringify(description, undefined, 2)}\n`,
    'farm description',
    'CONFIG_INVALID',
  );
}

/** Takes that word back. */
export function forgetRunning(folder: string): void {
  rmSync(runningFile(folder), { force: true });
}

/**
 * The farm that runs with a data folder, or undefined. The file alone proves nothing, a farm that was killed leaves it
 * behind: the status page must answer.
 */
export async function findRunning(folder: string): Promise<FarmDescription | undefined> {
  const description = readDescription(runningFile(folder));
  return description !== undefined && (await answers(description.admin)) ? description : undefined;
}

/**
 * Makes sure that no other farm runs with the data folder: a key ring has one writer.
 * @throws {SecureConversationError} `CONFIG_INVALID`
 */
export async function checkNotRunning(folder: string): Promise<void> {
  const running = await findRunning(folder);
  if (running === undefined) return;
  throw new ConfigurationError(
    'CONFIG_INVALID',
    `a farm runs with the data folder ${folder} already, see ${running.admin}`,
    {
      hint: 'stop it first, or choose another folder with --data',
    },
  );
}

function readDescription(file: string): FarmDescription | undefined {
  try {
    const description: FarmDescription = JSON.parse(readFileSync(file, 'utf8'));
    return typeof description.admin === 'string' ? description : undefined;
  } catch {
    return undefined;
  }
}

function answers(admin: string): Promise<boolean> {
  return new Promise(resolve => {
    const request = get(`${admin}/status.json`, { timeout: 2_000 }, response => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('timeout', () => request.destroy(new Error('no answer')));
    request.on('error', () => resolve(false));
  });
}
