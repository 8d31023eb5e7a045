import type { Verb } from '../verb.ts';
import { jobVerbs, messageVerbs } from './jobs.ts';
import { settingsVerbs } from './settings.ts';

/** Everything that is one call to the api: commands for people, tools for agents. */
export const allVerbs: readonly Verb[] = [...messageVerbs, ...jobVerbs, ...settingsVerbs];
