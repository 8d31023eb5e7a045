import { describe, expect, it } from 'vitest';
import { chooseLanguage, isLanguageTag } from '../../../src/domain/language.ts';

describe('isLanguageTag', () => {
  it.each([
    'en',
    'es-ES',
    'es_ES',
    'zh_Hant-TW',
    'ES-es',
    'zh-Hant-TW',
    'es-419',
    'sl-rozaj-biske',
    'de-CH-1901',
    'zh-yue',
    'en-u-ca-buddhist',
  ])('takes %s', (tag) => {
    expect(isLanguageTag(tag)).toBe(true);
  });

  it.each(['', 'e', 'english', 'not-a-language', 'en-', '-en', 'en--GB', 'e1', 'en GB', `en${'-abcde'.repeat(20)}`])(
    'refuses "%s"',
    (tag) => {
      expect(isLanguageTag(tag)).toBe(false);
    },
  );
});

describe('chooseLanguage', () => {
  it.each([
    ['the exact tag, in any case', 'ES-es', ['en', 'es', 'es-ES'], 'es-ES'],
    ['a tag that is written with an underscore', 'es_ES', ['en', 'es-ES'], 'es-ES'],
    ['one among tags that are written with underscores', 'pt-BR', ['pt', 'pt_BR'], 'pt_BR'],
    ['Hebrew by its old name', 'iw-IL', ['en', 'he'], 'he'],
    ['Indonesian by its old name', 'id', ['en', 'in'], 'in'],
    ['Bokmål for Norwegian', 'no', ['en', 'nb'], 'nb'],
    ['Norwegian for Bokmål', 'nb-NO', ['en', 'no'], 'no'],
    ['the base of the tag', 'es-ES', ['en', 'es'], 'es'],
    ['the nearest shorter tag', 'zh-Hant-TW', ['zh', 'zh-Hant'], 'zh-Hant'],
    ['the fallback', 'fr', ['de', 'en-GB'], 'en-GB'],
    ['the base of the fallback', 'fr', ['de', 'en'], 'en'],
    ['the first', 'fr', ['de', 'it'], 'de'],
    ['the fallback when nobody said what is wanted', null, ['de', 'en-GB'], 'en-GB'],
  ])('chooses %s', (_, wanted, available, chosen) => {
    expect(chooseLanguage({ wanted, fallback: 'en-GB', available })).toBe(chosen);
  });

  it('chooses nothing when there is nothing', () => {
    expect(chooseLanguage({ wanted: 'en', fallback: 'en', available: [] })).toBeNull();
  });

  it('takes no sibling for the wanted language', () => {
    expect(chooseLanguage({ wanted: 'es-ES', fallback: 'en', available: ['es-MX', 'en'] })).toBe('en');
  });
});
