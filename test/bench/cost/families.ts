import type { Family } from './family.ts';
import { fieldFamilies } from './fields.ts';
import { partFamilies } from './parts.ts';
import { type Conversations, gaps, type Place, places } from './places.ts';
import type { MeasuredServer } from './subjects.ts';

/** All families of input: markup of every kind at every place, fields of the headers, parts, arguments, answers. */
export function families(server: MeasuredServer, conversations: Conversations): readonly Family[] {
  return [
    ...[...places(server, conversations), ...gaps(server, conversations)].flatMap(markupAt),
    ...fieldFamilies(server, conversations),
    ...partFamilies(server, conversations),
  ];
}

function markupAt({ name, signed, subject, fills, write }: Place): Family[] {
  return Object.entries(fills).map(([fill, of]) => ({
    name: `${name}/${fill}`,
    signed,
    subject,
    message: bytes => Buffer.from(write(of(bytes))),
  }));
}
