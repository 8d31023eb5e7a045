import { findDeadLinks } from './links.ts';
import type { Progress } from './progress.ts';
import type { Stage, Story, StoryResult } from './stage.ts';

export interface PlayedStory {
  readonly title: string;
  readonly durationMs: number;
  /** Null when the story broke off. */
  readonly result: StoryResult | null;
  readonly differences: readonly string[];
}

/** Plays the script, one story after the other; what goes wrong in one does not stop the others. */
export async function playStories(
  stories: readonly Story[],
  stage: Omit<Stage, 'tell'>,
  progress: Progress,
): Promise<readonly PlayedStory[]> {
  const played: PlayedStory[] = [];
  for (const { title, play } of stories) {
    const line = progress.begin(title);
    const startedAt = Date.now();
    const story = await playStory(play, { ...stage, tell: (text) => line.update(text) });
    const isGood = story.differences.length === 0;
    line.done(isGood, isGood ? (story.result?.outcome ?? '') : 'not as scripted');
    played.push({ title, durationMs: Date.now() - startedAt, ...story });
  }
  return played;
}

async function playStory(play: Story['play'], stage: Stage): Promise<Pick<PlayedStory, 'result' | 'differences'>> {
  try {
    const result = await play(stage);
    return { result, differences: [...result.differences, ...(await findDeadLinks(stage.client, result.links))] };
  } catch (error) {
    return { result: null, differences: [error instanceof Error ? error.message : String(error)] };
  }
}
