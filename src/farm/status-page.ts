import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { adminPages } from '../server/admin.ts';
import type { FarmStatus } from './description.ts';
import type { NodeReport } from './node-slot.ts';
import { listenError } from './ports.ts';

/** Options of {@link openStatusPage}. */
export interface StatusPageOptions {
  readonly port: number;
  /** Loopback addresses. */
  readonly hosts: readonly string[];
  readonly status: () => Promise<FarmStatus>;
  /** Pages beside it, by path. */
  readonly pages: ReturnType<typeof adminPages>;
}

/**
 * Serves the farm's status: `/` for people, `/status.json` for programs, and the pages beside it.
 * @returns closes it
 * @throws {SecureConversationError} `LISTEN_FAILED`
 */
export async function openStatusPage({ port, hosts, status, pages }: StatusPageOptions): Promise<() => void> {
  const all = { ...statusPages(status), ...pages };
  const servers: Server[] = [];
  const close = () => {
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
  };
  try {
    for (const host of hosts) {
      const server = createServer((request, response) => {
        answer(request, response, all).catch(() => response.destroy());
      });
      servers.push(server);
      await listening(server, port, host);
    }
  } catch (error) {
    close();
    throw error;
  }
  return close;
}

function listening(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', cause => reject(listenError(port, cause)));
    server.listen(port, host, () => resolve());
  });
}

function statusPages(status: () => Promise<FarmStatus>): StatusPageOptions['pages'] {
  const page = (contentType: string, write: (status: FarmStatus) => string) => async () => ({
    status: 200,
    contentType,
    body: write(await status()),
  });
  return {
    '/': page('text/html; charset=utf-8', writeHtml),
    '/status.json': page('application/json', now => `${JSON.stringify(now, undefined, 2)}\n`),
  };
}

/** A page of another site that had its name point here (DNS rebinding) would send that name as Host. */
const loopbackName = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/i;

const style =
  'body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;' +
  'color:#1a1a1a;background:#fff}' +
  'h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}table{border-collapse:collapse;width:100%}' +
  'th,td{padding:.35rem .75rem;text-align:right;border-bottom:1px solid #ddd;font-variant-numeric:tabular-nums}' +
  'th:first-child,td:first-child{text-align:left}th{font-weight:600}' +
  '.up{color:#0a6b2d}.down{color:#b00020;font-weight:600}' +
  'caption{text-align:left;color:#555;padding-bottom:.5rem}' +
  '@media(prefers-color-scheme:dark){body{color:#e8e8e8;background:#161616}th,td{border-color:#3a3a3a}' +
  'caption{color:#aaa}.up{color:#5fd38a}.down{color:#ff6b7d}}';

const headers: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; ` +
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  pages: StatusPageOptions['pages'],
): Promise<void> {
  const end = (code: number, type: string, body: string) =>
    response.writeHead(code, { ...headers, 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) }).end(body);
  const path = (request.url ?? '').replace(/\?.*$/s, '');
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
  if (!loopbackName.test(request.headers.host ?? '')) end(421, 'text/plain', 'wrong host\n');
  else if (page === undefined) end(404, 'text/plain', 'not found\n');
  else if (request.method !== 'GET' && request.method !== 'HEAD') end(405, 'text/plain', 'GET only\n');
  else {
    const { status, contentType, body } = await page();
    end(status, contentType, body);
  }
}

/** The page as HTML. Every name in it is the farm's own, none comes from a message. */
export function writeHtml({ nodes, ring }: FarmStatus): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="2">
<meta name="viewport" content="width=device-width">
<title>Farm: ${nodes.filter(node => node.up).length} of ${nodes.length} nodes up</title>
<style>${style}</style>
</head>
<body>
<h1>Farm</h1>
<h2>Nodes</h2>
${table(
  'Counted since each node was started.',
  ['Node', 'State', 'Process', 'Calls', 'Issued', 'Opened from seal', 'Read from store', 'Found in cache', 'Faults'],
  nodes.map(nodeRow),
)}
<h2>Key ring</h2>
${table(
  `Generation ${ring.generation}.`,
  ['Key', 'State', 'Age'],
  ring.keys.map(({ id4, state, ageS }) => [id4, state, ageText(ageS)]),
)}
</body>
</html>
`;
}

function nodeRow({ name, up, pid, calls, issued, opened, faults }: NodeReport): string[] {
  const state = up ? '<span class="up">up</span>' : '<span class="down">down</span>';
  const counted = Object.entries(faults).map(([fault, count]) => `${count} ${fault}`);
  return [
    name,
    state,
    `${pid}`,
    `${calls}`,
    `${issued}`,
    `${opened.seal}`,
    `${opened.store}`,
    `${opened.cache}`,
    counted.join(', ') || '0',
  ];
}

function table(caption: string, heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = `<tr>${heads.map(text => `<th scope="col">${text}</th>`).join('')}</tr>`;
  const body = rows.map(cells => `<tr>${cells.map(cell => `<td>${cell}</td>`).join('')}</tr>`).join('\n');
  return `<table>\n<caption>${caption}</caption>\n<thead>${head}</thead>\n<tbody>\n${body}\n</tbody>\n</table>`;
}

const ageUnits = [
  { seconds: 86_400, name: 'd' },
  { seconds: 3_600, name: 'h' },
  { seconds: 60, name: 'min' },
  { seconds: 1, name: 's' },
] as const;

/** An age in its two largest units: `3 h 12 min`. */
function ageText(ageS: number): string {
  const first = Math.max(
    0,
    ageUnits.findIndex(({ seconds }) => ageS >= seconds),
  );
  let rest = Math.max(0, ageS);
  const parts = (ageS < 1 ? ageUnits.slice(-1) : ageUnits.slice(first, first + 2)).map(({ seconds, name }) => {
    const count = Math.floor(rest / seconds);
    rest -= count * seconds;
    return `${count} ${name}`;
  });
  return parts.join(' ');
}
