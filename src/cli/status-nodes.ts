import { ConfigurationError } from '../errors.ts';
import { list } from '../fields.ts';
import { baseAddress } from '../server/address-fields.ts';
import type { AdminOptionValues } from './admin-option.ts';

/** What a configuration says of the status page. */
export const statusMembers = {
  statusNodes: {
    is: list(baseAddress, 1),
    without: 'no status page',
    means: "Admin addresses of the farm's nodes, which the status page at this one's admin address shows.",
  },
} as const;

/** The status page's nodes of the command line in place of a configuration's. */
export function statusInstead({ statusNodes }: AdminOptionValues): { readonly statusNodes?: readonly string[] } {
  return statusNodes === undefined ? {} : { statusNodes };
}

/**
 * Makes sure that what is to be shown has a place.
 * @throws {SecureConversationError} `CONFIG_INVALID`
 */
export function checkStatusNodes(
  { admin }: AdminOptionValues,
  { statusNodes }: { readonly statusNodes?: readonly string[] },
): void {
  if (statusNodes === undefined || admin !== undefined) return;
  throw new ConfigurationError('CONFIG_INVALID', 'statusNodes are shown at an admin address, and there is none', {
    hint: 'give --admin PORT, or take statusNodes away',
  });
}
