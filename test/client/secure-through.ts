import type { Client } from 'soap';
import { type SecureConversation, secureConversation } from '../../src/client/secure-conversation.ts';
import { user } from '../support/node.ts';
import { pem } from '../support/pem.ts';
import type { Man } from './man.ts';

/** Secures a client's calls of a port as the user of all tests, who sends them through a man between. */
export function secureThrough({ base }: Man, client: Client, port: string): SecureConversation {
  const security = secureConversation(client, {
    port,
    ...user,
    ca: pem.ca.certificate,
    serviceCertificate: pem.service.certificate,
    addresses: [`${base}/${port}`],
  });
  client.setSecurity(security);
  return security;
}
