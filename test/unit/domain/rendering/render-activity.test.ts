import { describe, expect, it } from 'vitest';
import { cloudApiPayload } from '../../../support/cloud-api-payload.ts';
import { cardCases, culpritCases, mediaCases, oddCases, placeCases } from './activity-cases.ts';
import { dataUriCases } from './data-uri-cases.ts';
import { limitCases } from './limit-cases.ts';
import { optionCases } from './option-cases.ts';
import { renderActivity } from '../../../../src/domain/rendering/render-activity.ts';
import { isJsonObject, type JsonObject } from '../../../../src/domain/rendering/payload.ts';

const to = '+34600111222';

/** Whatever a test is about, what it renders must be something that the provider takes. */
function render(activity: JsonObject, quotedMessageId: string | null = null) {
  const rendered = renderActivity({ activity: { type: 'message', ...activity }, to, quotedMessageId });
  const isNative = isJsonObject(activity['channelData']) && 'whatsapp' in activity['channelData'];
  if (rendered.kind !== 'parts' || isNative) return rendered;
  for (const part of rendered.parts) expect(cloudApiPayload.safeParse(part).error).toBeUndefined();
  return rendered;
}

function pointersOf(activity: JsonObject) {
  const rendered = render(activity);
  return rendered.kind === 'failed' ? rendered.failure.errors.map(({ pointer }) => pointer) : [];
}

function bodiesOf(activity: JsonObject) {
  const rendered = render(activity);
  if (rendered.kind !== 'parts') return [];
  return rendered.parts.map((part) => (isJsonObject(part['text']) ? String(part['text']['body']) : ''));
}

describe('renderActivity', () => {
  it('makes a text message of a text', () => {
    expect(render({ text: 'Hola', locale: 'es' })).toEqual({
      kind: 'parts',
      parts: [
        { messaging_product: 'whatsapp', recipient_type: 'individual', to, type: 'text', text: { body: 'Hola' } },
      ],
      files: [],
    });
  });

  it('reads markdown only where the activity says so', () => {
    expect(bodiesOf({ text: '**a**', textFormat: 'markdown' })).toEqual(['*a*']);
    expect(bodiesOf({ text: '**a**' })).toEqual(['**a**']);
    expect(bodiesOf({ text: '**a**', textFormat: 'plain' })).toEqual(['**a**']);
  });

  it('splits a long text into several sends in order', () => {
    const text = Array.from({ length: 2_000 }, (_, line) => `line ${line}`).join('\n');
    const bodies = bodiesOf({ text });
    expect(bodies.length).toBeGreaterThan(1);
    expect(bodies.join('')).toBe(text);
    for (const body of bodies) expect(body.length).toBeLessThanOrEqual(4_096);
  });

  it('sends no part of blanks only', () => {
    expect(bodiesOf({ text: `a${' '.repeat(10_000)}b` }).map((body) => body.trim())).toEqual(['a', 'b']);
  });

  it('takes the formatting out of the number and keeps its plus', () => {
    const activity = { type: 'message', text: 'a' };
    const rendered = renderActivity({ activity, to: '+34 (600) 111-222', quotedMessageId: null });
    expect(rendered).toMatchObject({ parts: [{ to: '+34600111222' }] });
  });

  it.each(['typing', 'event', 'endOfConversation', 'trace'])('skips an activity of type %s', (type) => {
    expect(render({ type, text: 'a' })).toEqual({ kind: 'skipped', activityType: type });
  });

  const address = { messaging_product: 'whatsapp', recipient_type: 'individual', to };

  it.each([...mediaCases, ...cardCases, ...optionCases, ...placeCases, ...oddCases])(
    'renders %s',
    (_, activity, sends) => {
      const parts = sends.map((send) => ({ ...address, ...send }));
      expect(render(activity)).toEqual({ kind: 'parts', parts, files: [] });
    },
  );

  it.each(limitCases)('keeps the limits with %s', (_, activity, sends) => {
    const parts = sends.map((send) => ({ ...address, ...send }));
    expect(render(activity)).toEqual({ kind: 'parts', parts, files: [] });
  });

  it.each(dataUriCases)('renders a data URI: %s', (_, activity, sends, uploads) => {
    const rendered = render(activity);
    const files = rendered.kind === 'parts' ? rendered.files : [];
    const parts = sends.map((send) => ({ ...address, ...send }));
    expect(rendered).toMatchObject({ kind: 'parts', parts });
    expect(files.map(({ part, file }) => [part, file.contentType, file.filename, file.bytes.length])).toEqual(uploads);
  });

  it.each(culpritCases)('fails on %s and points at it', (_, activity, pointers) => {
    expect(pointersOf(activity)).toEqual(pointers);
  });

  it('lists no more culprits than anyone would read', () => {
    expect(pointersOf({ attachments: Array.from({ length: 100 }, () => 7) })).toHaveLength(20);
  });

  it('quotes the message that the caller names, in the first send only', () => {
    const rendered = render({ text: 'a'.repeat(5_000) }, 'wamid.A=');
    expect(rendered).toMatchObject({ parts: [{ context: { message_id: 'wamid.A=' } }, {}] });
    expect(rendered.kind === 'parts' && rendered.parts.map((part) => 'context' in part)).toEqual([true, false]);
  });

  it('leaves the context of a native object alone, and quotes with no reaction', () => {
    const context = { message_id: 'wamid.own' };
    const whatsapp = { type: 'text', text: { body: 'a' }, context };
    expect(render({ channelData: { whatsapp } }, 'wamid.other')).toMatchObject({ parts: [{ context }] });
    const reaction = { type: 'reaction', reaction: { message_id: 'wamid.1', emoji: '👍' } };
    expect(JSON.stringify(render({ channelData: { whatsapp: reaction } }, 'wamid.other'))).not.toContain('context');
  });

  it('points at a missing type', () => {
    const rendered = renderActivity({ activity: { text: 'a' }, to, quotedMessageId: null });
    expect(rendered).toMatchObject({ failure: { errors: [{ pointer: '/type' }] } });
  });

  it('does not mind the empty lists that bot SDKs write', () => {
    expect(bodiesOf({ text: 'a', attachments: [], suggestedActions: { actions: [] }, channelData: {} })).toEqual(['a']);
  });

  it('lets a native object win over the text', () => {
    const whatsapp = { type: 'location', location: { latitude: 1, longitude: 2 } };
    expect(render({ text: 'a', channelData: { whatsapp } })).toMatchObject({
      kind: 'parts',
      parts: [{ type: 'location', location: { latitude: 1, longitude: 2 }, to }],
    });
  });

  it('says that rendering failures are for the user and never recoverable', () => {
    expect(render({})).toMatchObject({
      failure: { code: 'rendering_failed', source: 'rendering', class: 'permanent', userCanBeTold: true },
    });
  });
});
