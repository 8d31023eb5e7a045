import type { NetworkFault } from '../../failure.ts';
import type { ErrorClass } from '../problem.ts';

/**
 * One provider code and what it asks of us. `http` is what the provider has been seen to answer with it, most usual
 * first, empty when unpublished. `scope` is what the decision applies to. `userCanBeTold` false = a notice to the same
 * person would not arrive or would make things worse. `note` is one sentence for the operator. `maxRetries` lowers the
 * channel's own limit. `source`: who has published it; left out = Meta's page of error codes.
 */
export interface ErrorTableEntry {
  /** `100/33` and `131053/5xx`: the code with a subcode, or with an HTTP status that its details name. */
  readonly code: string | { readonly from: number; readonly to: number };
  readonly http: readonly number[];
  readonly title: string;
  readonly class: ErrorClass;
  readonly scope: string;
  readonly userCanBeTold: boolean;
  readonly note: string;
  readonly maxRetries?: number;
  readonly source?: string;
}

/** A client library that keeps a class for each code, also for those that Meta's page lacks. */
export const pywa = 'https://github.com/david-lev/pywa, pywa/errors.py';

/** `byHttpStatus` keys are a status (`503`) or a class (`5xx`); the status wins. */
export interface ErrorTable {
  readonly version: number;
  readonly provider: string;
  readonly byHttpStatus: Readonly<Record<string, ErrorClass>>;
  readonly byNetworkFault: Readonly<Record<NetworkFault, ErrorClass>>;
  readonly codes: readonly ErrorTableEntry[];
}
