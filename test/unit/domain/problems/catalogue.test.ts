import { describe, expect, it } from 'vitest';
import { describeCode, problemCatalogue } from '../../../../src/domain/problems/catalogue.ts';
import { whatsappProblemCode } from '../../../../src/domain/problems/catalogue/provider-problems.ts';

describe('the problem catalogue', () => {
  it('holds each code once, in snake_case, with a title, a meaning and a way out', () => {
    const codes = problemCatalogue.map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
    for (const type of problemCatalogue) {
      expect(type).toMatchObject({
        code: expect.stringMatching(/^[a-z]+(_[a-z]+)*$/),
        title: expect.stringMatching(/^[A-Z`].{3,}/),
        meaning: expect.stringMatching(/^[A-Z`].*\.$/),
        whatToDo: expect.stringMatching(/^[A-Z].*\.$/),
      });
      expect(type.sources).not.toHaveLength(0);
      expect(type.status).toBeGreaterThanOrEqual(400);
    }
  });

  it.each([
    ['unspecified_receivers', 400],
    ['unspecified_users', 400],
    ['error_retrieving_active_users_for_merchant', 500],
    ['no_active_users_for_merchant', 404],
    ['no_active_user_for_merchant', 404],
    ['unable_to_map_custom_notification', 500],
    ['unable_to_save_custom_notification', 500],
    ['invalid_user_language_configured', 404],
    ['error_processing_data', 400],
    ['push_notifications_disabled', 403],
    ['custom_notification_not_delivered', 500],
    ['custom_notification_errors_not_delivered', 500],
    ['idempotency_key_reused', 422],
    ['idempotency_in_progress', 409],
    ['url_not_allowed', 422],
    ['signature_missing', 401],
    ['signature_invalid', 403],
  ])('answers for %s with HTTP status %i', (code, status) => {
    expect(describeCode(code)?.status).toBe(status);
  });

  it('answers for a code of the error table', () => {
    expect(describeCode('whatsapp_131026')).toMatchObject({
      title: 'Message undeliverable',
      status: 400,
      class: 'permanent',
    });
    expect(describeCode('whatsapp_210')?.title).toBe('API permission missing');
  });

  it('answers in general for a WhatsApp code that no table lists, since its type must have a page', () => {
    expect(describeCode('whatsapp_999999')?.meaning).toContain('999999');
  });

  it('answers for push codes, listed or not', () => {
    expect(describeCode('fcm_UNREGISTERED')).toMatchObject({ status: 404, class: 'permanent' });
    expect(describeCode('fcm_SOMETHING_NEW')).toMatchObject({ status: 502, sources: ['push'] });
  });

  it.each(['nonsense', '', 'constructor', '__proto__', 'whatsapp_', 'whatsapp_a b', 'fcm_lower', 'fcm_'])(
    'knows nothing of "%s"',
    (code) => {
      expect(describeCode(code)).toBeUndefined();
    },
  );

  it('makes no problem code of a provider code that could not stand in a URL', () => {
    expect(whatsappProblemCode('131026')).toBe('whatsapp_131026');
    expect(whatsappProblemCode('../admin')).toBeNull();
    expect(whatsappProblemCode('9'.repeat(33))).toBeNull();
  });
});
