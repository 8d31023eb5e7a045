import { describe, expect, it } from 'vitest';
import { writeNotice } from '../../../../src/domain/message/notice.ts';
import { someWhatsappSettings } from '../../../support/a-channel.ts';
import { after, aJob, noon } from '../../../support/a-job.ts';

function notice(
  locale: string | undefined,
  userNotices: Readonly<Record<string, string>> = {},
  members: Parameters<typeof aJob>[0] = {},
  state = 'active',
) {
  const job = aJob({ request: { activity: { type: 'message', text: 'x', locale } }, ...members });
  const channel = { id: 'chn_1', state, settings: someWhatsappSettings({ userNotices }) };
  return writeNotice({ job, channel, id: 'msg_2', now: noon })?.job ?? null;
}

const own = { en: 'Sorry.', es: 'Lo sentimos.', 'pt-BR': 'Desculpe.' };

describe('writeNotice', () => {
  it.each([
    ['es', own, 'Lo sentimos.'],
    ['es-ES', own, 'Lo sentimos.'],
    ['ES', own, 'Lo sentimos.'],
    ['pt-BR', own, 'Desculpe.'],
    ['fr', own, 'Sorry.'],
    [undefined, own, 'Sorry.'],
    ['fr', { es: 'Lo sentimos.', it: 'Scusa.' }, 'Lo sentimos.'],
  ])('speaks to a reader of %s in the best of the words it has', (locale, notices, text) => {
    expect(notice(locale, notices)?.request).toMatchObject({ activity: { type: 'message', text } });
  });

  it('has words of its own where the channel has none', () => {
    expect(notice('es-MX')?.request).toMatchObject({ activity: { locale: 'es', text: /^Lo sentimos/ } });
  });

  it('is a message of its own: same group, named cause, an hour to live, no conversation to wait in', () => {
    const job = notice('es', own, { id: 'msg_1', groupId: 'group-1', conversationId: 'conv-1', requestId: 'req-7' });
    expect(job).toMatchObject({
      id: 'msg_2',
      origin: 'user_notice',
      causedBy: 'msg_1',
      groupId: 'group-1',
      conversationId: null,
      to: '+34600111222',
      requestId: 'req-7',
      expiresAt: after(3_600_000),
      state: 'queued',
    });
  });

  it('waits with its channel where that is paused', () => {
    expect(notice('es', own, {}, 'paused')).toMatchObject({ state: 'held', waitingFor: { reason: 'channel_paused' } });
  });

  it('reads no locale from a native object or from nonsense, and writes to nobody where there is nobody', () => {
    expect(notice('es', own, { request: { whatsapp: { type: 'text' } } })?.request).toMatchObject({
      activity: { text: 'Sorry.' },
    });
    expect(notice('es', own, { request: null })).not.toBeNull();
    expect(notice('es', own, { to: null })).toBeNull();
  });
});
