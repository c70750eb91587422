import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '../docs/blocks.ts';

/** What package.json says of one entry. */
export interface Entry {
  readonly types: string;
  readonly default: string;
}

const { exports: all } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
  exports: Readonly<Record<string, Entry | string>>;
};

/** The entries of package.json that can be imported, by their subpath. */
export const entries: Readonly<Record<string, Entry>> = Object.fromEntries(
  Object.entries(all).flatMap(([path, entry]) => (typeof entry === 'string' ? [] : [[path, entry]])),
);
