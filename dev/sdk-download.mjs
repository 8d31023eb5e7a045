// Run as a program of its own, because the SDK's download cannot be cancelled: `node dev/sdk-download.mjs <kind> <dir>`
// has the SDK fetch its default server into the folder. The SDK starts what it fetched; here only the file matters.
import { TestWorkflowEnvironment } from '@temporalio/testing';

const [kind, downloadDir] = process.argv.slice(2);
const server = { executable: { type: 'cached-download', downloadDir } };
const environment =
  kind === 'cli'
    ? await TestWorkflowEnvironment.createLocal({ server })
    : await TestWorkflowEnvironment.createTimeSkipping({ server });
await environment.teardown();
