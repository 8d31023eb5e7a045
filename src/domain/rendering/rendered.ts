import type { Failure } from '../failure.ts';
import type { InlineFile } from './inline-file.ts';
import { isJsonObject, type JsonObject, memberOf } from './payload.ts';

/**
 * What rendering comes to. `parts` are Cloud API payloads in the order of sending, complete but for
 * `biz_opaque_callback_data` and the ids of `files`; there is at least one. `skipped` is an activity that is no message,
 * which is no error.
 */
export type Rendered =
  | { readonly kind: 'parts'; readonly parts: readonly JsonObject[]; readonly files: readonly PartFile[] }
  | { readonly kind: 'skipped'; readonly activityType: string }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** What must be uploaded before a part is sent; no part has more than one. `part` = its index, from 0. */
export interface PartFile {
  readonly part: number;
  readonly file: InlineFile;
}

/** Stands in a payload for the id of a file that is not uploaded yet. */
export const pendingMediaId = '(to be uploaded)';

/** The payload of a part with a file, once that has its id. */
export function fillMediaId(payload: JsonObject, mediaId: string): JsonObject {
  const type = String(payload['type']);
  const content = memberOf(payload, type);
  if (!isJsonObject(content)) throw new Error('a part was to show a file, and has no place for it');
  if (type !== 'interactive') return { ...payload, [type]: { ...content, id: mediaId } };
  return { ...payload, interactive: { ...content, header: fillMediaId(asObject(content['header']), mediaId) } };
}

function asObject(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}
