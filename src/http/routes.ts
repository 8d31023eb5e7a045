import type { ConsoleSessions } from '../console/session.ts';
import type { App } from './app.ts';
import type { AppDependencies } from './app-dependencies.ts';
import type { CallbackKeySource } from './callback-keys.ts';
import type { ReadBody } from './read-body.ts';
import { registerApiKeyRoutes } from './routes/api-keys.ts';
import { registerAttachmentRoutes } from './routes/attachments.ts';
import { registerAuditRoute } from './routes/audit.ts';
import { registerCallbackRoutes } from './routes/callbacks.ts';
import { registerChannelRoutes } from './routes/channels.ts';
import { registerConsoleRoutes } from './routes/console.ts';
import { registerConnectorRoutes } from './routes/connector.ts';
import { registerCodecRoutes } from './routes/codec.ts';
import { registerDeliveryRoutes } from './routes/deliveries.ts';
import { registerDirectoryImportRoute } from './routes/directory-import.ts';
import { registerDirectorySettingRoutes } from './routes/directory-settings.ts';
import { registerDirectoryRoutes } from './routes/directory.ts';
import { registerEventRoutes } from './routes/events.ts';
import { registerHealthRoutes } from './routes/health.ts';
import { registerInboxRoutes } from './routes/inbox.ts';
import { registerIntegrationIntakeRoutes } from './routes/integration-intake.ts';
import { registerIntegrationRoutes } from './routes/integrations.ts';
import { registerJobContentRoute } from './routes/job-content.ts';
import { registerJobRecipientRoutes } from './routes/job-recipients.ts';
import { registerJobsInBulkRoutes } from './routes/jobs-in-bulk.ts';
import { registerJobRoutes } from './routes/jobs.ts';
import { registerMessageRoutes } from './routes/messages.ts';
import { registerNoticeRoutes } from './routes/notices.ts';
import { registerNotificationRoutes } from './routes/notifications.ts';
import { registerOptOutRoutes } from './routes/opt-outs.ts';
import { registerProblemInstanceRoutes } from './routes/problem-instances.ts';
import { registerProblemRoutes } from './routes/problems.ts';
import { registerReadMarkRoute } from './routes/read-marks.ts';
import { registerRecipientRoutes } from './routes/recipients.ts';
import { registerTemplateRoutes } from './routes/templates.ts';
import { registerTenantRoutes } from './routes/tenants.ts';
import { registerUsageRoute } from './routes/usage.ts';
import { registerWebhookDeliveryRoutes } from './routes/webhook-deliveries.ts';
import { registerWebhookRoutes } from './routes/webhooks.ts';

/** Every route module, by name: a module that is not here answers to nobody. */
export function registerRoutes(
  app: App,
  dependencies: AppDependencies & {
    readonly callbackKeys: CallbackKeySource;
    readonly readBody: ReadBody;
    readonly sessions: ConsoleSessions;
    readonly probeCacheMs: number;
  },
): void {
  registerHealthRoutes(app, dependencies);
  registerProblemRoutes(app, dependencies);
  registerProblemInstanceRoutes(app, dependencies);
  registerCodecRoutes(app, dependencies);
  registerConsoleRoutes(app, dependencies);
  registerTemplateRoutes(app, dependencies);
  registerReadMarkRoute(app, dependencies);
  registerTenantRoutes(app, dependencies);
  registerApiKeyRoutes(app, dependencies);
  registerAuditRoute(app, dependencies);
  registerChannelRoutes(app, dependencies);
  registerIntegrationRoutes(app, dependencies);
  registerDirectoryRoutes(app, dependencies);
  registerDirectorySettingRoutes(app, dependencies);
  registerDirectoryImportRoute(app, dependencies);
  registerMessageRoutes(app, dependencies);
  registerJobRoutes(app, dependencies);
  registerJobsInBulkRoutes(app, dependencies);
  registerRecipientRoutes(app, dependencies);
  registerOptOutRoutes(app, dependencies);
  registerUsageRoute(app, dependencies);
  registerCallbackRoutes(app, dependencies);
  registerNoticeRoutes(app, dependencies);
  registerConnectorRoutes(app, dependencies);
  registerAttachmentRoutes(app, dependencies);
  registerNotificationRoutes(app, dependencies);
  registerIntegrationIntakeRoutes(app, dependencies);
  registerJobContentRoute(app, dependencies);
  registerJobRecipientRoutes(app, dependencies);
  registerDeliveryRoutes(app, dependencies);
  registerInboxRoutes(app, dependencies);
  registerEventRoutes(app, dependencies);
  registerWebhookRoutes(app, dependencies);
  registerWebhookDeliveryRoutes(app, dependencies);
}
