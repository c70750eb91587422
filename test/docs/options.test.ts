import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { boundsSentence, type MemberTexts, textsOf } from '../../src/cli/member-texts.ts';
import { serveConfig } from '../../src/cli/serve-config.ts';
import { stsConfig } from '../../src/cli/sts-config.ts';
import { tokensConfig } from '../../src/cli/tokens-config.ts';
import { secureClientOptions } from '../../src/client/secure-client.ts';
import { serviceIdentityMembers } from '../../src/client/service-certificate.ts';
import { conversationOptions } from '../../src/client/session-options.ts';
import { issueRateField } from '../../src/conversation/issue-rate.ts';
import type { Members } from '../../src/fields.ts';
import { keeperOptions } from '../../src/keyring/keeper.ts';
import { openRingOptions } from '../../src/keyring/ring-source.ts';
import { machineKeyOptions } from '../../src/machine-key/config.ts';
import { requireBearerOptions } from '../../src/oauth/require-bearer.ts';
import { bearerTokensOptions } from '../../src/oauth/service-options.ts';
import { explainPolicyOptions } from '../../src/policy/explain-policy.ts';
import { loadWsdlOptions } from '../../src/policy/load-wsdl.ts';
import { contextBearerOptions } from '../../src/server/context-bearer.ts';
import { endpointOptions } from '../../src/server/endpoint-options.ts';
import { issuerField } from '../../src/server/issuer-options.ts';
import { listenOptions } from '../../src/server/listen-options.ts';
import { portOverrides } from '../../src/server/port-overrides.ts';
import { revokeOptions } from '../../src/state/revoke.ts';
import { loginLimitsField } from '../../src/users/login-limits.ts';
import { loginOptions } from '../../src/users/logins.ts';
import { limitsField } from '../../src/xml/limits.ts';
import { repository } from './blocks.ts';

/*
 * What the documentation and the types say of options is what they are read by. The table under a heading, in whatever
 * page it stands, is written from the description: `UPDATE_TABLES=1 npx vitest run --project unit test/docs/options`.
 */

/** Tables by their headings. */
const tables: Readonly<Record<string, { readonly members: Members }>> = {
  'Options of createEndpoint': endpointOptions,
  'Options of listen': listenOptions,
  'Options of secureConversation': conversationOptions,
  'Options of secureClient': secureClientOptions,
  'Options of bearerTokens': bearerTokensOptions,
  'Options of requireBearer': requireBearerOptions,
  'Options of bearerToken': contextBearerOptions,
  'Options of openLogins': loginOptions,
  'Options of revoke': revokeOptions,
  'Options of explainPolicy': explainPolicyOptions,
  'Options of loadWsdl': loadWsdlOptions,
  'Options of openRing': openRingOptions,
  'Options of machineKey': machineKeyOptions,
  'Members of loginLimits': loginLimitsField,
  'Members of limits': limitsField,
  'Configuration of wssc serve': serveConfig,
  'Configuration of wssc sts': stsConfig,
  'Configuration of wssc tokens': tokensConfig,
};

/** Objects with a table of their own, which stands once. */
const apart = [limitsField, loginLimitsField];

const pages = ['README.md', ...readdirSync(join(repository, 'docs'), { recursive: true }).map(name => `docs/${name}`)]
  .filter(name => name.endsWith('.md'))
  .map(name => ({ name, lines: readFileSync(join(repository, name), 'utf8').split('\n') }));

function headingIn(line: string): string | undefined {
  return /^#+ (.*)$/.exec(line)?.[1]?.replaceAll('`', '');
}

/** Where a table stands: all lines of the first one below the heading. */
function placeOf(heading: string) {
  const [found, ...more] = pages.flatMap(page =>
    page.lines.flatMap((line, at) => (headingIn(line) === heading ? [{ page, at }] : [])),
  );
  if (found === undefined || more.length > 0) throw new Error(`${heading}: ${more.length + (found ? 1 : 0)} headings`);
  const { page, at } = found;
  const isTable = (line: string | undefined) => line?.startsWith('|') ?? false;
  const next = page.lines.findIndex((line, i) => i > at && (isTable(line) || headingIn(line) !== undefined));
  if (!isTable(page.lines[next])) throw new Error(`${page.name}: no table below ${heading}`);
  const length = page.lines.slice(next).findIndex(line => !isTable(line));
  return { page, from: next, to: next + length };
}

function tableOf(members: Members): string[] {
  const rows = textsOf(members, apart).map(({ name, type, range, absent, means }) =>
    ['', `\`${name}\``, type, range, absent, means, ''].join(' | ').replaceAll('|  |', '| |').trim(),
  );
  return ['| name | type | range | default | meaning |', '|---|---|---|---|---|', ...rows];
}

describe.each(Object.entries(tables))('the table "%s"', (heading, { members }) => {
  test('says of each option what it is read by', () => {
    const { page, from, to } = placeOf(heading);
    if (process.env.UPDATE_TABLES) {
      page.lines.splice(from, to - from, ...tableOf(members));
      writeFileSync(join(repository, page.name), page.lines.join('\n'));
    }
    const { from: first, to: end } = placeOf(heading);
    expect(page.lines.slice(first, end)).toEqual(tableOf(members));
  });
});

test('there is no other table of options', () => {
  const headings = pages.flatMap(({ lines }) => lines.flatMap(line => headingIn(line) ?? []));
  const named = headings.filter(heading => /^(?:Options|Members|Configuration) of /.test(heading));
  expect(named.sort()).toEqual(Object.keys(tables).sort());
});

const { clients, publicClients, ...tokenService } = bearerTokensOptions.members;

const { clock: _, random: __, onChange: ___, onError: ____, ...ofOpening } = openRingOptions.members;

/** The types of options, by the file that has them. */
const types: readonly (readonly [file: string, type: string, described: { readonly members: Members }])[] = [
  ['server/endpoint-options.ts', 'EndpointOptions', endpointOptions],
  ['server/port-overrides.ts', 'PortOverrides', portOverrides],
  ['server/issuer-options.ts', 'IssuerOptions', issuerField],
  ['server/listen-options.ts', 'ListenOptions', listenOptions],
  ['server/context-bearer.ts', 'ContextBearerOptions', contextBearerOptions],
  ['conversation/issue-rate.ts', 'IssueRate', issueRateField],
  ['xml/limits.ts', 'Limits', limitsField],
  ['client/session-options.ts', 'SecureConversationOptions', conversationOptions],
  ['client/service-certificate.ts', 'ServiceIdentityOptions', { members: serviceIdentityMembers }],
  ['users/login-limits.ts', 'LoginLimits', loginLimitsField],
  ['users/logins.ts', 'LoginOptions', loginOptions],
  ['state/revoke.ts', 'RevokeOptions', revokeOptions],
  ['oauth/service-options.ts', 'BearerTokensOptions', { members: tokenService }],
  ['oauth/clients.ts', 'ClientOptions', { members: { clients, publicClients } }],
  ['oauth/request-rate.ts', 'AttemptLimits', bearerTokensOptions.members.attempts.is],
  ['oauth/require-bearer.ts', 'RequireBearerOptions', requireBearerOptions],
  ['policy/explain-policy.ts', 'ExplainPolicyOptions', explainPolicyOptions],
  ['policy/load-wsdl.ts', 'LoadWsdlOptions', loadWsdlOptions],
  ['keyring/keeper.ts', 'KeeperOptions', keeperOptions],
  ['keyring/ring-source.ts', 'OpenRingOptions', { members: ofOpening }],
  ['machine-key/config.ts', 'MachineKeyConfig', machineKeyOptions],
];

describe.each(types)('in %s the type %s', (file, type, { members }) => {
  const said = docCommentsOf(readFileSync(join(repository, 'src', file), 'utf8'), type);
  const own = textsOf(members).filter(({ name }) => Object.hasOwn(members, name));

  test.each(own.map(texts => [texts.name, texts] as const))('says of %s first what it is read by', (name, texts) => {
    const comment = said.get(name) ?? '';
    expect(comment.slice(0, commentOf(texts).length)).toBe(commentOf(texts));
  });
});

function commentOf(texts: MemberTexts): string {
  return `${texts.means} ${boundsSentence(texts)}`.trim();
}

/** Doc comments of an interface's members, by name. */
function docCommentsOf(source: string, type: string): ReadonlyMap<string, string> {
  const [, body = ''] = source.split(new RegExp(`^export interface ${type}\\b.*\\{$`, 'm'));
  const [members = ''] = body.split('\n}');
  const comments = members.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*readonly (\w+)\??:/g);
  return new Map([...comments].map(([, comment = '', name = '']) => [name, proseOf(comment)]));
}

function proseOf(comment: string): string {
  return comment
    .split('\n')
    .map(line => line.replace(/^\s*\* ?/, '').trim())
    .join(' ')
    .trim();
}

test('the README says in words how long a conversation lives', () => {
  const { default: usualMs, is } = endpointOptions.members.absoluteLifetimeMs;
  const days = Number(is.range?.[1]) / 86_400_000;
  const readme = pages[0]?.lines.join(' ').replace(/ +/g, ' ');
  expect(readme).toContain(
    `A conversation lives half an hour, and with renewals ${usualMs / 3_600_000} hours; 10 hours where the policy ` +
      `forbids to renew it. It may be told otherwise: at most ${days} days`,
  );
});
