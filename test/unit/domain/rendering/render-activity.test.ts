import { describe, expect, it } from 'vitest';
import { renderActivity } from '../../../../src/domain/rendering/render-activity.ts';
import { isJsonObject, type JsonObject } from '../../../../src/domain/rendering/payload.ts';

const to = '+34600111222';

function render(activity: JsonObject) {
  return renderActivity({ activity: { type: 'message', ...activity }, to });
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
    const rendered = renderActivity({ activity: { type: 'message', text: 'a' }, to: '+34 (600) 111-222' });
    expect(rendered).toMatchObject({ parts: [{ to: '+34600111222' }] });
  });

  it.each(['typing', 'event', 'endOfConversation', 'trace'])('skips an activity of type %s', (type) => {
    expect(renderActivity({ activity: { type, text: 'a' }, to })).toEqual({ kind: 'skipped', activityType: type });
  });

  it.each([
    ['no text', {}, ['/text']],
    ['an empty text', { text: '' }, ['/text']],
    ['blanks for a text', { text: ' \n' }, ['/text']],
    ['a text that is none', { text: 7 }, ['/text']],
    ['XML', { text: 'a', textFormat: 'xml' }, ['/textFormat']],
    ['attachments', { text: 'a', attachments: [{ contentType: 'image/png' }] }, ['/attachments']],
    ['suggested actions', { text: 'a', suggestedActions: { actions: [{}] } }, ['/suggestedActions']],
    ['a native part that is no object', { text: 'a', channelData: { whatsapp: 'b' } }, ['/channelData/whatsapp']],
  ])('fails on %s and points at it', (_, activity, pointers) => {
    expect(pointersOf(activity)).toEqual(pointers);
  });

  it('points at a missing type', () => {
    expect(renderActivity({ activity: { text: 'a' }, to })).toMatchObject({
      failure: { errors: [{ pointer: '/type' }] },
    });
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
