import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findJsonHazard } from '../../../src/domain/json-hazards.ts';

describe('findJsonHazard', () => {
  it('points at what Postgres cannot store', () => {
    expect(findJsonHazard({ list: [{ 'a/b~c': 'x\0y' }] })?.pointer).toBe('/list/0/a~1b~0c');
    expect(findJsonHazard('\ud800')?.pointer).toBe('');
    expect(findJsonHazard({ outer: { 'x\0': 1 } })?.pointer).toBe('/outer');
  });

  it('points at numbers that are not kept as they were written, where that matters', () => {
    const read = (text: string) => findJsonHazard(JSON.parse(text), { hasExactNumbers: true });
    expect(read('{"metadata":{"orders":[1,9007199254740993]}}')?.pointer).toBe('/metadata/orders/1');
    expect(read('{"a":1e400}')?.pointer).toBe('/a');
    expect(read('-9007199254740993')?.pointer).toBe('');
    expect(read('[9007199254740991, -9007199254740991, 0.1, 1.5e-300, -0]')).toBe(null);
    expect(findJsonHazard({ a: 2 ** 53 })).toBe(null);
  });

  it('admits whole surrogate pairs', () => {
    expect(findJsonHazard({ text: '👩‍👩‍👧 \u{10ffff}' })).toBe(null);
  });

  it('stops at 64 levels without walking a stack of its own', () => {
    const nest = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));
    expect(findJsonHazard(nest(64))).toBe(null);
    expect(findJsonHazard(nest(65))?.detail).toContain('64 levels');
    expect(findJsonHazard(nest(100_000))?.detail).toContain('64 levels');
  });

  it('refuses names that reach prototypes, and no others', () => {
    expect(findJsonHazard(JSON.parse('{"a":{"__proto__":null}}'))?.pointer).toBe('/a');
    expect(findJsonHazard(JSON.parse('{"constructor":{"prototype":1}}'))?.pointer).toBe('');
    expect(findJsonHazard({ constructor: 'ACME', prototype: 'x' })).toBe(null);
  });

  it('finds nothing in ordinary JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5, stringUnit: 'grapheme-ascii' }), (value) => {
        fc.pre(!JSON.stringify(value).includes('__proto__'));
        expect(findJsonHazard(value)).toBe(null);
      }),
    );
  });
});
