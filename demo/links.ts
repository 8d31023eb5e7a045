import type { Client } from './client.ts';
import type { Link } from './stage.ts';

/** The links that do not lead where they should. */
export async function findDeadLinks(client: Client, links: readonly Link[]): Promise<readonly string[]> {
  const differences: string[] = [];
  for (const { url, readBy } of links) {
    if (readBy === null) continue;
    const read = readBy === 'key' ? client.call : client.callWithoutKey;
    const { status } = await read('GET', new URL(url).pathname);
    if (status !== 200) differences.push(`${url} was answered with ${status}`);
  }
  return differences;
}
