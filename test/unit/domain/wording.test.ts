import { expect, it } from 'vitest';
import { counted, describeDuration } from '../../../src/domain/wording.ts';

it.each([
  [-5, '0 s'],
  [999, '0 s'],
  [31_400, '31 s'],
  [119_999, '119 s'],
  [120_000, '2 min'],
  [7_199_999, '119 min'],
  [7_200_000, '2 h'],
  [172_800_000, '2 d'],
])('%i ms are %s', (ms, text) => {
  expect(describeDuration(ms)).toBe(text);
});

it('counts one and many', () => {
  expect([counted(1, 'try', 'tries'), counted(6, 'try', 'tries'), counted(0, 'callback')]).toEqual([
    '1 try',
    '6 tries',
    '0 callbacks',
  ]);
});
