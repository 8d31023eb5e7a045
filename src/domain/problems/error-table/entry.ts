import type { NetworkFault } from '../../failure.ts';
import type { ErrorClass } from '../problem.ts';

/**
 * One provider code and what it asks of us. `http` is what the provider has been seen to answer with it, most usual
 * first, empty when unpublished. `scope` is what the decision applies to. `userCanBeTold` false = a notice to the same
 * person would not arrive or would make things worse. `note` is one sentence for the operator. `maxRetries` lowers the
 * channel's own limit.
 */
export interface ErrorTableEntry {
  readonly code: string | { readonly from: number; readonly to: number };
  readonly http: readonly number[];
  readonly title: string;
  readonly class: ErrorClass;
  readonly scope: string;
  readonly userCanBeTold: boolean;
  readonly note: string;
  readonly maxRetries?: number;
}

/** `byHttpStatus` keys are a status (`503`) or a class (`5xx`); the status wins. */
export interface ErrorTable {
  readonly version: number;
  readonly provider: string;
  readonly byHttpStatus: Readonly<Record<string, ErrorClass>>;
  readonly byNetworkFault: Readonly<Record<NetworkFault, ErrorClass>>;
  readonly codes: readonly ErrorTableEntry[];
}
