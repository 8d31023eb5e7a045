import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const shownFunctions = 25;

/** V8's CPU profile, as far as it is read here; times in microseconds. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** The functions of api and worker in which most time was spent itself, one list for each thread. */
export function describeProfiles(profileDir: string): string {
  const files = ['api', 'worker'].flatMap((name) => {
    const dir = join(profileDir, name);
    return existsSync(dir) ? readdirSync(dir).map((file) => ({ name, file: join(dir, file) })) : [];
  });
  return files.map(({ name, file }) => `${name}, ${file}\n${listHottest(readProfile(file)).join('\n')}`).join('\n\n');
}

function readProfile(file: string): CpuProfile {
  return JSON.parse(readFileSync(file, 'utf8')) as CpuProfile; // cast: V8's format
}

function listHottest({ nodes, samples, timeDeltas }: CpuProfile): string[] {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, describeFrame(callFrame)]));
  const spentUs = new Map<string, number>();
  samples.forEach((id, index) => {
    const name = names.get(id) ?? '?';
    if (name !== '(idle)') spentUs.set(name, (spentUs.get(name) ?? 0) + (timeDeltas[index] ?? 0));
  });
  const totalUs = [...spentUs.values()].reduce((sum, each) => sum + each, 0);
  const hottest = [...spentUs].toSorted((a, b) => b[1] - a[1]).slice(0, shownFunctions);
  const lines = hottest.map(([name, us]) => `  ${((us * 100) / totalUs).toFixed(1).padStart(5)} %  ${name}`);
  return [`  ${(totalUs / 1e6).toFixed(1)} s busy`, ...lines];
}

function describeFrame({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  const place = url.replace(/^.*\/node_modules\//, '').replace(/^file:\/\/.*\/(dist\/)/, '$1');
  const name = functionName === '' ? '(anonymous)' : functionName;
  return url === '' ? name : `${name} ${place}:${lineNumber + 1}`;
}
