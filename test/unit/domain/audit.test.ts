import { describe, expect, it } from 'vitest';
import { changedMembers, targetTypeOf } from '../../../src/domain/audit.ts';

describe('changedMembers', () => {
  it('names what differs, in alphabetical order, whatever the order of members', () => {
    const before = { url: 'a', list: [1, 2], nested: { x: 1, y: 2 }, gone: 1 };
    const after = { nested: { y: 2, x: 1 }, list: [2, 1], url: 'b' };
    expect(changedMembers(before, after)).toEqual(['gone', 'list', 'url']);
  });

  it('takes an absent member for null', () => {
    expect(changedMembers({ apiKey: null }, {})).toEqual([]);
    expect(changedMembers({}, { apiKey: undefined, name: null, id: 'x' })).toEqual(['id']);
  });
});

describe('targetTypeOf', () => {
  it('is what stands before the dot', () => {
    expect(targetTypeOf('directory_source.updated')).toBe('directory_source');
  });
});
