import type { RedisClient } from './redis-client.ts';

/** Settings without which Redis loses what it has acknowledged, or gives it up for other things. */
const wanted: Readonly<Record<string, string>> = {
  appendonly: 'yes',
  appendfsync: 'always',
  'maxmemory-policy': 'noeviction',
};

/** Reads whether the server keeps what it acknowledges, and says so where it does not. */
export async function checkDurable(client: RedisClient, say: (sentence: string) => void): Promise<void> {
  const found = await settingsOf(client);
  if (found === undefined) {
    say('does not say whether it loses what it acknowledged: its settings may not be read');
    return;
  }
  const wrong = Object.entries(wanted).filter(([name, value]) => found.get(name) !== value);
  if (wrong.length === 0) return;
  const needed = wrong.map(([name, value]) => `${name} ${value}`).join(', ');
  say(`may lose what it acknowledged: it needs ${needed}`);
}

/** Undefined where they may not be read, as with many who rent servers out. */
async function settingsOf(client: RedisClient): Promise<ReadonlyMap<string, string> | undefined> {
  try {
    const settings = new Map<string, string>();
    for (const name of Object.keys(wanted)) {
      const answer = await client.sendCommand(['CONFIG', 'GET', name]);
      const [, value] = Array.isArray(answer) ? answer : [];
      settings.set(name, String(value));
    }
    return settings;
  } catch (error) {
    if (error instanceof Error && /^(?:NOPERM|ERR)\b/.test(error.message)) return undefined;
    throw error;
  }
}
