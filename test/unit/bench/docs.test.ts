import { describe, expect, it } from 'vitest';
import { describeBudgets } from '../../../bench/budgets.ts';
import { replaceBlock } from '../../../bench/docs.ts';
import { plotBars, plotLines } from '../../../bench/plot.ts';

describe('the report of a run in docs/performance.md', () => {
  const document = 'before\n<!-- bench bulk -->\n\nold\n\n<!-- end of bench bulk -->\nafter\n';

  it('takes the place of the one before, and leaves the rest alone', () => {
    const once = replaceBlock(document, 'bulk', 'new');
    expect(once).toBe('before\n<!-- bench bulk -->\n\nnew\n\n<!-- end of bench bulk -->\nafter\n');
    expect(replaceBlock(once, 'bulk', 'new')).toBe(once);
  });

  it('is refused with one sentence when the document has no place for it', () => {
    expect(() => replaceBlock(document, 'soak', 'new')).toThrow('docs/performance.md has no place for "soak"');
  });
});

describe('the table of budgets', () => {
  it('says of each figure whether it keeps within its limit, and names the others only when asked', () => {
    const figures = { healthyOfFloor: 1.1, healthyCpuMs: 15.96, bulkPerSecond: null };
    const lines = describeBudgets(figures).map((line) => line.replaceAll(/ +/g, ' '));
    expect(lines).toHaveLength(4);
    expect(lines).toContain('| healthy, 50 in flight, of the empty workflow | ≥ 1.20 × | 1.10 × | **missed** |');
    expect(lines).toContain('| CPU of a healthy message, 50 in flight | ≤ 16 ms | 16.0 ms | met |');
    const all = describeBudgets(figures, { healthyOfFloor: 'a1b2c3d' });
    expect(all.filter((line) => line.includes('not measured')).length).toBeGreaterThan(5);
    expect(all.filter((line) => line.includes('a1b2c3d'))).toHaveLength(1);
  });
});

describe('pictures', () => {
  it('are well-formed, whatever a label holds', () => {
    const bars = [{ label: 'a & <b>', parts: [{ name: 'api', value: 2 }], note: '5/s' }];
    expect(plotBars({ title: 't', names: ['api'], bars })).toContain('a &amp; &lt;b&gt;');
  });

  it('are drawn of nothing, too', () => {
    expect(plotBars({ title: 't', names: [], bars: [] })).not.toMatch(/NaN|Infinity/);
    expect(plotLines({ title: 't', xTitle: 's', lines: [{ name: 'a', points: [] }] })).not.toMatch(/NaN|Infinity/);
  });
});
