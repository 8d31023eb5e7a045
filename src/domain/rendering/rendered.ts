import type { Failure } from '../failure.ts';
import type { JsonObject } from './payload.ts';

/**
 * What rendering comes to. `parts` are Cloud API payloads in the order of sending, complete but for
 * `biz_opaque_callback_data`; there is at least one. `skipped` is an activity that is no message, which is no error.
 */
export type Rendered =
  | { readonly kind: 'parts'; readonly parts: readonly JsonObject[] }
  | { readonly kind: 'skipped'; readonly activityType: string }
  | { readonly kind: 'failed'; readonly failure: Failure };
