import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isJsonObject, type JsonObject } from '../../../../src/domain/rendering/payload.ts';
import { pendingMediaId, type Rendered } from '../../../../src/domain/rendering/rendered.ts';
import { renderActivity } from '../../../../src/domain/rendering/render-activity.ts';
import { cloudApiPayload } from '../../../support/cloud-api-payload.ts';
import { arbitraryActivity, arbitraryQuote } from './arbitrary-activity.ts';

const to = '+34600111222';

/** RFC 6901. The last token may name what is missing, where there is an object that it is missing from. */
function isThere(pointer: string, activity: JsonObject): boolean {
  const tokens = pointer.split('/').slice(1);
  let value: unknown = activity;
  for (const [index, token] of tokens.entries()) {
    if (Array.isArray(value)) value = value[Number(token)];
    else if (isJsonObject(value)) value = value[token];
    else return false;
    if (value === undefined) return index === tokens.length - 1;
  }
  return true;
}

/** What is wrong with the answer itself: payloads that would be refused, pointers to nothing, or no answer at all. */
function listFaults(rendered: Rendered, activity: JsonObject): string[] {
  if (rendered.kind === 'skipped') return ['a message was skipped'];
  if (rendered.kind === 'failed') {
    const { errors } = rendered.failure;
    if (errors.length === 0) return ['no culprit is named'];
    return errors.map(({ pointer }) => pointer).filter((pointer) => !isThere(pointer, activity));
  }
  if (rendered.parts.length === 0) return ['there is nothing to send'];
  const pending = rendered.parts.flatMap((part, index) =>
    JSON.stringify(part).includes(pendingMediaId) ? [index] : [],
  );
  if (pending.join() !== rendered.files.map(({ part }) => part).join()) return ['a part lacks its file'];
  return rendered.parts.flatMap((part) => cloudApiPayload.safeParse(part).error?.message ?? []);
}

describe('renderActivity, whatever the activity', () => {
  it('makes payloads that the provider takes, or points at what is wrong with the activity', () => {
    const counts = { parts: 0, failed: 0, skipped: 0 };
    fc.assert(
      fc.property(arbitraryActivity, arbitraryQuote, (activity, quotedMessageId) => {
        const rendered = renderActivity({ activity, to, quotedMessageId });
        counts[rendered.kind] += 1;
        expect(listFaults(rendered, activity)).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
    // Else the property would say little.
    expect(Math.min(counts.parts, counts.failed)).toBeGreaterThan(100);
  });

  it('renders an activity the same way each time, for a part is sent again by its number', () => {
    fc.assert(
      fc.property(arbitraryActivity, (activity) => {
        expect(renderActivity({ activity: structuredClone(activity), to, quotedMessageId: null })).toEqual(
          renderActivity({ activity, to, quotedMessageId: null }),
        );
      }),
    );
  });
});
