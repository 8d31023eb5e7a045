import { createCipheriv } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKeyRing } from '../../src/encryption/key-ring.ts';
import { answerPlace, keepAnswer } from '../../src/store/idempotency-keys.ts';
import { rotateKeys } from '../../src/usecases/rotate-keys.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

const key = (id: string, byte: number) => ({ id, key: new Uint8Array(32).fill(byte) });
const [a, b, c] = [key('a', 1), key('b', 2), key('c', 3)];
const ringA = createKeyRing([a]);
const ringB = createKeyRing([b, a]);

let test: TestApp;
beforeAll(async () => {
  test = await startTestApp();
});
afterAll(() => test.close());

/** Answers as an api keeps them that has this ring. */
async function keep(tenantId: string, prefix: string, count: number, ring = ringA): Promise<void> {
  await test.database.transactions.withTenant(tenantId, async (tx) => {
    for (let index = 0; index < count; index += 1) {
      await keepAnswer(tx, {
        tenantId,
        key: `${prefix}-${index}`,
        requestHash: Buffer.alloc(32),
        status: 201,
        location: null,
        body: ring.sealText(`${prefix} ${index}`, answerPlace(tenantId, `${prefix}-${index}`)),
        createdAt: new Date(),
      });
    }
  });
}

const bodiesOf = (tenantId: string, prefix: string) =>
  test.database.transactions.withTenant(tenantId, async (tx) => {
    const rows = await tx.query<{ key: string; body: string }>({
      text: 'select key, body from idempotency_key where key like $1 order by key',
      values: [`${prefix}-%`],
    });
    return rows;
  });

async function rotate(ring = ringB, options: Partial<Parameters<typeof rotateKeys>[0]> = {}) {
  const { transactions } = test.database;
  const columns = await rotateKeys({ transactions, keyRing: ring, isStopped: () => false, sleep, ...options });
  return columns?.find(({ name }) => name === 'idempotency_key.body');
}

describe('a rotation of keys', () => {
  it('seals every row of every tenant anew, however many there are, and a second one none', async () => {
    const other = await test.makeTenant();
    await keep(test.tenantId, 'many', 250);
    await keep(other.id, 'many', 3);
    expect(await rotate()).toMatchObject({ resealed: 253, remaining: new Map() });
    const onlyB = createKeyRing([b]);
    const bodies = await bodiesOf(test.tenantId, 'many');
    for (const { key: row, body } of bodies) {
      expect(onlyB.openText(body, answerPlace(test.tenantId, row))).toBe(row.replace('-', ' '));
    }
    expect(bodies).toHaveLength(250);
    expect(await rotate()).toMatchObject({ resealed: 0 });
  });

  it('leaves a row alone that someone holds, waits for nobody, and comes back to it', async () => {
    await keep(test.tenantId, 'held', 2);
    let release: () => void = () => undefined;
    const holding = test.database.transactions.withTenant(test.tenantId, async (tx) => {
      await tx.query({ text: "select 1 from idempotency_key where key = 'held-0' for update" });
      await new Promise<void>((resolve) => (release = resolve));
    });
    await sleep(50);
    const done = await rotate(ringB, {
      sleep: async () => {
        release();
        await holding;
      },
    });
    expect(done).toMatchObject({ resealed: 2, remaining: new Map() });
  });

  it('tells what it cannot open, by its key, and changes nothing of it', async () => {
    await keep(test.tenantId, 'foreign', 2, createKeyRing([c]));
    await keep(test.tenantId, 'own', 1);
    const before = await bodiesOf(test.tenantId, 'foreign');
    expect(await rotate(ringB, { sleep: async () => undefined })).toMatchObject({
      resealed: 1,
      remaining: new Map([['c', 2]]),
    });
    expect(await bodiesOf(test.tenantId, 'foreign')).toEqual(before);
  });

  it('tells what the first key sealed in the form of before, and leaves it: who can write rows could have put it anywhere', async () => {
    const cipher = createCipheriv('aes-256-gcm', b.key, Buffer.alloc(12));
    const sealed = Buffer.concat([cipher.update('of before'), cipher.final()]);
    const old = `b.${Buffer.concat([Buffer.alloc(12), cipher.getAuthTag(), sealed]).toString('base64url')}`;
    await keep(test.tenantId, 'unbound', 1, { ...ringB, sealText: () => old });
    expect((await rotate(ringB, { sleep: async () => undefined }))?.remaining.get('b')).toBe(1);
    expect(await bodiesOf(test.tenantId, 'unbound')).toEqual([{ key: 'unbound-0', body: old }]);
  });

  it('stops where it is told to, and goes on the next time', async () => {
    await keep(test.tenantId, 'stopped', 150);
    let looks = 0;
    expect(await rotate(ringB, { isStopped: () => (looks += 1) > 6 })).toBeUndefined();
    const isOld = ({ body }: { body: string }) => body.startsWith('a.');
    const old = (await bodiesOf(test.tenantId, 'stopped')).filter(isOld).length;
    expect(old).toBeGreaterThan(0);
    await rotate(createKeyRing([b, a, c]));
    expect((await bodiesOf(test.tenantId, 'stopped')).filter(isOld)).toEqual([]);
  });
});
