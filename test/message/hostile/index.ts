import { addressing } from './addressing.ts';
import { canonicalForm } from './canonical-form.ts';
import { certificates } from './certificates.ts';
import { confirmations } from './confirmations.ts';
import { derivedKeys } from './derived-keys.ts';
import { encryption } from './encryption.ts';
import { endorsements } from './endorsements.ts';
import { headerGrammar } from './header-grammar.ts';
import { meaning } from './meaning.ts';
import { moreThanAllowed } from './more-than-allowed.ts';
import { orders } from './orders.ts';
import { plainCalls } from './plain-calls.ts';
import { protectedTokens } from './protected-tokens.ts';
import { references } from './references.ts';
import { signatureKeys } from './signature-keys.ts';
import type { Scenario } from './steps.ts';
import { timestamps } from './timestamps.ts';
import { useAndOrder } from './use-and-order.ts';
import { values } from './values.ts';
import { versions } from './versions.ts';
import { wrapping } from './wrapping.ts';

/** Recipes of the vectors in test/vectors/hostile, by name: one spoilt message each. */
export const hostile: readonly Scenario[] = [
  ...addressing,
  ...canonicalForm,
  ...certificates,
  ...confirmations,
  ...derivedKeys,
  ...encryption,
  ...endorsements,
  ...headerGrammar,
  ...meaning,
  ...moreThanAllowed,
  ...orders,
  ...plainCalls,
  ...protectedTokens,
  ...references,
  ...signatureKeys,
  ...timestamps,
  ...useAndOrder,
  ...values,
  ...versions,
  ...wrapping,
];
