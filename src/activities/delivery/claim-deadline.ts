import { claimValidMs } from '../../domain/message/claim.ts';
import type { BeforeWrite } from '../../upstreams/guarded-http/exchange.ts';

/**
 * To be called before a claim is made; the check that it returns throws once the claim is older than `validMs`. A process
 * may be paused anywhere between its claim and the first byte (SIGSTOP, a suspended machine), and another may have taken the
 * job over meanwhile. So the age is checked at the moment of writing, without a timer, which may be late, and by both clocks
 * of the process: the monotonic one cannot be set back, and the wall clock also runs while the machine is suspended.
 */
export function startClaim(validMs = claimValidMs): BeforeWrite {
  const startedAt = { monotonicMs: performance.now(), wallMs: Date.now() };
  return () => {
    const ageMs = Math.max(performance.now() - startedAt.monotonicMs, Date.now() - startedAt.wallMs);
    if (ageMs > validMs) throw new Error(`The claim was ${Math.round(ageMs)} ms old, too old to send on it.`);
  };
}
