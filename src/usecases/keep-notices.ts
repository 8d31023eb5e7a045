import { createHash } from 'node:crypto';
import type { CallbackNotice } from '../contracts/http/callback-items.ts';
import { readContacts, readId, readPhone, readSender } from '../contracts/http/callback-senders.ts';
import { readUnixTime } from '../contracts/http/callbacks.ts';
import { toCanonicalJson } from '../domain/canonical-json.ts';
import type { CreateId } from '../domain/ids.ts';
import { nameOfIdentity } from '../domain/identity/identity.ts';
import type { Failure } from '../domain/failure.ts';
import { callbackFailure } from '../domain/message/kernel-failure.ts';
import { judgeTemplate, readTemplateNews } from '../domain/message/template.ts';
import {
  errorOfNotice,
  kindOfNotice,
  labelOfField,
  type NoticeEffect,
  readCall,
  readPreference,
  summarizeNotice,
} from '../domain/notice/notice.ts';
import { buildProblem } from '../domain/problems/build-problem.ts';
import type { Problem } from '../domain/problems/problem.ts';
import { isJsonObject } from '../domain/rendering/payload.ts';
import { findChannelOfNumber } from '../store/channel-numbers.ts';
import type { ChannelStore } from '../store/channels.ts';
import { releaseHeldForTemplate } from '../store/held-releases.ts';
import { insertNotices, type NoticeToKeep } from '../store/notices.ts';
import type { OptOutStore } from '../store/opt-outs.ts';
import { findKnown } from '../store/people.ts';
import { openWindow } from '../store/reply-windows.ts';
import { keepTemplateNews } from '../store/templates.ts';
import type { Transactions, Tx } from '../store/transactions.ts';

const noticesAtOnce = 200;

/** `repeated` = kept before, from an earlier delivery of the same callback. */
export interface KeptNotices {
  readonly notices: number;
  readonly repeatedNotices: number;
}

/** Told of each notice that is durable: `field` is one of Meta's, or `other`. */
export type OnNotice = (field: string, effect: NoticeEffect | 'repeated') => void;

export interface KeepNotices {
  /** Keeps the notices of one callback. When it returns, all of them are durable; the same callback again keeps none twice. */
  (
    given: { readonly tenantId: string; readonly channelId: string; readonly requestId: string },
    notices: readonly CallbackNotice[],
    onNotice?: OnNotice,
  ): Promise<KeptNotices>;
}

export function createKeepNotices(dependencies: {
  readonly transactions: Transactions;
  readonly channels: ChannelStore;
  readonly optOuts: Pick<OptOutStore, 'optOut' | 'optIn'>;
  readonly createId: CreateId;
  readonly clock: () => Date;
}): KeepNotices {
  const { transactions, channels, optOuts, createId, clock } = dependencies;

  return async function keepNotices(given, notices, onNotice = () => undefined) {
    const total = { notices: 0, repeatedNotices: 0 };
    for (let from = 0; from < notices.length; from += noticesAtOnce) {
      const some = notices.slice(from, from + noticesAtOnce);
      const { made, kept } = await transactions.withTenant(given.tenantId, async (tx) => {
        const all: NoticeToKeep[] = [];
        for (const notice of some) all.push(await describe(tx, given, notice));
        const stored = await insertNotices(tx, all, createId);
        for (const { id, channelId, effect, problem } of all) {
          // One that was paused for it before, and resumed since, is not paused again by a repetition.
          if (stored.has(id) && effect === 'channel_paused') await channels.pause(tx, channelId, problem, clock());
        }
        for (const [index, notice] of all.entries()) {
          if (!stored.has(notice.id)) continue;
          await heedPreference(tx, notice);
          await heedCall(tx, notice);
          await heedTemplate(tx, notice, some[index]?.wabaId ?? null);
        }
        return { made: all, kept: stored };
      });
      for (const { id, field, effect } of made) {
        const isNew = kept.has(id);
        total[isNew ? 'notices' : 'repeatedNotices'] += 1;
        onNotice(labelOfField(field), isNew ? effect : 'repeated');
      }
    }
    return total;
  };

  /** A person has switched marketing off, or on again, at WhatsApp. */
  async function heedPreference(tx: Tx, { tenantId, channelId, kind, raw, effect }: NoticeToKeep): Promise<void> {
    const preference = effect === 'quarantined' ? null : preferenceOf(kind, raw);
    if (preference === null) return;
    const { id } = preference;
    const said = { tenantId, channelId, id, category: 'marketing', source: 'user_preferences', now: clock() } as const;
    await (preference.effect === 'opted_in' ? optOuts.optIn(tx, said) : optOuts.optOut(tx, said));
  }

  /** A call opens the window as a word does. */
  async function heedCall(tx: Tx, { channelId, kind, raw, context, effect }: NoticeToKeep): Promise<void> {
    const call = effect === 'quarantined' ? null : readCall(kind, raw);
    if (call === null) return;
    const now = clock();
    const saidAt = readUnixTime(call['timestamp']);
    const heardAt = saidAt === null || saidAt > now ? now : saidAt;
    // Who has no number is named by a user id, in the call or in its contact.
    const contacts = readContacts(isJsonObject(context) ? context['contacts'] : null);
    const sender = readSender(call, contacts, { isAlone: true, at: heardAt });
    const channel = sender === null ? null : await channels.findWhatsapp(tx, channelId);
    if (sender === null || channel === null) return;
    const id = sender.from;
    const person = (await findKnown(tx, id))?.name ?? nameOfIdentity(id);
    await openWindow(tx, { channel, id, person, heardAt, now });
  }

  /** What a template may be used for has changed. */
  async function heedTemplate(tx: Tx, notice: NoticeToKeep, wabaId: string | null): Promise<void> {
    const { tenantId, channelId, field, raw, effect } = notice;
    const news = effect === 'quarantined' ? null : readTemplateNews(field, raw);
    if (news === null) return;
    const called = await channels.findWhatsapp(tx, channelId);
    const account = wabaId ?? called?.settings.wabaId ?? null;
    const now = clock();
    if (account !== null) await keepTemplateNews(tx, { tenantId, wabaId: account, now }, [news]);
    // Also of a channel without an account: what Kernel has held waits there.
    if (news.status !== null && judgeTemplate(news.status) !== 'hold')
      await releaseHeldForTemplate(tx, { wabaId: account, channelId, template: news, now });
  }

  async function describe(
    tx: Tx,
    given: { readonly tenantId: string; readonly channelId: string; readonly requestId: string },
    notice: CallbackNotice,
  ): Promise<NoticeToKeep> {
    const { field, list, raw, context, fault, entryTime, phoneNumberId } = notice;
    const { tenantId } = given;
    const channel = await findChannelOfNumber(tx, channels, given.channelId, phoneNumberId);
    const channelId = channel?.id ?? given.channelId;
    const kind = kindOfNotice(field, list, raw);
    const error = fault === null ? errorOfNotice(kind, raw) : null;
    const failure = error === null ? null : callbackFailure(error, channel?.settings.errorOverrides ?? {});
    const preference = fault === null ? preferenceOf(kind, raw) : null;
    const pauses = failure !== null && (failure.class === 'configuration' || failure.class === 'policy');
    return {
      id: createId('notice'),
      tenantId,
      channelId,
      field,
      list,
      kind,
      summary: summarizeNotice(field, kind, raw),
      effect:
        fault !== null
          ? 'quarantined'
          : pauses
            ? 'channel_paused'
            : (preference?.effect ?? effectOnTemplate(field, raw)),
      problem: fault === null ? failure && describeFailure(given, failure) : describeFailure(given, unreadable(fault)),
      raw,
      context,
      fingerprint: createHash('sha256')
        .update(toCanonicalJson([channelId, field, list, raw, entryTime]))
        .digest('hex'),
      createdAt: clock(),
    };
  }

  function describeFailure(
    { tenantId, requestId }: { tenantId: string; requestId: string },
    failure: Failure,
  ): Problem {
    return buildProblem({
      failure,
      problemId: createId('problem'),
      attempt: null,
      jobId: null,
      requestId,
      tenantId,
      occurredAt: clock().toISOString(),
      nextAttemptAt: null,
    });
  }
}

function effectOnTemplate(field: string, raw: unknown): 'template_stopped' | 'none' {
  const status = readTemplateNews(field, raw)?.status ?? null;
  return judgeTemplate(status) === 'go' ? 'none' : 'template_stopped';
}

/** Null = it is none, or names nobody. */
function preferenceOf(kind: string, raw: unknown): { id: string; effect: 'opted_in' | 'opted_out' } | null {
  const preference = readPreference(kind, raw);
  const [phone, userId, parentUserId] = preference?.ids ?? [];
  const id = readPhone(phone) ?? readId(userId, 'user') ?? readId(parentUserId, 'parent');
  return preference === null || id === null
    ? null
    : { id, effect: preference.wantsMarketing ? 'opted_in' : 'opted_out' };
}

function unreadable(detail: string): Failure {
  return {
    code: 'notice_unreadable',
    source: 'whatsapp',
    class: 'permanent',
    scope: '',
    userCanBeTold: false,
    maxRetries: null,
    retryAfterMs: null,
    httpStatus: null,
    detail,
    provider: null,
    errors: [],
  };
}
