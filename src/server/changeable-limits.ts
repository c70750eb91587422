import { type Limits, limitsField } from '../xml/limits.ts';

/** The limits of a message, which may be changed while a node runs. */
export interface ChangeableLimits {
  /** Those that hold now. */
  current(): Limits;
  /**
   * Holds messages to others from now on, those that are being read already to either.
   * @param given what is not named has its default, as at the start
   * @throws {SecureConversationError} `CONFIG_INVALID` for what can't be a limit; then all stay as they are
   */
  change(given: Partial<Limits>): void;
}

/** @param first the limits at the start */
export function changeableLimits(first: Limits): ChangeableLimits {
  let limits = first;
  return {
    current: () => limits,
    change(given) {
      limits = limitsField.read(given, { of: 'useLimits', path: '' });
    },
  };
}
