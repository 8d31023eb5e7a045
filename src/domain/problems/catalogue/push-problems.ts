import type { ProblemType } from './problem-type.ts';

/** What push meets besides FCM's own codes. */
export const pushProblems: readonly ProblemType[] = [
  {
    code: 'push_unreachable',
    title: 'Push service unreachable',
    status: 502,
    class: 'transient',
    sources: ['push'],
    meaning: 'No connection to the push service could be made or kept.',
    whatToDo: "Nothing at first: the channel waits and goes on; if it lasts, check the channel's apiBaseUrl.",
  },
  {
    code: 'push_timeout',
    title: 'Push service timed out',
    status: 504,
    class: 'ambiguous',
    sources: ['push'],
    meaning: 'The push service did not answer in time, so the push may have gone out.',
    whatToDo: 'Nothing: it is sent again, and its recipient is marked as a possible duplicate.',
  },
  {
    code: 'push_http_error',
    title: 'Push service answered with an error',
    status: 502,
    class: 'permanent',
    sources: ['push'],
    meaning: 'The push service answered without a usable code; the HTTP status gives the class.',
    whatToDo: 'Read the attempt for the status and an excerpt of the answer.',
  },
  {
    code: 'push_credentials_refused',
    title: 'Push credentials unusable',
    status: 502,
    class: 'configuration',
    sources: ['push'],
    meaning: "No access token could be had for the channel's service account.",
    whatToDo: "Check the channel's service account and its token_uri, then give it a new one.",
  },
];
