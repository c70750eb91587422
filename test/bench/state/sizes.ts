import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { secretBytes } from '../../../src/crypto/secret-key.ts';
import { overheadBytes } from '../../../src/keyring/seal.ts';
import type { Plan } from '../../../src/policy/plan.ts';
import { decodeContext, encodeContext } from '../../../src/state/codec.ts';
import type { Context } from '../../../src/state/context.ts';
import { scanText } from '../../../src/xml/scan.ts';
import { escapeText } from '../../../src/xml/write.ts';
import { interleaved } from '../rounds.ts';
import { contextWith, roleCounts } from './contexts.ts';
import { persistently } from './persistent.ts';
import type { Place, PlaceName } from './places.ts';

/** One way of making bytes of a context, before they are sealed. Ours is the one that is used. */
export interface FormFigures {
  readonly form: string;
  readonly roles: number;
  /** Sealed, in base64: what each message would carry. */
  readonly base64Chars: number;
  readonly writeUs: number;
  readonly readUs: number;
}

interface Form {
  readonly write: (context: Context) => Uint8Array;
  readonly read: (bytes: Uint8Array) => unknown;
}

const ours: Form = { write: context => encodeContext(context) ?? new Uint8Array(), read: decodeContext };
const texts = ({ secret, credential, ...rest }: Context) => ({
  ...rest,
  secret: secretBytes(secret).toString('base64'),
});
const xmlOf = (context: Context) =>
  `<context>${Object.entries(texts(context))
    .map(
      ([name, value]) =>
        `<${name}>${[value]
          .flat()
          .map(each => `<v>${escapeText(String(each))}</v>`)
          .join('')}</${name}>`,
    )
    .join('')}</context>`;

const forms: Readonly<Record<string, Form>> = {
  'binary (used)': ours,
  'binary, deflated': {
    write: context => deflateRawSync(ours.write(context)),
    read: bytes => ours.read(inflateRawSync(bytes)),
  },
  JSON: {
    write: context => Buffer.from(JSON.stringify(texts(context))),
    read: bytes => JSON.parse(Buffer.from(bytes).toString()),
  },
  'JSON, deflated': {
    write: context => deflateRawSync(JSON.stringify(texts(context))),
    read: bytes => JSON.parse(inflateRawSync(bytes).toString()),
  },
  XML: { write: context => Buffer.from(xmlOf(context)), read: bytes => scanText(Buffer.from(bytes).toString()) },
};

export async function measureForms(rounds: number): Promise<FormFigures[]> {
  const figures: FormFigures[] = [];
  for (const roles of roleCounts) {
    const context = contextWith(roles);
    for (const [form, { write, read }] of Object.entries(forms)) {
      const bytes = write(context);
      const repeated = (work: () => unknown) => (times: number) => {
        for (let n = 0; n < times; n += 1) work();
      };
      const [writeUs = 0, readUs = 0] = await interleaved(
        [
          { name: 'write', times: 1_000, run: repeated(() => write(context)) },
          { name: 'read', times: 1_000, run: repeated(() => read(bytes)) },
        ],
        rounds,
      );
      const base64Chars = 4 * Math.ceil((bytes.length + overheadBytes) / 3);
      figures.push({ form, roles, base64Chars, writeUs, readUs });
    }
  }
  return figures;
}

/** What a place takes for a million conversations of users with one role, by so many of them. */
export interface StoredFigures {
  readonly place: PlaceName;
  readonly conversations: number;
  readonly mebibytesPerMillion: number;
}

/** A file that waits for the disk with each record is filled with fewer. */
const slower: Partial<Record<PlaceName, number>> = { SQLite: 0.2 };
const writersAtOnce = 64;

export async function measureStored(places: readonly Place[], plan: Plan, count: number): Promise<StoredFigures[]> {
  const figures: StoredFigures[] = [];
  for (const place of places) {
    const conversations = place.name === 'cookie' ? 0 : Math.ceil(count * (slower[place.name] ?? 1));
    const bytes = await bytesOf(place, plan, conversations);
    const mebibytesPerMillion = conversations === 0 ? 0 : (bytes / conversations) * (1_000_000 / 2 ** 20);
    figures.push({ place: place.name, conversations, mebibytesPerMillion });
  }
  return figures;
}

async function bytesOf(place: Place, plan: Plan, conversations: number): Promise<number> {
  if (conversations === 0) return 0;
  const mode = place.node(place.name === 'none' ? conversations : 1);
  const measured = place.name === 'none' ? heapBytes : place.storedBytes;
  const before = await measured();
  let left = conversations;
  const writer = async () => {
    while (left > 0) {
      left -= 1;
      await persistently(() => mode.issue(contextWith(1), plan, Date.now()));
    }
  };
  await Promise.all(Array.from({ length: writersAtOnce }, writer));
  const bytes = (await measured()) - before;
  // What was kept must be there until it was measured.
  await mode.find({ dialect: plan.dialect, id: 'urn:x', instance: undefined, state: undefined }, plan.audience, 0);
  return bytes;
}

async function heapBytes(): Promise<number> {
  for (let n = 0; n < 3; n += 1) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** What it adds to a call that its message is claimed in the store (`--replay shared`). */
export interface ClaimFigures {
  readonly place: PlaceName;
  readonly inFlight: number;
  readonly cpuUs: number;
  readonly latencyUs: number;
}

export async function measureClaims(places: readonly Place[]): Promise<ClaimFigures[]> {
  const figures: ClaimFigures[] = [];
  let serial = 0;
  for (const { name, store } of places.filter(place => place.name !== 'cookie' && place.name !== 'none'))
    for (const inFlight of [1, 32]) {
      const times = 2_000;
      const claims = async (count: number) => {
        for (let n = 0; n < count; n += 1)
          await persistently(() => store.claim(`bench-replay/${serial++}`, Date.now() + 600_000));
      };
      await claims(100);
      const [cpu, startedMs] = [process.cpuUsage(), performance.now()];
      await Promise.all(Array.from({ length: inFlight }, () => claims(Math.ceil(times / inFlight))));
      const { user, system } = process.cpuUsage(cpu);
      const latencyUs = ((performance.now() - startedMs) * 1_000 * inFlight) / times;
      figures.push({ place: name, inFlight, cpuUs: (user + system) / times, latencyUs });
    }
  return figures;
}
