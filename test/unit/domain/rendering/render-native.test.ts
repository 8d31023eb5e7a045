import { describe, expect, it } from 'vitest';
import { renderNative } from '../../../../src/domain/rendering/render-native.ts';

const to = '+34600111222';

function render(whatsapp: unknown) {
  return renderNative({ whatsapp, to, pointer: '/whatsapp' });
}

describe('renderNative', () => {
  it('passes a template through and adds who it is for', () => {
    const template = { name: 'invoice', language: { code: 'es' } };
    expect(render({ type: 'template', template, context: { message_id: 'wamid.1' } })).toEqual({
      kind: 'parts',
      parts: [
        {
          messaging_product: 'whatsapp',
          recipient_type: 'individual',
          to,
          type: 'template',
          template,
          context: { message_id: 'wamid.1' },
        },
      ],
      files: [],
    });
  });

  it('takes a list where the type has one', () => {
    expect(render({ type: 'contacts', contacts: [{ name: {} }] }).kind).toBe('parts');
  });

  it('lets nobody redirect a message or forge our correlation from inside', () => {
    const rendered = render({ type: 'text', text: { body: 'a' }, to: '+1', biz_opaque_callback_data: 'msg_other' });
    expect(rendered).toMatchObject({ parts: [{ to }] });
    expect(JSON.stringify(rendered)).not.toContain('msg_other');
    const toUser = { whatsapp: { type: 'text', text: { body: 'a' }, to: '+1' }, to: 'ES.1349', pointer: '/whatsapp' };
    const address = { messaging_product: 'whatsapp', recipient_type: 'individual', recipient: 'ES.1349' };
    const parts = [{ type: 'text', text: { body: 'a' }, ...address }];
    expect(renderNative(toUser)).toEqual({ kind: 'parts', parts, files: [] });
  });

  it.each([
    ['no object', 'text', '/whatsapp'],
    ['a list', [], '/whatsapp'],
    ['no type', { text: { body: 'a' } }, '/whatsapp/type'],
    ['a type that is no word', { type: 1 }, '/whatsapp/type'],
    ['no member for its type', { type: 'template' }, '/whatsapp/template'],
    ['a member that is no object', { type: 'text', text: 'a' }, '/whatsapp/text'],
    ['a type from the prototype', { type: 'constructor' }, '/whatsapp/constructor'],
    ['a type with signs in it', { type: 'a/b~c' }, '/whatsapp/a~1b~0c'],
  ])('fails on %s and points at it', (_, whatsapp, pointer) => {
    expect(render(whatsapp)).toMatchObject({ kind: 'failed', failure: { errors: [{ pointer }] } });
  });
});
