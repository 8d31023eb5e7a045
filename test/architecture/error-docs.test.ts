import { describe, expect, it } from 'vitest';
import { readErrorDocs, renderErrorDocs } from '../../dev/error-docs.ts';

describe('docs/errors.md', () => {
  it('is what dev/error-docs.ts makes of the tables', () => {
    expect(readErrorDocs()).toBe(renderErrorDocs());
  });
});
