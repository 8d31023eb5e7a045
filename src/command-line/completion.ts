import type { Command } from 'commander';

/** A script for the shell, made from the commands themselves; null = an unknown shell. */
export function writeCompletion(program: Command, shell: string): string | null {
  const words = listWords(program, []);
  if (shell === 'fish') {
    return words
      .map(({ path, next }) => {
        const condition = path.length === 0 ? '__fish_use_subcommand' : `__fish_seen_subcommand_from ${path.at(-1)}`;
        return `complete -c waypost -f -n '${condition}' -a '${next.join(' ')}'\n`;
      })
      .join('');
  }
  if (shell !== 'bash' && shell !== 'zsh') return null;
  const cases = words.map(({ path, next }) => `    '${path.join(' ')}') next='${next.join(' ')}';;`).join('\n');
  const script = `_waypost() {
  local path='' next='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) path="\${path:+$path }$word";; esac
  done
  while :; do
    case "$path" in
${cases}
    esac
    [ -n "$next" ] && break
    case "$path" in *' '*) path="\${path% *}";; *) break;; esac
  done
  COMPREPLY=($(compgen -W "$next" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _waypost waypost
`;
  return shell === 'zsh' ? `autoload -U +X bashcompinit && bashcompinit\n${script}` : script;
}

/** What may come behind each command. */
function listWords(command: Command, path: readonly string[]): { path: readonly string[]; next: readonly string[] }[] {
  const options = command.options.map(({ long }) => long).filter((long) => long !== undefined && long !== null);
  const next = [...command.commands.map((each) => each.name()), ...options];
  const below = command.commands.flatMap((each) => listWords(each, [...path, each.name()]));
  return [{ path, next }, ...below];
}
