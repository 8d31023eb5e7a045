/** A test that fails says what the product's processes wrote last: on another machine there is no second look. */
import { beforeEach } from 'vitest';
import { recentOutput } from './product-process.ts';

beforeEach(({ onTestFailed }) => {
  onTestFailed(({ task }) => {
    const [error] = task.result?.errors ?? [];
    if (error) error.message += `\n${recentOutput()}`;
  });
});
