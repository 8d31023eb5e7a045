import { describe, expect, it } from 'vitest';
import { isMediaId } from '../../../../src/domain/media.ts';
import { faultOfStatus, readMediaAnswer, readType } from '../../../../src/upstreams/kernel/media-answer.ts';

const answered = (body: string, status = 200) =>
  ({ answered: true, status, retryAfterMs: null, body, durationMs: 1 }) as const;

describe('readMediaAnswer', () => {
  it.each([303833, '303833'])('reads what Meta sends, with a size of %j', (file_size) => {
    const said = { url: 'https://lookaside.test/a', mime_type: 'image/jpeg', sha256: 'x', file_size, id: '1' };
    const read = { url: said.url, type: 'image/jpeg', size: 303833 };
    expect(readMediaAnswer(answered(JSON.stringify(said)))).toEqual(read);
  });

  it.each(['', 'null', '[]', '{}', '{"url":1}', '<html>'])('copes with %j', (body) => {
    expect(readMediaAnswer(answered(body))).toMatchObject({ kind: 'unavailable', retryAfterMs: null });
  });

  it.each([-1, 1.5, 'large', null, {}])('takes a size of %j for none', (file_size) => {
    expect(readMediaAnswer(answered(JSON.stringify({ url: 'x', file_size })))).toMatchObject({ size: null });
  });

  it('tells an address that must not be called from a network that is down', () => {
    const fault = { answered: false, detail: 'x', durationMs: 1 } as const;
    expect(readMediaAnswer({ ...fault, fault: 'url_not_allowed' })).toEqual({ kind: 'refused', detail: 'x' });
    expect(readMediaAnswer({ ...fault, fault: 'dns' })).toMatchObject({ kind: 'unavailable' });
  });
});

describe('faultOfStatus', () => {
  it.each([
    [400, 'missing'],
    [401, 'refused'],
    [403, 'refused'],
    [404, 'missing'],
    [408, 'unavailable'],
    [410, 'missing'],
    [429, 'unavailable'],
    [302, 'unavailable'],
    [500, 'unavailable'],
  ])('takes %i for %s', (status, kind) => {
    expect(faultOfStatus(status, null)).toMatchObject({ kind });
  });
});

describe('readType', () => {
  it.each(['image/jpeg', 'audio/ogg; codecs=opus', 'application/vnd.ms-excel', 'video/mp4; codecs="avc1.4, mp4a"'])(
    'lets %s stand in a header',
    (type) => {
      expect(readType(type)).toBe(type);
    },
  );

  it.each(['', 'image', 'image/png\r\nx: y', 'image/png; x', 'a/b; c="', 7, null])('refuses %j', (type) => {
    expect(readType(type)).toBeNull();
  });
});

describe('isMediaId', () => {
  it('takes what can be a segment of a path as it is', () => {
    const ids = ['1037543291543636', 'media-in-a_B', 'x'.repeat(128), '', '.', '..', 'a/b', 'a?b', 'x'.repeat(129)];
    expect(ids.map(isMediaId)).toEqual([true, true, true, false, false, false, false, false, false]);
  });
});
