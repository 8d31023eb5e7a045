import type { ErrorClass, ProblemSource } from '../problem.ts';

/**
 * One problem type of the registry. `status` and `class` are the usual ones: an occurrence whose upstream said better
 * carries its own. `meaning` and `whatToDo` are one sentence each, for the page behind the document's `type`.
 */
export interface ProblemType {
  readonly code: string;
  readonly title: string;
  readonly status: number;
  readonly class: ErrorClass;
  readonly sources: readonly ProblemSource[];
  readonly meaning: string;
  readonly whatToDo: string;
}
