import type { WindowSettings } from '../../src/domain/message/conversation-window.ts';
import { openPeopleFixture } from './people-fixture.ts';

export const dayMs = 24 * 3_600_000;
/** The template that asks a person to write. */
export const comeBack = { name: 'come_back', language: { code: 'es' } };

/** A person on a channel with a rule for messages outside their window; `open` makes both anew. */
export async function openWindowFixture() {
  const place = await openPeopleFixture();
  let channelId = '';
  let { phone } = place.somebody();
  const hear = (text = 'Hola') => place.hear(channelId, { phones: [phone] }, { text: { body: text } });
  const accept = (text: string, members: Parameters<typeof place.accept>[1] = {}) =>
    place.accept(channelId, {
      to: phone,
      conversationId: `conv-${phone}`,
      request: { activity: { type: 'message', text } },
      expiresAt: new Date(place.nowMs() + 30 * dayMs),
      ...members,
    });
  /** What the stand-in got for the person, in its order. */
  const sent = (number = phone) =>
    place.kernel.sends
      .list()
      .filter(({ to, outcome }) => to === number.slice(1) && outcome === 'accepted')
      .map(({ payload }) => {
        const { text, template: named } = payload as { text?: { body: string }; template?: { name: string } };
        return text?.body ?? named?.name;
      });
  /** Attempts what is due, as the dispatcher does, until nothing is. */
  async function work(): Promise<void> {
    for (let rounds = 0; rounds < 20; rounds += 1) {
      const due = await place.rows<{ id: string }>(
        `select id from job where channel_id = $1 and kind = 'message' and state in ('queued', 'held') and wake_at < expires_at
          order by acceptance`,
        [channelId],
      );
      if (due.length === 0) return;
      for (const { id } of due) await place.attempt(id);
      place.skip(1);
    }
    throw new Error('it never comes to rest');
  }
  const stateOf = async ({ id }: { id: string }) => {
    const { state, waitingFor, error } = await place.find(id);
    return [state, waitingFor?.reason ?? null, error?.code ?? null];
  };
  return {
    ...place,
    /** Who is written to, and where. */
    now: () => ({ channelId, phone }),
    open: async (window: WindowSettings) => {
      ({ phone } = place.somebody());
      channelId = await place.addBotChannel({ window });
    },
    hearThem: hear,
    write: accept,
    sentTo: sent,
    work,
    stateOf,
  };
}
