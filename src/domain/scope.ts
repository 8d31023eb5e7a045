/** What a tenant's key may do. One scope opens the reads and the writes of its resource unless there is one for each. */
export const scopes = [
  'messages:write',
  'notifications:write',
  'jobs:read',
  'jobs:write',
  'content:read',
  'directory:write',
  'config:write',
  'inbox:read',
  'inbox:write',
  'events:read',
] as const;
export type Scope = (typeof scopes)[number];
