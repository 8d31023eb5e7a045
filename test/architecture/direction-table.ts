/** What the files of one folder of `src/` may import. What is not named is forbidden. */
interface Direction {
  /** Folders of `src/` it may import from, besides itself. */
  readonly folders: readonly string[];
  /** Folders of which it may import types, and nothing that exists at run time. */
  readonly typeFolders: readonly string[];
  /** Packages, their subpaths included; `node:` stands for all of Node's own modules. */
  readonly packages: readonly string[];
}

/** The one table of who may import whom; `.oxlintrc.json` says the same to editors, and a test compares the two. */
export const directions: Readonly<Record<string, Direction>> = {
  domain: { folders: [], typeFolders: [], packages: [] },
  // Mechanisms over a clock that is given to them; they know nothing of messages.
  concurrency: { folders: [], typeFolders: [], packages: [] },
  contracts: { folders: ['domain'], typeFolders: [], packages: ['zod', '@temporalio/workflow'] },
  workflows: { folders: ['domain', 'contracts'], typeFolders: [], packages: ['@temporalio/workflow'] },
  store: { folders: ['domain'], typeFolders: ['contracts'], packages: ['pg', 'node:'] },
  upstreams: {
    folders: ['domain'],
    typeFolders: ['contracts'],
    packages: ['undici', 'ipaddr.js', 'google-auth-library', 'node:'],
  },
  temporal: {
    folders: ['domain', 'contracts', 'concurrency'],
    typeFolders: [],
    packages: ['@temporalio/client', '@temporalio/common', '@temporalio/worker', '@temporalio/proto', 'node:'],
  },
  activities: {
    folders: ['domain', 'contracts', 'concurrency', 'store', 'upstreams', 'temporal'],
    typeFolders: [],
    packages: ['@temporalio/activity', '@temporalio/common', 'node:'],
  },
  usecases: { folders: ['domain', 'contracts', 'store', 'temporal'], typeFolders: [], packages: ['node:'] },
  http: {
    folders: ['contracts', 'domain', 'usecases', 'store', 'console'],
    typeFolders: [],
    packages: ['fastify', '@fastify', 'fastify-type-provider-zod', 'zod', 'prom-client', 'lru-cache', 'leven', 'node:'],
  },
  console: { folders: ['domain', 'contracts'], typeFolders: [], packages: ['zod', 'node:'] },
  // Carries out what domain asks of a key ring; only the doors put it in.
  encryption: { folders: ['domain'], typeFolders: [], packages: ['node:'] },
  // Published as @waypost/client: it stands on nothing of ours, and runs in browsers.
  client: { folders: [], typeFolders: [], packages: ['openapi-fetch', 'standardwebhooks'] },
  // Speaks to the api as any caller does; what doctor asks of the server itself comes from the door.
  'command-line': {
    folders: ['client'],
    typeFolders: ['usecases'],
    packages: ['commander', 'csv-parse', '@modelcontextprotocol/sdk', 'zod', 'node:'],
  },
};

/** Files right under `src/` that start a process or read its environment: nothing in a folder imports them. */
export const doors: readonly string[] = ['api.ts', 'worker.ts', 'migrate.ts', 'rotate-keys.ts', 'cli.ts', 'config.ts'];
