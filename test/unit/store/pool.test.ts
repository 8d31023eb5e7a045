import { describe, expect, it } from 'vitest';
import { findDanger, readDatabaseUrl, runtimeRole } from '../../../src/store/pool.ts';

describe('the URL of a database', () => {
  // In the driver, an option in the URL replaced ours: role, row level security and time-outs were gone without a word.
  it('gives its start-up options apart, so that they are sent beside ours', () => {
    expect(readDatabaseUrl('postgres://a:b@db/waypost?sslmode=require&options=endpoint%3Dfoo')).toEqual({
      connectionString: 'postgres://a:b@db/waypost?sslmode=require',
      options: 'endpoint=foo',
    });
  });

  it.each(['postgres://a:b%3Fc@db:5432/waypost', 'postgres:///waypost?host=%2Frun%2Fpostgresql'])(
    'stays as it is without them: %s',
    (url) => {
      expect(readDatabaseUrl(url)).toEqual({ connectionString: url, options: '' });
    },
  );

  it.each(['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'query_timeout'])(
    'may not set %s',
    (name) => {
      const read = () => readDatabaseUrl(`postgres://db/waypost?${name}=1`);
      expect(read).toThrow(`The database URL sets ${name}, which Waypost sets itself: take it out.`);
    },
  );
});

describe('a connection', () => {
  const safe = {
    role: runtimeRole,
    bypasses: false,
    owns: false,
    statement_timeout: 20_000,
    lock_timeout: 10_000,
    idle_in_transaction_session_timeout: 10_000,
  };

  it('is used with the runtime role and time-outs that are no longer than ours', () => {
    expect(findDanger(safe)).toBeNull();
    expect(findDanger({ ...safe, statement_timeout: 1 })).toBeNull();
  });

  it.each([
    [{ role: 'postgres', bypasses: true, owns: true }, /as postgres and not as waypost_app/],
    [{ bypasses: true }, /"alter role waypost_app nosuperuser nobypassrls"\.$/],
    [{ owns: true }, /owns Waypost's tables/],
    [{ statement_timeout: 0 }, /statement_timeout at 0 ms/],
    [{ lock_timeout: 10_001 }, /lock_timeout at 10001 ms and not between 1 and 10000/],
    [{ idle_in_transaction_session_timeout: 0 }, /idle_in_transaction_session_timeout at 0 ms/],
  ])('is refused with %o, in one sentence', (change, sentence) => {
    expect(findDanger({ ...safe, ...change })).toMatch(sentence);
  });
});
