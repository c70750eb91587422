import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { SecureConversationError } from '../../src/errors.ts';
import { decryptionNames, validationNames } from '../../src/machine-key/algorithms.ts';
import { machineKeyId } from '../../src/machine-key/config.ts';
import { machineKeyLikes, newMachineKeyElement } from '../../src/machine-key/element.ts';
import { machineKey } from '../../src/machine-key/machine-key.ts';
import { readWebConfig } from '../../src/machine-key/web-config.ts';
import { emptyFolder, seededRandom, write } from '../keyring/made.ts';
import { protectVector } from './vectors.ts';

const hex = (bytes: number, seed = 'web') => Buffer.from(seededRandom(seed)(bytes)).toString('hex').toUpperCase();
const keys = { validationKey: hex(64), decryptionKey: hex(32) };
const id = machineKey(keys).id;
const keyAttributes = `validationKey="${keys.validationKey}" decryptionKey="${keys.decryptionKey}"`;
const good = `<machineKey ${keyAttributes} />`;
let file = '';

beforeEach(() => {
  file = join(emptyFolder(), 'web.config');
});

const inSystemWeb = (element: string) =>
  `<configuration>\n  <system.web>\n    ${element}\n  </system.web>\n</configuration>\n`;

function idOf(text: string): string {
  return machineKeyId(readWebConfig(write(file, text), { publicKeys: 'refused' }));
}

function problem(text: string): string {
  try {
    readWebConfig(write(file, text), { publicKeys: 'refused' });
  } catch (error) {
    if (!(error instanceof SecureConversationError)) throw error;
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message.startsWith(file)).toBe(true);
    for (const key of Object.values(keys)) expect(error.message).not.toContain(key.slice(0, 8));
    return error.message.slice(file.length);
  }
  throw new Error('nothing was thrown');
}

const wholeFile = `\uFEFF<?xml version="1.0" encoding="utf-8"?>
<!-- <machineKey validationKey="AA" decryptionKey="BB" /> -->
<configuration>
  <appSettings>
    <add key="long" value="${'x'.repeat(20_000)}" />
    <add key="text" value="&lt;machineKey /&gt;" />
  </appSettings>
  <location path="admin"><system.web><machineKey validationKey="CC" decryptionKey="DD" /></system.web></location>
  <system.web>
    <!-- the farm's keys -->
    <httpRuntime targetFramework="4.7.2" />
    <machineKey
      ${keyAttributes}
      validation="HMACSHA256" decryption="AES" compatibilityMode="Framework20SP1" applicationName="/" lockItem="true"
      dataProtectorType=" " />
  </system.web>
  <runtime>
    <assemblyBinding xmlns="urn:schemas-microsoft-com:asm.v1"><dependentAssembly /></assemblyBinding>
  </runtime>
</configuration>
`;

test.each([
  ['alone', inSystemWeb(good)],
  ['among all that a web.config holds', wholeFile],
  [
    'in the namespace that Visual Studio 2005 wrote',
    inSystemWeb(good).replace(
      '<configuration>',
      '<configuration xmlns="http://schemas.microsoft.com/.NetConfiguration/v2.0">',
    ),
  ],
  [
    'in the location of the application itself',
    inSystemWeb(good)
      .replace('<system.web>', '<location path="." inheritInChildApplications="false"><system.web>')
      .replace('</system.web>', '</system.web></location>'),
  ],
  [
    'in a location without a path',
    inSystemWeb(good)
      .replace('<system.web>', '<location><system.web>')
      .replace('</system.web>', '</system.web></location>'),
  ],
  ['in a second system.web', inSystemWeb(good).replace('<system.web>', '<system.web></system.web><system.web>')],
  ['as the root of a file that configSource names', good],
  [
    'with white space around its values',
    inSystemWeb(good.replaceAll('="', '=" ').replace(' />', ' validation=" HMACSHA256 " />')),
  ],
  [
    'in lower case and with references',
    inSystemWeb(good.toLowerCase().replaceAll('key', 'Key').replace('="', '="&#x20;')),
  ],
  ['with an empty content', inSystemWeb(`<machineKey ${keyAttributes}><!-- nothing --></machineKey>`)],
])('a machineKey is read %s', (_where, text) => {
  expect(idOf(text)).toBe(id);
});

test('algorithms that are not named are HMACSHA256 and AES', () => {
  expect(readWebConfig(write(file, inSystemWeb(good)), { publicKeys: 'refused' })).toMatchObject({
    validation: 'HMACSHA256',
    decryption: 'AES',
  });
});

const attribute = (text: string) => inSystemWeb(`<machineKey ${keyAttributes} ${text} />`);

test.each<[string, string, string]>([
  [
    'no machineKey',
    inSystemWeb(''),
    ': has no machineKey in configuration/system.web: ASP.NET then makes keys that never leave its server',
  ],
  [
    'a machineKey in a comment only',
    inSystemWeb(`<!-- ${good} -->`),
    ': has no machineKey in configuration/system.web: ASP.NET then makes keys that never leave its server',
  ],
  [
    'a machineKey outside of system.web',
    `<configuration>${good}</configuration>`,
    ': has no machineKey in configuration/system.web: ASP.NET then makes keys that never leave its server',
  ],
  [
    'a machineKey for another path only',
    inSystemWeb(good)
      .replace('<system.web>', '<location path="admin"><system.web>')
      .replace('</system.web>', '</system.web></location>'),
    ':3: the only machineKey is in a location for another path',
  ],
  ['two machineKeys', inSystemWeb(`${good}\n${good}`), ':4: a second machineKey: which one counts can not be told'],
  [
    'no validationKey',
    inSystemWeb(`<machineKey decryptionKey="${keys.decryptionKey}" />`),
    ':3: machineKey has no validationKey: ASP.NET then makes a key that never leaves its server',
  ],
  [
    'no keys',
    inSystemWeb('<machineKey compatibilityMode="Framework45" />'),
    ':3: machineKey has no validationKey: ASP.NET then makes a key that never leaves its server',
  ],
  [
    'AutoGenerate',
    inSystemWeb(`<machineKey validationKey="${keys.validationKey}" decryptionKey="AutoGenerate,IsolateApps" />`),
    ':3: machineKey decryptionKey is AutoGenerate: ASP.NET then makes a key that never leaves its server',
  ],
  [
    'odd hex',
    inSystemWeb(good.replace(keys.validationKey, keys.validationKey.slice(1))),
    ':3: machineKey validationKey has an odd number of hex digits (127)',
  ],
  [
    'a wrong length for the cipher',
    attribute('decryption="3DES"'),
    ':3: machineKey decryptionKey has 32 bytes, but 3DES takes 16 or 24',
  ],
  [
    'MD5',
    attribute('validation="MD5"'),
    ':3: machineKey validation is MD5, which MachineKey.Protect refuses: ' +
      'it must be SHA1, HMACSHA256, HMACSHA384 or HMACSHA512',
  ],
  [
    'DES',
    attribute('decryption="DES"'),
    ':3: machineKey decryption is DES, which is broken: it must be Auto, AES or 3DES',
  ],
  [
    'aes',
    attribute('decryption="aes"'),
    ':3: machineKey decryption must be written AES: ASP.NET compares the case too',
  ],
  [
    'alg:',
    attribute('validation="alg:HMACSHA256"'),
    ':3: machineKey validation names a class of .NET by "alg:", which is not known here: ' +
      'it must be SHA1, HMACSHA256, HMACSHA384 or HMACSHA512',
  ],
  [
    'configSource',
    inSystemWeb('<machineKey configSource="keys.config" />'),
    ':3: machineKey stands in another file, by its configSource: read that one',
  ],
  [
    'EncryptedData',
    inSystemWeb(
      '<machineKey configProtectionProvider="RsaProtectedConfigurationProvider"><EncryptedData /></machineKey>',
    ),
    ':3: machineKey is encrypted (configProtectionProvider, EncryptedData): ' +
      'decrypt it on its server with aspnet_regiis -pd',
  ],
  [
    'a configProtectionProvider beside its keys',
    attribute('configProtectionProvider="RsaProtectedConfigurationProvider"'),
    ':3: machineKey is encrypted (configProtectionProvider, EncryptedData): ' +
      'decrypt it on its server with aspnet_regiis -pd',
  ],
  [
    'EncryptedData without a provider',
    inSystemWeb('<machineKey><EncryptedData /></machineKey>'),
    ':3: machineKey is encrypted (configProtectionProvider, EncryptedData): ' +
      'decrypt it on its server with aspnet_regiis -pd',
  ],
  [
    'a dataProtectorType',
    attribute('dataProtectorType="Farm.Protector, Farm"'),
    ':3: machineKey dataProtectorType puts a class of its own in the place of the machineKey, ' +
      'which can not be done here',
  ],
  [
    'an unknown compatibilityMode',
    attribute('compatibilityMode="framework45"'),
    ':3: machineKey compatibilityMode must be one of Framework20SP1, Framework20SP2, Framework45',
  ],
  [
    'an attribute in wrong case',
    attribute('Validation="SHA1"'),
    ':3: machineKey has an attribute "Validation", which must be written validation: ASP.NET compares the case too',
  ],
  ['an unknown attribute', attribute('mode="strict"'), ':3: machineKey has an unknown attribute "mode"'],
  [
    'an attribute of another namespace',
    attribute('xmlns:xdt="http://schemas.microsoft.com/XML-Document-Transform" xdt:Transform="Replace"'),
    ':3: machineKey has "xdt:Transform": it is a transformation, so read the web.config that comes of it',
  ],
  [
    'a child element',
    inSystemWeb(`<machineKey ${keyAttributes}><add /></machineKey>`),
    ':3: machineKey must not have child elements',
  ],
  [
    'a machineKey in wrong case',
    inSystemWeb(good.replace('machineKey', 'MachineKey')),
    ':3: <MachineKey> must be written <machineKey>: ASP.NET compares the case too',
  ],
  [
    'a system.web in wrong case',
    inSystemWeb(good).replaceAll('system.web', 'system.Web'),
    ':2: <system.Web> must be written <system.web>: ASP.NET compares the case too',
  ],
  ['another root', '<settings />', ':1: is no web.config: its root is not <configuration>'],
  ['no XML', 'validationKey=ABC', ': is not well-formed XML (xml-text-outside-root)'],
  ['a cut file', inSystemWeb(good).slice(0, 100), ':3: is not well-formed XML (xml-attribute)'],
  ['an end tag too few', inSystemWeb(good.replace('/>', '>')), ':3: is not well-formed XML (xml-end-tag)'],
  [
    'a document type declaration',
    `<!DOCTYPE configuration [<!ENTITY a "b">]>${inSystemWeb(good)}`,
    ': has a document type declaration, which is not read',
  ],
  [
    'another encoding',
    `<?xml version="1.0" encoding="windows-1252"?>${inSystemWeb(good)}`,
    ': declares another XML version than 1.0 or another encoding than UTF-8',
  ],
  ['more than 1 MiB', inSystemWeb(`<!-- ${'x'.repeat(1024 * 1024)} -->${good}`), ': is larger than 1048576 bytes'],
])('a web.config with %s is refused in one sentence that names file and line', (_what, text, sentence) => {
  expect(problem(text)).toBe(sentence);
});

test.each(['\uFEFF', ''])('a web.config in UTF-16 that begins with %j is refused with what to do', mark => {
  const bytes = Buffer.from(mark + inSystemWeb(good), 'utf16le');
  for (const text of [bytes, Buffer.from(bytes).swap16()]) {
    writeFileSync(file, text);
    expect(() => readWebConfig(file, { publicKeys: 'taken' })).toThrow(`${file}: is UTF-16: save it as UTF-8`);
  }
});

test('a web.config of another encoding than it says is refused', () => {
  writeFileSync(file, Buffer.from(inSystemWeb(`<!-- ü -->${good}`), 'latin1'));
  expect(() => readWebConfig(file, { publicKeys: 'taken' })).toThrow(`${file}: is not UTF-8`);
});

describe('a file', () => {
  test('that is missing is named', () => {
    expect(() => readWebConfig(file, { publicKeys: 'taken' })).toThrow(`${file}: does not exist`);
  });
  test('that is too large is not even read', () => {
    truncateSync(write(file, ''), 3 * 1024 ** 3);
    expect(() => readWebConfig(file, { publicKeys: 'taken' })).toThrow(`${file}: is larger than 1048576 bytes`);
  });
  test('that is none is named', () => {
    mkdirSync(file);
    expect(() => readWebConfig(file, { publicKeys: 'taken' })).toThrow(`${file}: is not a regular file`);
  });
});

describe('the example keys of the public article', () => {
  const { validationKey, decryptionKey } = protectVector('V1').config;
  test.each([
    ['validationKey', { ...keys, validationKey }],
    ['decryptionKey', { ...keys, decryptionKey }],
    ['validationKey', { validationKey: validationKey.toLowerCase(), decryptionKey }],
  ])('are refused where they would be trusted: the %s', (name, { validationKey: a, decryptionKey: b }) => {
    const text = inSystemWeb(`<machineKey validationKey="${a}" decryptionKey="${b}" />`);
    expect(problem(text)).toBe(
      `:3: machineKey ${name} is the example of a public article: its readers can make tokens for any user`,
    );
    expect(readWebConfig(file, { publicKeys: 'taken' }).validation).toBe('HMACSHA256');
  });
});

describe('a new element', () => {
  const combinations = machineKeyLikes.flatMap(like =>
    validationNames.flatMap(validation => decryptionNames.map(decryption => ({ like, validation, decryption }))),
  );
  test.each(combinations)(
    'like $like with $validation and $decryption can be read',
    ({ like, validation, decryption }) => {
      const element = newMachineKeyElement(like, validation, decryption, seededRandom('new'));
      write(file, inSystemWeb(element));
      expect(readWebConfig(file, { publicKeys: 'refused' })).toMatchObject({ validation, decryption });
    },
  );
  test.each([
    ['powershell', 'HMACSHA256', 'AES', 64, 32],
    ['powershell', 'SHA1', '3DES', 64, 24],
    ['powershell', 'HMACSHA384', 'AES', 128, 32],
    ['powershell', 'HMACSHA512', '3DES', 128, 24],
    ['iis', 'HMACSHA256', 'AES', 64, 24],
    ['iis', 'HMACSHA512', '3DES', 64, 24],
  ] as const)(
    'like %s with %s and %s has a validationKey of %d and a decryptionKey of %d bytes',
    (like, validation, decryption, a, b) => {
      write(file, newMachineKeyElement(like, validation, decryption, seededRandom('new')));
      const read = readWebConfig(file, { publicKeys: 'refused' });
      expect([read.validationKey.length, read.decryptionKey.length]).toEqual([a, b]);
    },
  );
});
