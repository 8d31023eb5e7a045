import { Readable } from 'node:stream';
import { z } from 'zod';
import { importLine, importResult, maxImportErrors } from '../../contracts/http/directory.ts';
import { type Refusal, apiProblem } from '../../domain/problems/refusal.ts';
import { saveUsers, type UserToSave } from '../../store/directory.ts';
import { tenantAccess } from '../access.ts';
import type { App } from '../app.ts';
import type { AppDependencies } from '../app-dependencies.ts';
import { type Line, readLines } from '../lines.ts';
import { describeRefusal } from '../problem-reply.ts';
import { parseJson } from '../read-json.ts';
import { refuseInvalid } from '../validation.ts';

const folder = '/v1/directory';
const maxLineBytes = 256 * 1024;
/** Lines of one transaction: long enough to make round trips rare, short enough to hold locks for milliseconds. */
const batchLines = 500;
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

type ReadLine = { readonly user: UserToSave } | { readonly refusal: Refusal };

export function registerDirectoryImportRoute(
  app: App,
  dependencies: Pick<AppDependencies, 'transactions' | 'clock' | 'publicUrl'>,
): void {
  const { transactions, clock } = dependencies;
  void app.register(async (scope: App) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('application/x-ndjson', (_request, payload, done) => done(null, payload));
    scope.post(`${folder}/import`, {
      config: { access: tenantAccess('directory:write'), long: 'body' },
      schema: {
        operationId: 'importDirectory',
        tags: ['directory'],
        summary: 'Save many users, one a line',
        description:
          "Each line is a user's PUT body with `merchantId` and `userId`, at most 256 KiB. Lines are saved as they come, " +
          `${batchLines} at a time: one that cannot be taken keeps no other back, and sending all of them again is safe.`,
        consumes: ['application/x-ndjson'],
        body: z.unknown().describe('Lines of JSON (NDJSON)'),
        response: { 200: importResult },
      },
      // What nobody reads to its end would hold the connection, and a process that wants to stop with it.
      onError: async (_request, reply) => void reply.header('connection', 'close'),
      async handler(request) {
        // Without a body there is no stream either.
        const lines = readLines(request.body instanceof Readable ? request.body : Readable.from([]), maxLineBytes);
        const result: z.input<typeof importResult> = { imported: 0, failed: 0, errors: [] };
        let batch: UserToSave[] = [];

        async function saveBatch(): Promise<void> {
          const users = lastOfEach(batch);
          await transactions.withTenant(request.tenantId, (tx) => saveUsers(tx, request.tenantId, users, clock()));
          result.imported += batch.length;
          batch = [];
        }

        for await (const line of lines) {
          if (isBlank(line)) continue;
          const read = readUser(line);
          if ('user' in read) {
            batch.push(read.user);
            if (batch.length >= batchLines) await saveBatch();
            continue;
          }
          result.failed += 1;
          if (result.errors.length < maxImportErrors) {
            result.errors.push({ line: line.number, problem: showProblem(read.refusal, request) });
          }
        }
        if (batch.length > 0) await saveBatch();
        return result;
      },
    });
  });

  function showProblem(refusal: Refusal, request: Parameters<typeof describeRefusal>[1]) {
    const problem = describeRefusal(refusal, request, dependencies);
    return { ...problem, errors: [...problem.errors] };
  }
}

/** Of a file that begins with a byte order mark the first line is blank also where it holds nothing but that. */
function isBlank({ number, bytes }: Line): boolean {
  if (bytes === null) return false;
  const text = number === 1 && bytes.indexOf(byteOrderMark) === 0 ? bytes.subarray(byteOrderMark.length) : bytes;
  return text.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}

function readUser({ bytes }: Line): ReadLine {
  if (bytes === null) {
    return { refusal: apiProblem('payload_too_large', `The line is longer than ${maxLineBytes} bytes.`) };
  }
  let value: unknown;
  try {
    value = parseJson(bytes);
  } catch (error) {
    // parseJson throws nothing but refusals.
    return { refusal: error as Refusal };
  }
  const result = importLine.safeParse(value);
  if (!result.success) return { refusal: refuseInvalid(result.error.issues, '') };
  const { push, ...user } = result.data;
  return { user: { ...user, pushEnabled: push.enabled, tokens: push.tokens } };
}

/** A user who stands in a batch twice is what the later line says. */
function lastOfEach(users: readonly UserToSave[]): UserToSave[] {
  return [...new Map(users.map((user) => [JSON.stringify([user.merchantId, user.userId]), user])).values()];
}
