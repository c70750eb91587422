import { addressing } from './addressing.ts';
import { canonicalForm } from './canonical-form.ts';
import { derivedKeys } from './derived-keys.ts';
import { encryption } from './encryption.ts';
import { endorsements } from './endorsements.ts';
import { headerGrammar } from './header-grammar.ts';
import { meaning } from './meaning.ts';
import { moreThanAllowed } from './more-than-allowed.ts';
import { references } from './references.ts';
import { signatureKeys } from './signature-keys.ts';
import type { Scenario } from './steps.ts';
import { timestamps } from './timestamps.ts';
import { useAndOrder } from './use-and-order.ts';
import { values } from './values.ts';
import { wrapping } from './wrapping.ts';

/** Recipes of the vectors in test/vectors/hostile, by name: one spoilt message each. */
export const hostile: readonly Scenario[] = [
  ...addressing,
  ...canonicalForm,
  ...derivedKeys,
  ...encryption,
  ...endorsements,
  ...headerGrammar,
  ...meaning,
  ...moreThanAllowed,
  ...references,
  ...signatureKeys,
  ...timestamps,
  ...useAndOrder,
  ...values,
  ...wrapping,
];
