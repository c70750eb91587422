import { isLoopback } from '../policy/fetch-document.ts';

/** Variables of an environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What to do where no connection comes about and the environment names a proxy, which calls do not go through;
 * undefined where it names none for the address. The value is not told: it may hold a password.
 */
export function unreadProxyHint(address: URL, env: Environment): string | undefined {
  const name = variablesFor(address).find(variable => (env[variable] ?? '') !== '');
  if (name === undefined || isLoopback(address) || isExempt(address, env.no_proxy ?? env.NO_PROXY ?? ''))
    return undefined;
  const agent = address.protocol === 'https:' ? 'httpsAgent' : 'httpAgent';
  return `${name} is set, and is not followed: where that proxy alone leads there, give an agent for it (${agent})`;
}

/** As curl and others know them, the more special one first. */
function variablesFor({ protocol }: URL): readonly string[] {
  const names = [`${protocol.replace(':', '')}_proxy`, 'all_proxy'];
  return names.flatMap(name => [name, name.toUpperCase()]);
}

/** Whether a list of hosts and domains, each with a port or without, holds the host. */
function isExempt({ hostname, host }: URL, list: string): boolean {
  const names = list.toLowerCase().split(/[\s,]/).filter(Boolean);
  return names.some(name => {
    const domain = name.replace(/^\*?\./, '');
    return name === '*' || [hostname, host].some(one => one === domain || one.endsWith(`.${domain}`));
  });
}
