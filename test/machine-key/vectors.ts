import { readdirSync, readFileSync } from 'node:fs';
import type { KatanaTicket } from '../../src/bearer/katana-ticket.ts';
import type { MachineKeyConfig } from '../../src/machine-key/config.ts';

/*
 * The files of test/vectors/machine-key, by `kind`:
 *
 * - `protect`: what goes into Protect and what comes out, with the derived keys where they are known, and the ticket
 *   inside of `input`
 *   where it is a Katana token;
 * - `cookie`: a real cookie of which only the decryptionKey is known;
 * - `derive`: one derivation alone.
 */

export interface ProtectVector {
  readonly name: string;
  readonly config: MachineKeyConfig;
  readonly primaryPurpose: string;
  readonly purposes: readonly string[];
  readonly iv: Buffer;
  readonly cipherKey: string | null;
  readonly macKey: string | null;
  readonly input: Buffer;
  readonly output: string;
  readonly ticketBytes: string | null;
  readonly ticket: KatanaTicket | null;
}

const fieldsOf: Readonly<Record<string, string>> = {
  protect:
    'kind comment validation decryption validationKey decryptionKey primaryPurpose purposes iv cipherKey macKey ' +
    'input output ticketBytes ticket',
  cookie: 'kind comment decryptionKey purposes cipherKey tagBytes token ticketSha256 ticketLength claims issued',
  derive: 'kind comment master label purposes derived',
};

const folder = new URL('../vectors/machine-key/', import.meta.url);

// biome-ignore lint/suspicious/noExplicitAny: the fields were checked, their types are those of the files
function readVectors(kind: string): any[] {
  return readdirSync(folder)
    .map(file => ({ name: file.replace('.json', ''), json: JSON.parse(readFileSync(new URL(file, folder), 'utf8')) }))
    .filter(({ name, json }) => {
      if (Object.keys(json).join(' ') !== fieldsOf[json.kind])
        throw new Error(`vector ${name} has other fields than it should`);
      return json.kind === kind;
    })
    .map(({ name, json }) => ({ name, ...json }));
}

export const protectVectors: readonly ProtectVector[] = readVectors('protect').map(vector => ({
  ...vector,
  config: {
    validationKey: vector.validationKey,
    decryptionKey: vector.decryptionKey,
    validation: vector.validation,
    decryption: vector.decryption,
  },
  iv: Buffer.from(vector.iv, 'hex'),
  input: Buffer.from(vector.input, 'hex'),
  ticket: vector.ticket && {
    ...vector.ticket,
    bootstrapToken: vector.ticket.bootstrapToken ?? undefined,
    properties: new Map(Object.entries(vector.ticket.properties)),
  },
}));

export const tokenVectors = protectVectors.flatMap(({ ticket, ticketBytes, ...vector }) =>
  ticket === null || ticketBytes === null ? [] : [{ ...vector, ticket, ticketBytes: Buffer.from(ticketBytes, 'hex') }],
);

export const [cookieVector] = readVectors('cookie');
export const [derivationVector] = readVectors('derive');

/** The protect vector whose name begins so. */
export function protectVector(name: string): ProtectVector {
  const found = protectVectors.find(vector => vector.name.startsWith(name));
  if (found === undefined) throw new Error(`there is no vector ${name}`);
  return found;
}
