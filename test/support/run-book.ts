import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { resolveTemporalCli } from '../../dev/temporal-cli.ts';

const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const execute = promisify(execFile);

/** The commands of one section of `docs/operations.md`, to be run as an operator does. */
export interface RunBook {
  /** Every command of the section. */
  readonly commands: readonly string[];
  /** Those that were run. */
  readonly ran: ReadonlySet<string>;
  /** Runs the one that contains `part`, with these shell variables, and returns what it writes to stdout. */
  run(part: string, variables?: Readonly<Record<string, string>>): Promise<string>;
}

/** `title` = the heading of the section, without its hashes. */
export async function openRunBook(
  title: string,
  temporal: { readonly address: string; readonly namespace: string },
): Promise<RunBook> {
  const [, section = ''] = readFileSync(join(repository, 'docs/operations.md'), 'utf8').split(`### ${title}\n`);
  const [text = ''] = section.split(/^##/m);
  const commands = [...text.matchAll(/^temporal .*$/gm)].map(([line]) => line);
  const cli = await resolveTemporalCli(join(repository, '.cache'));
  const ran = new Set<string>();
  return {
    commands,
    ran,
    async run(part, variables = {}) {
      const command = commands.find((each) => each.includes(part));
      if (command === undefined) throw new Error(`the run-book has no command with ${part}`);
      ran.add(command);
      const env = {
        ...process.env,
        PATH: `${dirname(cli.path)}:${process.env['PATH'] ?? ''}`,
        TEMPORAL_ADDRESS: temporal.address,
        TEMPORAL_NAMESPACE: temporal.namespace,
        ...variables,
      };
      const { stdout } = await execute('sh', ['-c', command], { env });
      return stdout;
    },
  };
}
