import type { EndpointReference } from '../../contracts/workflows.ts';
import type { DeliveryRules } from '../../domain/delivery/decide.ts';
import type { EndpointHealth, TryVerdict } from '../../domain/delivery/endpoint-health.ts';
import type { HttpOutcome } from '../../domain/failure.ts';
import type { Problem } from '../../domain/problems/problem.ts';
import type { EndpointDelivery, EndpointResult } from '../../store/endpoint-deliveries.ts';

/** What a batch came to. Verdicts stand in the order in which the attempts ended. */
export interface BatchOutcome {
  readonly results: readonly EndpointResult[];
  readonly verdicts: readonly TryVerdict[];
  readonly problems: readonly Problem[];
}

/** The next work of an endpoint, and how it is done. */
export interface TakenBatch {
  readonly tenantId: string;
  readonly endpointId: string;
  readonly rules: DeliveryRules;
  readonly scheduleSeconds: readonly number[];
  readonly health: EndpointHealth;
  /** Retries first, then what is new in its order. */
  readonly deliveries: readonly EndpointDelivery[];
  /** Not to be found in what is kept of an answer. */
  readonly secrets: readonly string[];
  /** Sends one, in the form of its kind. */
  readonly post: (delivery: EndpointDelivery) => Promise<HttpOutcome>;
  /** False = the endpoint was removed, disabled or changed since it was taken: what is not sent yet is not to be sent so. */
  readonly isCurrent: () => Promise<boolean>;
  /**
   * Writes what came of it in one transaction, with what an end means for the endpoint. Twice is once. `isHealed` = its breaker
   * was open, and it answers again.
   */
  readonly record: (outcome: BatchOutcome) => Promise<{ readonly isHealed: boolean }>;
}

/** A kind of destination: where its endpoints and their documents come from, and how they are sent. A folder each. */
export interface Destination {
  /** Null = the endpoint is to be left alone now, or is no more. */
  take(reference: EndpointReference): Promise<TakenBatch | null>;
}
