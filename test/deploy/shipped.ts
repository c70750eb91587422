import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Configurations of balancers in deploy/ that send a client to the same node again. */
export const pinning = ['haproxy-source.cfg', 'haproxy-cookie.cfg', 'nginx-source.conf'] as const;
/** Those that send each call to any node. */
export const sharing = ['haproxy-offload.cfg', 'haproxy-passthrough.cfg', 'nginx-offload.conf'] as const;
export const configurations = [...pinning, ...sharing];
export type Configuration = (typeof configurations)[number];

/** The text of a file of deploy/. */
export function shipped(name: string): string {
  return readFileSync(fileURLToPath(new URL(`../../deploy/${name}`, import.meta.url)), 'utf8');
}

/** Lines without comments; one that ends in `\` goes on in the next. */
function linesOf(text: string): string[] {
  const lines = text.split('\n').filter(line => !line.startsWith('#'));
  return lines
    .join('\n')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n');
}

/**
 * A unit of systemd: its words by `Section.Key`.
 * @throws where a line is none, or a key is there twice
 */
export function unitOf(text: string): ReadonlyMap<string, string> {
  const words = new Map<string, string>();
  let section = '';
  for (const line of linesOf(text).filter(each => each !== '')) {
    const [, named, key, value = ''] = /^(?:\[(\w+)\]|(\w+)=(.*))$/.exec(line) ?? [];
    if (named === undefined && key === undefined) throw new Error(`no line of a unit: ${line}`);
    if (named !== undefined) section = named;
    else if (words.has(`${section}.${key}`)) throw new Error(`${section}.${key} is there twice`);
    else words.set(`${section}.${key}`, value.replaceAll(/\s+/g, ' '));
  }
  return words;
}

/** A Dockerfile: what stands behind each of its instructions. @throws where one is there twice, but for COPY and RUN */
export function imageOf(text: string): ReadonlyMap<string, string> {
  const said = new Map<string, string>();
  for (const line of linesOf(text).filter(each => each !== '')) {
    const [, name = '', rest = ''] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
    if (name === '') throw new Error(`no line of a Dockerfile: ${line}`);
    if (said.has(name) && !['COPY', 'RUN'].includes(name)) throw new Error(`${name} is there twice`);
    said.set(name, [said.get(name), rest].filter(part => part !== undefined).join('\n'));
  }
  return said;
}
