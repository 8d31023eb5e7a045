import { describe, expect, it } from 'vitest';
import { parseDemoArguments } from '../../../demo/arguments.ts';

describe('the arguments of the demo', () => {
  it('ask for nothing when there are none', () => {
    expect(parseDemoArguments([], undefined)).toEqual({ once: false, fresh: false, help: false, port: null });
  });

  it('name a port by option before environment', () => {
    expect(parseDemoArguments(['--once', '--port', '9000'], '9001')).toMatchObject({ once: true, port: 9_000 });
    expect(parseDemoArguments([], '9001')).toMatchObject({ port: 9_001 });
  });

  it.each(['0', '65536', 'abc', '80a', '-1', ''])('refuse "%s" as a port, and say who named it', (text) => {
    expect(() => parseDemoArguments([`--port=${text}`], undefined)).toThrow('--port must be a port');
  });

  it('refuse an option that there is not', () => {
    expect(() => parseDemoArguments(['--onec'], undefined)).toThrow("Unknown option '--onec'");
  });
});
