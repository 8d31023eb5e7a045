/** Where a command writes. Results go to `out`, everything else to `err`, so that a pipe gets results only. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Whether `err` is a person's terminal, on which a line may be written over. */
  readonly isInteractive: boolean;
}

const barWidth = 24;

export interface ProgressBar {
  show(done: number, total: number | null, note: string): void;
  end(): void;
}

/** One line that is written over; nothing where nobody looks. */
export function createProgressBar({ err, isInteractive }: Terminal): ProgressBar {
  return {
    show(done, total, note) {
      if (!isInteractive) return;
      const share = total === null || total === 0 ? 0 : Math.min(1, done / total);
      const filled = Math.round(share * barWidth);
      const bar = total === null ? '' : `[${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}] `;
      err(`\r\u001b[K${bar}${done}${total === null ? '' : `/${total}`} ${note}`);
    },
    end() {
      if (isInteractive) err('\n');
    },
  };
}

/** A key never leaves the process again by our hand, whatever text it got into. */
export function withoutSecret(terminal: Terminal, secret: string): Terminal {
  if (secret === '') return terminal;
  const hide = (text: string): string => text.replaceAll(secret, '[key]');
  return { ...terminal, out: (text) => terminal.out(hide(text)), err: (text) => terminal.err(hide(text)) };
}
