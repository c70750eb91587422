import { type Awaitable, after } from '../awaitable.ts';
import { Overload, refuse } from '../errors.ts';
import type { Context } from './context.ts';
import { knownBefore, type RevokedBefore } from './revoked.ts';
import type { StateMode } from './state-mode.ts';

/** No user has this name: of an anonymous conversation only what was revoked of everybody counts. */
const nobody = '';

/**
 * A state mode without the conversations that were revoked by their user, or by the time when they began: that of the
 * first Instance, which all renewals keep. It is compared on each find, whether the mode has them in a cache or not.
 */
export function revocable(mode: StateMode, revoked: RevokedBefore): StateMode {
  const isRevoked = ({ user, createdMs }: Context): Awaitable<boolean> =>
    after(revoked.beforeMs(user ?? nobody), beforeMs => createdMs < beforeMs);
  return {
    issue(context, binding, nowMs) {
      // The time of a revocation lies ahead by the difference of clocks: what would be issued now would not be found.
      return after(knownBefore(revoked, context.user ?? nobody), beforeMs => {
        if (context.createdMs < beforeMs) throw new Overload('user-revoked', beforeMs - nowMs);
        return mode.issue(context, binding, nowMs);
      });
    },
    replace(previous, context, binding, nowMs) {
      // The user was asked for a password since the context was found.
      return after(isRevoked(context), is =>
        is ? refuse('unableToRenew', 'renew-revoked') : mode.replace(previous, context, binding, nowMs),
      );
    },
    find(token, audience, nowMs) {
      return after(mode.find(token, audience, nowMs), found =>
        found === undefined ? undefined : after(isRevoked(found.context), is => (is ? undefined : found)),
      );
    },
    cancel: (context, nowMs) => mode.cancel(context, nowMs),
    cancelled: (cancellation, nowMs) => mode.cancelled(cancellation, nowMs),
  };
}
