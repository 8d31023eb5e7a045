import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createIdSource, idPrefixes, type IdKind, isId } from '../../../src/domain/ids.ts';

const kinds = Object.keys(idPrefixes) as IdKind[]; // cast: Object.keys says string
const zeros = (count: number) => new Uint8Array(count);

function source(times: readonly number[], randomBytes: (count: number) => Uint8Array = zeros) {
  const rest = [...times];
  let last = 0;
  return createIdSource({ nowMs: () => (last = rest.shift() ?? last), randomBytes });
}

describe('createIdSource', () => {
  it('writes the prefix of the kind, the time and the random part', () => {
    const createId = source([Date.UTC(2026, 2, 1)]);
    for (const kind of kinds) {
      const id = createId(kind);
      expect(id).toMatch(/^[a-z]{3}_[0-9a-hjkmnp-tv-z]{26}$/);
      expect(id.startsWith(`${idPrefixes[kind]}_`)).toBe(true);
      expect(isId(kind, id)).toBe(true);
    }
  });

  it('makes ids that sort by their time, whatever is random in them', () => {
    const moment = fc.integer({ min: 0, max: 2 ** 48 - 1 });
    const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(moment, moment, bytes, bytes, (one, other, first, second) => {
        fc.pre(one < other);
        const earlier = source([one], () => first)('message');
        const later = source([other], () => second)('message');
        expect(earlier < later).toBe(true);
      }),
    );
  });

  it('rises within one millisecond, and when the clock is set back', () => {
    const times = fc.array(fc.integer({ min: 1_000, max: 1_010 }), { minLength: 2, maxLength: 50 });
    const bytes = fc.uint8Array({ minLength: 16, maxLength: 16, max: 200 });
    fc.assert(
      fc.property(times, bytes, (list, random) => {
        const createId = source(list, () => random.map((byte) => byte & 15));
        const ids = list.map(() => createId('message'));
        expect(ids).toEqual([...new Set(ids)].toSorted());
      }),
    );
  });

  it('carries into the next digit when one is full', () => {
    const createId = source([0, 0], () => Uint8Array.from({ length: 16 }, (_, index) => (index === 15 ? 31 : 0)));
    expect([createId('event'), createId('event')]).toEqual([
      'evt_0000000000000000000000000z',
      'evt_00000000000000000000000010',
    ]);
  });
});

describe('isId', () => {
  it.each([
    'msg_',
    'msg_0000000000000000000000000',
    'msg_000000000000000000000000000',
    'msg_0000000000000000000000000I',
    'msg_0000000000000000000000000u',
    'ntf_00000000000000000000000000',
    'xmsg_00000000000000000000000000',
    '',
  ])('refuses "%s" as the id of a message', (value) => {
    expect(isId('message', value)).toBe(false);
  });
});
