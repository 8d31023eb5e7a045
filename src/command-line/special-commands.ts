import { createReadStream } from 'node:fs';
import { type Command, Option } from 'commander';
import { broadcast } from './broadcast.ts';
import { writeCompletion } from './completion.ts';
import { exitCodes } from './exit-codes.ts';
import { importDirectory } from './import-directory.ts';
import { serveTools } from './mcp.ts';
import { notify } from './notify.ts';
import { findCommand, readNumber } from './parsing.ts';
import { renderTable } from './render.ts';
import type { OpenSession, Surroundings } from './session.ts';
import { UsageError } from './verb.ts';
import { allVerbs } from './verbs/index.ts';
import { watchJob } from './watch.ts';

export interface Special extends Surroundings {
  readonly open: OpenSession;
  readonly setExitCode: (code: number) => void;
}

/** Commands that are more than one call: they read files, follow jobs, look at the machine, or serve agents. */
export function addSpecialCommands(program: Command, special: Special): void {
  const { open, signal, setExitCode } = special;
  const readFile = (path: string) => (path === '-' ? special.stdin : createReadStream(path));

  findCommand(program, 'jobs watch')
    .description('Follow a job until it ends; exit code 6 where it does not arrive')
    .argument('<id>', 'the id of the job')
    .option('--timeout <seconds>', 'how long at most', readNumber, 600)
    .action(async (id: string, { timeout }: { timeout: number }) => {
      const hasArrived = await watchJob(open(), { id, timeoutMs: timeout * 1_000, signal });
      if (!hasArrived) setExitCode(exitCodes.partly);
    });

  program
    .command('broadcast')
    .description(
      'Send a template to each line of a CSV file: a column "to", and one for each parameter of the template',
    )
    .argument('<file>', 'the CSV file, or - for standard input')
    .requiredOption('--template <name>', 'the template')
    .requiredOption('--language <code>', 'its language, such as es')
    .option('--parameters <columns>', 'columns for the parameters of its body, in order, separated by commas')
    .option('--channel-id <id>', 'the channel')
    .option('--category <category>', 'marketing, utility, service or authentication')
    .requiredOption('--label <label>', 'names the campaign; the same label and file send nobody twice within 24 hours')
    .option('--rate <perSecond>', 'messages a second at most', readNumber, 50)
    .option('--preview', 'show the first message as WhatsApp would get it and check the file; send nothing')
    .action(async (file: string, options: Parameters<typeof broadcast>[1]) => {
      const session = open();
      setExitCode(await broadcast({ ...session, signal, lines: readFile(file) }, options));
    });

  program
    .command('notify')
    .description('Send one notification to the receivers of a CSV file with the columns merchantId and userId')
    .requiredOption('--receivers <file>', 'the CSV file, or - for standard input')
    .requiredOption('--integration <name>', 'the integration that gets the errors')
    .addOption(
      new Option('--type <type>')
        .choices(['USER_CENTER_NOTIFICATION', 'ADMIN_CENTER_NOTIFICATION', 'PUSH_NOTIFICATION'])
        .default('USER_CENTER_NOTIFICATION'),
    )
    .requiredOption('--title <json>', 'titles by language, such as {"en":"Invoice due"}')
    .requiredOption('--message <json>', 'messages by language')
    .option('--data <json>', 'the data')
    .option('--external-id <id>', 'your own id')
    .option('--external-type <type>', 'its type')
    .option('--label <label>', 'names the campaign')
    .option('--preview', 'show what would be handed over, and send nothing')
    .action(async (options: Parameters<typeof notify>[1]) => {
      setExitCode(await notify({ ...open(), signal, lines: readFile(options.receivers) }, options));
    });

  program
    .command('import-directory')
    .description(
      'Import users from an NDJSON file, a user a line: {"merchantId","userId","active","language","push",…}',
    )
    .argument('<file>', 'the NDJSON file, or - for standard input')
    .action(async (file: string) => {
      setExitCode(await importDirectory({ ...open(), signal, lines: readFile(file) }));
    });

  program
    .command('doctor')
    .description(
      'Look at the configuration, Postgres, Temporal, workers and channels, and say what to do about each finding',
    )
    .action(async () => {
      const session = open();
      const findings = await special.doctor(session.client);
      const rows = findings.map((each) => ({ ...each, remedy: each.remedy ?? '' }));
      const marks = rows.map(({ check, state, detail, remedy }) =>
        [`${state.padEnd(7)} ${check}: ${detail}`, ...(remedy === '' ? [] : [`        → ${remedy}`])].join('\n'),
      );
      session.show(findings, marks.length === 0 ? renderTable([], []) : marks.join('\n'));
      if (findings.some(({ state }) => state === 'wrong')) setExitCode(exitCodes.refused);
    });

  program
    .command('mcp')
    .description('Serve the same verbs to an agent by the Model Context Protocol, on standard input and output')
    .option('--allow-writes', 'also those that send, cancel, retry and change settings')
    .action(async ({ allowWrites = false }: { allowWrites?: boolean }) => {
      const { client } = open();
      await serveTools(
        allVerbs.filter(({ isWrite }) => allowWrites || !isWrite),
        { client, signal },
      );
    });

  program
    .command('completion')
    .description('Print a completion script: eval "$(waypost completion bash)"')
    .argument('<shell>', 'bash, zsh or fish')
    .action((shell: string) => {
      const script = writeCompletion(program, shell);
      if (script === null) throw new UsageError('Completion is there for bash, zsh and fish.');
      special.terminal.out(script);
    });
}
