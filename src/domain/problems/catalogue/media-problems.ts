import type { ProblemType } from './problem-type.ts';

/** What stands between a bot and the media of a user's message. */
export const mediaProblems: readonly ProblemType[] = [
  {
    code: 'media_not_found',
    title: 'Media not found',
    status: 404,
    class: 'permanent',
    sources: ['api'],
    meaning: 'Kernel does not know the media, or does not keep it any more.',
    whatToDo: 'Fetch media soon after its message came; ask the user to send it again.',
  },
  {
    code: 'media_too_large',
    title: 'Media too large',
    status: 502,
    class: 'permanent',
    sources: ['api'],
    meaning: 'The media is larger than the 100 MiB that are passed on.',
    whatToDo: 'Ask the user for a smaller file.',
  },
  {
    code: 'media_refused',
    title: 'Media refused',
    status: 502,
    class: 'configuration',
    sources: ['api'],
    meaning: 'Kernel refuses the credentials of the channel, or names an address that must not be called.',
    whatToDo: 'Give the channel a valid accessToken, and check its apiBaseUrl.',
  },
  {
    code: 'media_unavailable',
    title: 'Media unavailable',
    status: 503,
    class: 'transient',
    sources: ['api'],
    meaning: 'Kernel could not be reached or gave no usable answer, or the channel fetches as many at once as it may.',
    whatToDo: 'Ask again after the time in `Retry-After`.',
  },
  {
    code: 'templates_unavailable',
    title: 'Templates unavailable',
    status: 503,
    class: 'transient',
    sources: ['api'],
    meaning: 'Kernel could not be reached, or gave no usable list of templates.',
    whatToDo: 'Check `wabaId` and the access token, which needs whatsapp_business_management; else ask again later.',
  },
];
