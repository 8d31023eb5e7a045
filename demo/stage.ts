import type { Client } from './client.ts';
import type { Bot } from './stand-ins/bot.ts';
import type { Integrator } from './stand-ins/integrator.ts';
import type { Kernel } from './stand-ins/kernel-interface.ts';
import type { Push } from './stand-ins/push.ts';

export interface StandIns {
  readonly kernel: Kernel;
  readonly bot: Bot;
  readonly integrator: Integrator;
  readonly push: Push;
}

/** All that a story plays with. */
export interface Stage extends StandIns {
  readonly client: Client;
  readonly channelId: string;
  /** Different in every run; part of the names that a story gives. */
  readonly runId: string;
  /** A phone number that no other story and no other run uses. */
  readonly number: (story: number) => string;
  /** Kills the worker in the middle of what it does, and resolves once another one is ready. */
  readonly replaceWorker: () => Promise<void>;
  /** Says what is going on right now, on the story's line. */
  readonly tell: (text: string) => void;
}

export interface Link {
  readonly label: string;
  readonly url: string;
  /** Whether the API has to answer to it with 200: with the tenant's key, or to anybody; null: it is not the API's. */
  readonly readBy: 'key' | 'anybody' | null;
}

export interface StoryResult {
  readonly state: string;
  readonly attempts: number | null;
  /** What came of it, in a few words. */
  readonly outcome: string;
  /** Each one way in which it went otherwise than scripted. */
  readonly differences: readonly string[];
  readonly links: readonly Link[];
}

export interface Story {
  readonly title: string;
  readonly play: (stage: Stage) => Promise<StoryResult>;
}
