/**
 * `npm run bench:state`: what it costs to get a conversation back that is not in a node's cache, from its token, from
 * SQLite, Redis and PostgreSQL, and what each of them takes. `-- --json F` writes the figures to a file; `--docs` puts
 * tables and plot into the documentation; `--contexts N` fills the stores with so many conversations (default 10,000).
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { compilePolicy } from '../../../src/policy/compile.ts';
import { endPostgresServers } from '../../store/postgres-server.ts';
import { endRedisServers } from '../../store/redis-server.ts';
import { removeFolders } from '../../support/data-folder.ts';
import { measureFinding } from './finding.ts';
import { openPlaces, type Place } from './places.ts';
import { plot } from './plot.ts';
import { loadNow, markdown, type StateFigures } from './report.ts';
import { measureClaims, measureForms, measureStored } from './sizes.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    docs: { type: 'boolean', default: false },
    contexts: { type: 'string', default: '10000' },
  },
});
const rounds = 5;
const [plan] = compilePolicy(resolve('wsdl/echo.wsdl'), { ports: ['EchoSymmetric'] });
if (plan === undefined) throw new Error('no port to measure');

async function measure(places: readonly Place[]): Promise<StateFigures> {
  if (plan === undefined) throw new Error('no port to measure');
  const before = loadNow();
  const finding = await measureFinding(places, plan, rounds);
  const claims = await measureClaims(places);
  const forms = await measureForms(rounds);
  const stored = await measureStored(places, plan, Number(values.contexts));
  return { finding, claims, forms, stored, load: [before, loadNow()] };
}

function writeDocs(figures: StateFigures): void {
  const page = resolve('docs/state-modes.md');
  const [begin, end] = ['<!-- figures: begin -->', '<!-- figures: end -->'];
  const text = readFileSync(page, 'utf8');
  const [from, to] = [text.indexOf(begin) + begin.length, text.indexOf(end)];
  writeFileSync(page, `${text.slice(0, from)}\n${markdown(figures)}\n${text.slice(to)}`);
  writeFileSync(resolve('docs/state-cost.svg'), plot(figures.finding));
}

const places = await openPlaces();
try {
  const figures = await measure(places);
  process.stdout.write(`${markdown(figures)}\n`);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(figures, null, 2)}\n`);
  if (values.docs) writeDocs(figures);
} finally {
  for (const place of places) await place.close();
  endRedisServers();
  endPostgresServers();
  removeFolders();
}
