import { type Command, InvalidArgumentError } from 'commander';

/** `jobs list` is the command `list` of the command `jobs`. */
export function findCommand(program: Command, name: string): Command {
  return name.split(' ').reduce<Command>((parent, word) => {
    const found = parent.commands.find((command) => command.name() === word);
    return found ?? parent.command(word);
  }, program);
}

export function readNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It is a whole number.');
  return Number(text);
}
