import { expect, test } from 'vitest';
import { portLines } from '../../src/cli/port-lines.ts';

const named = { service: { namespace: 'urn:x', local: 'S' }, audience: '{urn:x}S/P' };
const tls = { ...named, port: 'Tls', address: 'https://wsdl.example/a/Tls', transport: 'https' } as const;
const plain = { ...named, port: 'Symmetric', address: 'http://wsdl.example/Symmetric', transport: 'http' } as const;
const nothing = { tlsOffloadedFrom: [] };
const both = ['http://localhost:1', 'https://localhost:2'];

test.each([
  [
    'where it is reached, for the scheme that it wants',
    both,
    nothing,
    ['Tls        https://localhost:2/a/Tls', 'Symmetric  http://localhost:1/Symmetric  https://localhost:2/Symmetric'],
  ],
  [
    'that nobody reaches it where it wants TLS and there is none',
    both.slice(0, 1),
    nothing,
    ['Tls        nowhere: its policy wants TLS, which --https PORT gives', 'Symmetric  http://localhost:1/Symmetric'],
  ],
  [
    'that proxies reach it where they end TLS',
    both.slice(0, 1),
    { tlsOffloadedFrom: ['10.0.0.0/8'] },
    ['Tls        http://localhost:1/a/Tls for the proxies that end TLS', 'Symmetric  http://localhost:1/Symmetric'],
  ],
  [
    'where clients are sent, for each port by itself',
    both.slice(1),
    {
      ...nothing,
      publicAddress: 'https://api.example/soap',
      ports: { Symmetric: { acceptMixedDialects: false, publicAddress: 'http://b.example' } },
    },
    [
      'Tls        https://localhost:2/a/Tls, clients are sent to https://api.example/soap/a/Tls',
      'Symmetric  https://localhost:2/Symmetric, clients are sent to http://b.example/Symmetric',
    ],
  ],
])('a port’s line says %s', (_, bases, sent, lines) => {
  expect(portLines([tls, plain], bases, sent)).toEqual(lines);
});

test('a port’s line says that nothing protects it', () => {
  expect(portLines([{ ...plain, isUnprotected: true }], both.slice(0, 1), nothing)).toEqual([
    'Symmetric  http://localhost:1/Symmetric, unprotected: for anybody who gets there',
  ]);
});
