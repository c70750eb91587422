import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { endNodes, type ServeNode, serviceFolder, startProgram } from '../store/serve-nodes.ts';
import { removeFolders } from '../support/data-folder.ts';
import { type Conversation, converse, renew, renewRequest, validateRequest } from '../support/initiator.ts';

/* What the command line says of lives and clocks, at programs whose configuration says something else. */

afterEach(endNodes);
afterAll(removeFolders);

const configured = { lifetimeS: 600, absoluteLifetimeS: 3_600, maxRenewals: 3, rolloverS: 300, clockSkewS: 60 };
const told = ['--lifetime', '90s', '--absolute-lifetime', '90s', '--max-renewals', '1'];
const toldOfClocks = ['--rollover', '0s', '--clock-skew', '5s'];

/** Further ahead than is told, and less than is configured. */
const aheadMs = 30_000;

/** Starts `wssc serve` or `wssc sts`. */
async function start(program: string, words: readonly string[]): Promise<ServeNode> {
  const folder = await serviceFolder(configured);
  const wsdl = new URL('../../wsdl/echo.wsdl', import.meta.url).pathname;
  const sts = {
    ...{ wsdl, users: 'users.json', ring: 'ring.json', certificate: 'service.pem', key: 'service-key.pem' },
    ...{ ownAddresses: ['http://localhost:8080'], ports: { EchoSymmetric: {} }, ...configured },
  };
  writeFileSync(join(folder, 'sts.json'), JSON.stringify(sts), { mode: 0o600 });
  const config = join(folder, program === 'sts' ? 'sts.json' : 'node.json');
  return startProgram([program, '--config', config, '--store', 'none', ...words]);
}

const begin = (node: ServeNode) => converse('EchoSymmetric', message => node.post(message));
const renewed = (node: ServeNode, conversation: Conversation) =>
  renew({ post: (_, message) => node.post(message) }, conversation, 'user');
const secondsOf = ({ token: { createdMs = 0, expiresMs = 0 } }: Conversation) => (expiresMs - createdMs) / 1_000;
/** Whether a message is taken that the conversation's key signs, by a clock that is so much ahead. */
const isTaken = async (node: ServeNode, conversation: Conversation, aheadMs = 0) =>
  (await node.post(validateRequest(conversation, 'key', { nowMs: Date.now() + aheadMs }).text)).status === 200;

describe.each(['serve', 'sts'])('wssc %s', program => {
  test('takes lives and the difference of clocks from its configuration where it is told of none', async () => {
    const node = await start(program, []);
    const first = await begin(node);
    expect(secondsOf(first)).toBe(configured.lifetimeS);
    const second = await renewed(node, first);
    expect(second.token.expiresMs).toBeGreaterThan(first.token.expiresMs ?? Infinity);
    expect(await isTaken(node, second)).toBe(true);
    expect(await isTaken(node, first)).toBe(true);
    await renewed(node, second);
    expect(await isTaken(node, await begin(node), aheadMs)).toBe(true);
  });

  test('lets its command line decide what its configuration says otherwise', async () => {
    const node = await start(program, [...told, ...toldOfClocks]);
    const first = await begin(node);
    expect(secondsOf(first)).toBe(90);
    const second = await renewed(node, first);
    expect(second.token.expiresMs).toBe(first.token.expiresMs);
    expect(await isTaken(node, second)).toBe(true);
    expect(await isTaken(node, first)).toBe(false);
    expect((await node.post(renewRequest(second, 'user').sent.text)).body).toContain('UnableToRenew');
    await expect.poll(node.log).toContain('"reason":"renew-count"');
    expect(await isTaken(node, await begin(node), aheadMs)).toBe(false);
  });
});
