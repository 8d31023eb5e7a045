/**
 * Peer: DBOS 5, a durable workflow of one step a message. The callback writes the final row, as with Waypost, where the workflow
 * ends with the send as well: a workflow that waited for it (`DBOS.recv`) would cost two transactions and a step more.
 */
import { DBOS } from '@dbos-inc/dbos-sdk';
import { createTable, databaseUrl, deliver, query, serve, setDelivered } from './unit-of-work.mjs';

await createTable();
DBOS.setConfig({
  name: 'waypost-bench-peer',
  systemDatabaseUrl: databaseUrl,
  systemDatabasePoolSize: 20,
  logLevel: 'error',
});
const deliverMessage = DBOS.registerWorkflow((id) => DBOS.runStep(() => deliver(id), { name: 'deliver' }), {
  name: 'deliverMessage',
});
await DBOS.launch();
serve({
  async accept({ id, to, activity }) {
    await query('accept', "insert into message (id, recipient, activity, state) values ($1, $2, $3, 'accepted')", [
      id,
      to,
      activity,
    ]);
    await DBOS.startWorkflow(deliverMessage, { workflowID: id })(id);
  },
  onDelivered: setDelivered,
});
