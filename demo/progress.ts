import type { WriteStream } from 'node:tty';

const defaultColumns = 100;
const clearLine = '\r\u001B[2K';

export interface Progress {
  /** A line of its own. */
  say(line: string): void;
  /** Opens the live line of one undertaking; without a terminal it shows only when it is done. */
  begin(title: string): ProgressLine;
}

export interface ProgressLine {
  update(text: string): void;
  done(isGood: boolean, text: string): void;
}

export function createProgress(stream: WriteStream): Progress {
  const isLive = stream.isTTY;
  const show = (line: string) => {
    const columns = stream.columns || defaultColumns;
    stream.write(`${clearLine}${line.length < columns ? line : `${line.slice(0, columns - 2)}…`}`);
  };
  return {
    say: (line) => stream.write(`${line}\n`),
    begin(title) {
      const startedAt = Date.now();
      if (isLive) show(`  … ${title}`);
      return {
        update(text) {
          if (isLive) show(`  … ${title}: ${text}`);
        },
        done(isGood, text) {
          const seconds = ((Date.now() - startedAt) / 1_000).toFixed(1);
          if (isLive) stream.write(clearLine);
          stream.write(`  ${isGood ? '✓' : '✗'} ${title}: ${text} (${seconds} s)\n`);
        },
      };
    },
  };
}
