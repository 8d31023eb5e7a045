import { runHealthy } from './healthy.ts';
import { runImport } from './import.ts';
import { runInbox } from './inbox.ts';
import { runNotifications } from './notifications.ts';
import { runLists } from './lists/lists.ts';
import type { RunScenario } from './scenario.ts';

/** What can be asked for by name; a new scenario is a file with its runner, and a line here. */
export const scenarios: Readonly<Record<string, RunScenario>> = {
  healthy: (context) => runHealthy(context, { withSubscriber: false }),
  webhooks: (context) => runHealthy(context, { withSubscriber: true }),
  notifications: runNotifications,
  import: runImport,
  inbox: runInbox,
  lists: runLists,
};
