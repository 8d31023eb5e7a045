import { createSocket } from 'node:dgram';
import { describe, expect, it } from 'vitest';
import { findFreePorts } from '../../../dev/server-process.ts';

/** Whether another process could lease this port. */
function canLease(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  return new Promise((resolve) => {
    const tell = (value: boolean) => () => {
      socket.close();
      resolve(value);
    };
    socket.once('error', tell(false)).bind({ port, address: '127.0.0.1', exclusive: true }, tell(true));
  });
}

// Two test files' servers once met on one port: each had looked, and neither had bound it yet.
describe('findFreePorts', () => {
  it('leases its ports, so that nobody else finds them before the server has started', async () => {
    const ports = await findFreePorts(20);
    expect(new Set(ports).size).toBe(20);
    expect(await Promise.all(ports.map(canLease))).toEqual(ports.map(() => false));
  });
});
