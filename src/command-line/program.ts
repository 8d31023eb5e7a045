import { Command, CommanderError, Option } from 'commander';
import { createClient, ProblemError } from '../client/index.ts';
import { describeError, exitCodeOf, exitCodes } from './exit-codes.ts';
import { renderText } from './render.ts';
import { findCommand, readNumber } from './parsing.ts';
import type { OpenSession, Session, Surroundings } from './session.ts';
import { addSpecialCommands } from './special-commands.ts';
import { withoutSecret } from './terminal.ts';
import { type Input, type Parameter, UsageError, type Verb } from './verb.ts';
import { allVerbs } from './verbs/index.ts';

/** Runs one command line to its end and says with which code the process ends; never throws. */
export async function runCommandLine(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const { terminal: plain, settings } = surroundings;
  let exitCode: number = exitCodes.ok;
  let isJson = argv.includes('--json');
  let terminal = withoutSecret(plain, settings.apiKey ?? '');
  const program = new Command('waypost')
    .description('Waypost from the command line. Address and key: WAYPOST_URL and WAYPOST_API_KEY, or the options.')
    .addOption(new Option('--url <url>', 'where the api is').default(settings.url ?? 'http://127.0.0.1:8080'))
    .option('--key <key>', 'an API key, or the admin key (others on this machine can see it: prefer WAYPOST_API_KEY)')
    .option('--tenant <id>', 'with the admin key: the tenant to act for')
    .option('--json', 'print JSON, errors too')
    .exitOverride()
    .configureOutput({ writeOut: (text) => terminal.out(text), writeErr: (text) => terminal.err(text) });

  const open: OpenSession = () => {
    const flags = program.opts<{ url: string; key?: string; tenant?: string; json?: boolean }>();
    const apiKey = flags.key ?? settings.apiKey;
    if (apiKey === null) throw new UsageError('No key: set WAYPOST_API_KEY, or give --key.');
    if (!URL.canParse(flags.url)) throw new UsageError('The address of the api is no URL: see --url and WAYPOST_URL.');
    isJson = flags.json === true;
    terminal = withoutSecret(plain, apiKey);
    const tenantId = flags.tenant ?? settings.tenantId;
    const show: Session['show'] = (result, text) =>
      terminal.out(`${isJson ? JSON.stringify(result ?? null, null, 2) : (text ?? renderText(result, undefined))}\n`);
    const client = createClient({ url: flags.url, apiKey, ...(tenantId !== null && { tenantId }) });
    return { client, terminal, isJson, show };
  };

  for (const verb of allVerbs) addVerb(program, verb, open);
  addSpecialCommands(program, { ...surroundings, open, setExitCode: (code) => (exitCode = code) });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    // The help that was asked for is no mistake; commander has printed it, or said what was mistyped.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    const problem = error instanceof ProblemError ? error.problem : { detail: describeError(error) };
    terminal.err(`${isJson ? JSON.stringify({ error: problem }) : describeError(error)}\n`);
    return exitCodeOf(error);
  }
}

function addVerb(program: Command, verb: Verb, open: OpenSession): void {
  const command = findCommand(program, verb.name).description(verb.summary);
  const positions = verb.parameters.filter(({ isArgument }) => isArgument === true);
  for (const { name, description, isRequired } of positions) {
    command.argument(isRequired === true ? `<${name}>` : `[${name}]`, description);
  }
  for (const parameter of verb.parameters.filter(({ isArgument }) => isArgument !== true)) {
    command.addOption(toOption(parameter));
  }
  command.action(async (...given: unknown[]) => {
    const session = open();
    const byPosition = positions.map(({ name }, index) => [name, given[index]] as const);
    // Commander has read them by the verb's own parameters.
    const input = { ...command.opts(), ...Object.fromEntries(byPosition) } as Input;
    const result = await verb.run(session.client, input);
    session.show(result, verb.describe?.(result) ?? renderText(result, verb.columns));
  });
}

function toOption({ name, description, isRequired, kind = 'text' }: Parameter): Option {
  const flag = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  const option = new Option(kind === 'flag' ? flag : `${flag} <${name}>`, description);
  if (kind === 'number') option.argParser(readNumber);
  return option.makeOptionMandatory(isRequired === true);
}
