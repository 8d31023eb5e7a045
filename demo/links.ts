import type { Client } from './client.ts';
import type { StoryResult } from './stage.ts';

/** The links of a story's problem that do not lead where they should; its pages are read without a key. */
export async function findDeadLinks(
  client: Client,
  { problemUrl, problemType }: StoryResult,
): Promise<readonly string[]> {
  const links = [
    { url: problemUrl, read: client.call },
    { url: problemType, read: client.callWithoutKey },
  ];
  const differences: string[] = [];
  for (const { url, read } of links) {
    if (url === null) continue;
    const { status } = await read('GET', new URL(url).pathname);
    if (status !== 200) differences.push(`${url} was answered with ${status}`);
  }
  return differences;
}
