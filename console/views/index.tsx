import type { ComponentType } from 'preact';
import { Audit } from './audit.tsx';
import { ChannelPage, Channels } from './channels.tsx';
import { Conversations } from './conversations.tsx';
import { DeliveryPage } from './delivery.tsx';
import { JobPage } from './job.tsx';
import { Jobs } from './jobs.tsx';
import { Keys } from './keys.tsx';
import { NoticePage, Notices } from './notices.tsx';
import { OptOuts } from './opt-outs.tsx';
import { Overview } from './overview.tsx';
import { ProblemPage, Problems } from './problems.tsx';
import { TemplateChannels, Templates } from './templates.tsx';
import type { ViewProps } from './view-props.ts';
import { WebhookPage, Webhooks } from './webhooks.tsx';

interface SectionEntry {
  readonly name: string;
  readonly title: string;
  /** Not in the navigation. */
  readonly isHidden?: boolean;
  readonly list: ComponentType<ViewProps>;
  readonly one?: ComponentType<ViewProps>;
}

const all: readonly SectionEntry[] = [
  { name: 'overview', title: 'Overview', list: Overview },
  { name: 'jobs', title: 'Jobs', list: Jobs, one: JobPage },
  { name: 'conversations', title: 'Conversations', list: Conversations },
  { name: 'problems', title: 'Problems', list: Problems, one: ProblemPage },
  { name: 'channels', title: 'Channels', list: Channels, one: ChannelPage },
  { name: 'webhooks', title: 'Webhooks', list: Webhooks, one: WebhookPage },
  { name: 'templates', title: 'Templates', list: TemplateChannels, one: Templates },
  { name: 'notices', title: 'Notices', list: Notices, one: NoticePage },
  { name: 'opt-outs', title: 'Opt-outs', list: OptOuts },
  { name: 'keys', title: 'Keys', list: Keys },
  { name: 'audit', title: 'Audit', list: Audit },
  { name: 'deliveries', title: 'Deliveries', isHidden: true, list: Webhooks, one: DeliveryPage },
];

export const sections = all.filter(({ isHidden }) => isHidden !== true);

/** What an address shows; an unknown one shows the overview. */
export function viewOf(section: string, id: string): { title: string; view: ComponentType<ViewProps> } {
  const entry = all.find(({ name }) => name === section) ?? { title: 'Overview', list: Overview };
  return { title: entry.title, view: (id !== '' && 'one' in entry && entry.one) || entry.list };
}
