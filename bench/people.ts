import { Readable } from 'node:stream';

export const usersPerMerchant = 100;
const linesPerChunk = 500;

export interface Receiver {
  readonly merchantId: string;
  readonly userIds: readonly string[];
}

/** So many users, a hundred a merchant, with ids as long as those of the integrators there are. */
export function nameReceivers(count: number, kind: string): Receiver[] {
  const merchants = Array.from({ length: Math.ceil(count / usersPerMerchant) }, (_each, index) => index);
  return merchants.map((merchant) => ({
    merchantId: idOf(kind, 'a', merchant),
    userIds: Array.from({ length: Math.min(usersPerMerchant, count - merchant * usersPerMerchant) }, (_each, user) =>
      idOf(kind, 'b', merchant * usersPerMerchant + user),
    ),
  }));
}

function idOf(kind: string, letter: string, index: number): string {
  return `64e5${kind}${letter}${String(index).padStart(19 - kind.length, '0')}`;
}

/** One line of the directory's import for each user, as a stream that is read only as fast as it is taken. */
export function streamUsers(receivers: readonly Receiver[], more: Readonly<Record<string, unknown>> = {}): Readable {
  function* lines() {
    for (const { merchantId, userIds } of receivers) {
      for (const userId of userIds) {
        yield `${JSON.stringify({ merchantId, userId, active: true, language: 'es', ...describeDevice(userId, more) })}\n`;
      }
    }
  }
  return streamLines(lines());
}

function describeDevice(userId: string, more: Readonly<Record<string, unknown>>) {
  return more['push'] === true ? { push: { enabled: true, tokens: [{ token: tokenOf(userId) }] } } : more;
}

/** As long as FCM's tokens are. */
export function tokenOf(userId: string): string {
  return `${userId}:${'APA91b'.repeat(23)}`;
}

/** Lines as a stream of buffers, many a chunk, as a client that reads a file sends them. */
export function streamLines(lines: Iterable<string>): Readable {
  function* chunks() {
    let held: string[] = [];
    for (const line of lines) {
      if (held.push(line) < linesPerChunk) continue;
      yield Buffer.from(held.join(''));
      held = [];
    }
    if (held.length > 0) yield Buffer.from(held.join(''));
  }
  return Readable.from(chunks(), { objectMode: true, highWaterMark: 1 });
}
