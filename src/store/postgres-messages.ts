import { StoreUnavailable } from '../errors.ts';
import { maxValueBytes } from './store.ts';

/** A message of a server: an octet for its kind, then 4 for its length, which counts itself (PostgreSQL 15, §55.7). */
const headBytes = 5;
const lengthBytes = 4;
/** Longest message that is read: a record is sent as two hex digits for each of its octets. */
export const maxMessageBytes = 4 * maxValueBytes;

/** Kinds whose content is a list of fields: ErrorResponse and NoticeResponse. */
const listsOfFields: ReadonlySet<number> = new Set(Buffer.from('EN'));

/**
 * Gives what a server sends on in whole messages. The parser of the package `pg` reads on for ever where a list of
 * fields has no end, and keeps octets for as long a message as a server announces.
 * @param take is given one or more whole messages
 * @returns takes what comes; throws {@link StoreUnavailable} for what no server sends, and whatever `take` throws
 */
export function wholeMessages(take: (messages: Buffer) => void): (octets: Buffer) => void {
  let kept: Buffer[] = [];
  let keptBytes = 0;
  let wantedBytes = headBytes;
  return octets => {
    kept.push(octets);
    keptBytes += octets.length;
    if (keptBytes < wantedBytes) return;
    const all = kept.length === 1 ? octets : Buffer.concat(kept);
    const { end, next } = wholeUntil(all);
    kept = end === all.length ? [] : [all.subarray(end)];
    keptBytes = all.length - end;
    wantedBytes = next;
    if (end > 0) take(all.subarray(0, end));
  };
}

/** Where the last whole message ends, and how many octets from there on the next one has at least. */
function wholeUntil(all: Buffer): { readonly end: number; readonly next: number } {
  let end = 0;
  while (all.length - end >= headBytes) {
    const bytes = all.readUInt32BE(end + 1) + 1;
    if (bytes < 1 + lengthBytes || bytes > maxMessageBytes) throw otherSpeech();
    if (all.length - end < bytes) return { end, next: bytes };
    if (listsOfFields.has(all[end] ?? 0)) checkFields(all.subarray(end + headBytes, end + bytes));
    end += bytes;
  }
  return { end, next: headBytes };
}

/** Each field is an octet and a text with a zero at its end; another zero ends the list. */
function checkFields(content: Buffer): void {
  let at = 0;
  while (content[at] !== 0) {
    const end = content.indexOf(0, at + 1);
    if (at >= content.length || end < 0) throw otherSpeech();
    at = end + 1;
  }
}

/** Why what answers is not taken for a store. */
export function otherSpeech(cause?: unknown): StoreUnavailable {
  return new StoreUnavailable('it does not speak as PostgreSQL does', cause);
}
