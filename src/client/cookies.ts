/** Cookies, each given back to the origin that set it and to no other: balancers pin by them (RFC 6265). */
export interface CookieJar {
  /** The value of a Cookie header; undefined where there is none to give. */
  cookiesFor(url: URL, nowMs: number): string | undefined;
  /** @param lines values of the Set-Cookie headers of an answer; those that can't be read are left out */
  take(url: URL, lines: readonly string[], nowMs: number): void;
}

interface Cookie {
  readonly value: string;
  readonly path: string;
  readonly untilMs: number;
}

/** Bounds what a peer can make a client keep and send. */
const maxCookiesPerOrigin = 20;
const maxChars = 4_096;
const cookieName = /^[!#$%&'*+.^_`|~\w-]+$/;
const cookieValue = /^[!#-+\--:<-[\]-~]*$/;

/** A jar with nothing in it. */
export function cookieJar(): CookieJar {
  const origins = new Map<string, Map<string, Cookie>>();
  return {
    cookiesFor({ origin, pathname }, nowMs) {
      const kept = [...(origins.get(origin) ?? [])];
      const sent = kept.filter(([, { path, untilMs }]) => nowMs < untilMs && isBelow(pathname, path));
      return sent.length === 0 ? undefined : sent.map(([name, { value }]) => `${name}=${value}`).join('; ');
    },
    take({ origin, pathname }, lines, nowMs) {
      const cookies = origins.get(origin) ?? new Map<string, Cookie>();
      origins.set(origin, cookies);
      for (const line of lines) {
        const [name, cookie] = parseCookie(line, pathname, nowMs) ?? [];
        if (name === undefined || cookie === undefined) continue;
        cookies.delete(name);
        if (nowMs < cookie.untilMs && cookies.size < maxCookiesPerOrigin) cookies.set(name, cookie);
      }
    },
  };
}

/** RFC 6265 §5.2; a Domain makes no cookie of another host's. */
function parseCookie(line: string, pathname: string, nowMs: number): readonly [string, Cookie] | undefined {
  if (line.length > maxChars) return undefined;
  const [pair = '', ...parts] = line.split(';');
  const equals = pair.indexOf('=');
  const [name, value] = [pair.slice(0, equals).trim(), pair.slice(equals + 1).trim()];
  const bare = value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
  if (equals === -1 || !cookieName.test(name) || !cookieValue.test(bare)) return undefined;
  const attributes = new Map(parts.map(attributeOf));
  const path = attributes.get('path') ?? '';
  return [
    name,
    { value, path: path.startsWith('/') ? path : defaultPath(pathname), untilMs: untilMs(attributes, nowMs) },
  ];
}

function attributeOf(part: string): readonly [name: string, value: string] {
  const [name = '', ...value] = part.split('=');
  return [name.trim().toLowerCase(), value.join('=').trim()];
}

/** Max-Age comes before Expires; without either it lasts as long as the jar. */
function untilMs(attributes: ReadonlyMap<string, string>, nowMs: number): number {
  const maxAge = attributes.get('max-age') ?? '';
  if (/^-?\d{1,12}$/.test(maxAge)) return nowMs + Number(maxAge) * 1_000;
  const expiresMs = Date.parse(attributes.get('expires') ?? '');
  return Number.isNaN(expiresMs) ? Number.POSITIVE_INFINITY : expiresMs;
}

/** RFC 6265 §5.1.4. */
function defaultPath(pathname: string): string {
  return pathname.slice(0, Math.max(1, pathname.lastIndexOf('/')));
}

function isBelow(pathname: string, path: string): boolean {
  return pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`);
}
