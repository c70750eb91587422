import type { Binding } from './binding.ts';

/**
 * No security binding: a message is what it says. Its Security header, if it has one, is a header block like any other
 * that is not understood.
 */
export const noBinding: Binding = {
  signers: [],
  endorsed: 'timestamp',
  derives: [],
  signsCiphertext: false,
  encryptsSignatures: false,
  encryptsTokens: false,
  isWithoutSecurity: true,
  mandatoryHeaders: new Set(),
  checkStructure() {},
  replayId() {
    throw new TypeError('nothing is signed');
  },
  scopeOf: () => undefined,
};
