import { describe, expect, it } from 'vitest';
import { fillMediaId, pendingMediaId } from '../../../../src/domain/rendering/rendered.ts';

describe('fillMediaId', () => {
  it('puts the id where the file stands, and keeps the rest', () => {
    const payload = { to: '+34600111222', type: 'document', document: { id: pendingMediaId, filename: 'a.pdf' } };
    expect(fillMediaId(payload, 'media-1')).toEqual({ ...payload, document: { id: 'media-1', filename: 'a.pdf' } });
  });

  it('puts it into the header of what has buttons', () => {
    const interactive = {
      type: 'button',
      header: { type: 'image', image: { id: pendingMediaId } },
      body: { text: 'W' },
    };
    expect(fillMediaId({ type: 'interactive', interactive }, 'media-1')).toEqual({
      type: 'interactive',
      interactive: { ...interactive, header: { type: 'image', image: { id: 'media-1' } } },
    });
  });

  it('refuses a payload that has no place for a file', () => {
    expect(() => fillMediaId({ type: 'interactive', interactive: {} }, 'media-1')).toThrow('no place');
  });
});
