import { describe, expect, it } from 'vitest';
import { findFirstTool, isVersionAtLeast, parseVersion } from '../../../dev/tool-search.ts';

const found = { path: '/bin/tool', version: '1.0.0', from: 'PATH' };

describe('parseVersion', () => {
  it('reads the first dotted number, not that of a component named later', () => {
    expect(parseVersion('temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)')).toBe('1.9.1');
  });

  it('says null when there is none', () => {
    expect(parseVersion('command not found')).toBeNull();
    expect(parseVersion('')).toBeNull();
  });
});

describe('isVersionAtLeast', () => {
  it.each([
    ['1.5.0', '1.5.0', true],
    ['1.10.0', '1.5.0', true],
    ['2.0', '1.5.0', true],
    ['1.4.9', '1.5.0', false],
    ['0.13.2', '1.5.0', false],
    ['1.5', '1.5.0', true],
  ])('compares %s with %s as numbers: %s', (version, oldest, expected) => {
    expect(isVersionAtLeast(version, oldest)).toBe(expected);
  });
});

describe('findFirstTool', () => {
  it('asks no source behind the one that has the tool', async () => {
    const neverAsked = () => Promise.reject(new Error('was asked'));
    const sources = [async () => null, async () => found, neverAsked];
    await expect(findFirstTool('tool', sources, 'install it')).resolves.toBe(found);
  });

  it('goes on after a source that cannot serve, and names every reason when none can', async () => {
    const fail = (reason: string) => () => Promise.reject(new Error(reason));
    await expect(findFirstTool('tool', [fail('too old'), async () => found], 'install it')).resolves.toBe(found);
    await expect(findFirstTool('tool', [fail('too old'), fail('no network')], 'install it')).rejects.toThrow(
      'Waypost found no tool (too old; no network); install it.',
    );
  });
});
