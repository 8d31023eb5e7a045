import { deliveryProblems } from './catalogue/delivery-problems.ts';
import { mediaProblems } from './catalogue/media-problems.ts';
import { notificationProblems } from './catalogue/notification-problems.ts';
import type { ProblemType } from './catalogue/problem-type.ts';
import { describeProviderCode } from './catalogue/provider-problems.ts';
import { pushProblems } from './catalogue/push-problems.ts';
import { requestProblems } from './catalogue/request-problems.ts';
import { serviceProblems } from './catalogue/service-problems.ts';

/** Every problem type of our own, for the registry and the generated documents; provider codes come on top. */
export const problemCatalogue: readonly ProblemType[] = [
  ...requestProblems,
  ...serviceProblems,
  ...deliveryProblems,
  ...mediaProblems,
  ...notificationProblems,
  ...pushProblems,
];

const typeByCode = new Map(problemCatalogue.map((type) => [type.code, type]));

/** The type behind a problem's `code`: our own, `whatsapp_<code>` or `fcm_<CODE>`; undefined for anything else. */
export function describeCode(code: string): ProblemType | undefined {
  return typeByCode.get(code) ?? describeProviderCode(code);
}
