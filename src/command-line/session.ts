import type { Client } from '../client/index.ts';
import type { Terminal } from './terminal.ts';

/** What the environment says; null = it does not. */
export interface CallerSettings {
  readonly url: string | null;
  readonly apiKey: string | null;
  readonly tenantId: string | null;
}

export interface Surroundings {
  readonly settings: CallerSettings;
  readonly terminal: Terminal;
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  readonly doctor: (client: Client) => Promise<readonly Finding[]>;
}

/** One thing that `waypost doctor` looked at. */
export interface Finding {
  readonly check: string;
  readonly state: 'ok' | 'wrong' | 'unknown';
  readonly detail: string;
  /** What to do; null where nothing is to be done. */
  readonly remedy: string | null;
}

/** What a command gets: the client, what was typed, and where it writes. */
export interface Session {
  readonly client: Client;
  readonly terminal: Terminal;
  readonly isJson: boolean;
  /** Prints one result: as JSON, or as people read it. */
  readonly show: (result: unknown, text?: string) => void;
}

export type OpenSession = () => Session;

/** A command that reads a file, or standard input. */
export interface LinesSession extends Session {
  readonly lines: AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal;
}
