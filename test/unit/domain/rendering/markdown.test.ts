import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { convertMarkdown } from '../../../../src/domain/rendering/markdown.ts';

describe('convertMarkdown', () => {
  it.each([
    ['bold', 'a **b** c', 'a *b* c'],
    ['bold with underscores', 'a __b__ c', 'a *b* c'],
    ['italic', 'a *b* c', 'a _b_ c'],
    ['italic with underscores', 'a _b_ c', 'a _b_ c'],
    ['bold and italic', '***b***', '*_b_*'],
    ['italic inside bold', '**a *b* c**', '*a _b_ c*'],
    ['italic that ends with bold', '**a *b***', '*a _b_*'],
    ['bold that ends with italic', '*a **b***', '_a *b*_'],
    ['struck through', '~~b~~', '~b~'],
    ['a link', 'see [the docs](https://x.test/a?b=c)', 'see the docs (https://x.test/a?b=c)'],
    ['a link that names itself', '[https://x.test](https://x.test)', 'https://x.test'],
    ['a link with bold text', '[**a**](https://x.test)', '*a* (https://x.test)'],
    ['a link with a title', '[a](https://x.test "T")', 'a (https://x.test)'],
    ['an image', '![a cat](https://x.test/c.png)', 'a cat (https://x.test/c.png)'],
    ['an address', '<https://x.test>', 'https://x.test'],
    ['a heading', '## Hello **you** ##', '*Hello you*'],
    ['a heading that is all bold', '# **a**', '*a*'],
    ['a heading of marks only', '# **', '# **'],
    ['an odd line break', '**a**\u2028**b**', '*a*\u2028*b*'],
    ['bullets', '* a\n+ b\n- c', '- a\n- b\n- c'],
    ['nested bullets', '  * **a**', '  - *a*'],
    ['numbers', '1. a\n2. b', '1. a\n2. b'],
    ['a quote', '> **a**', '> *a*'],
    ['code', 'a `**b**` c', 'a `**b**` c'],
    ['a fenced block', '```js\n**a**\n```\n**b**', '```\n**a**\n```\n*b*'],
    ['an escape', '\\*a\\*', '*a*'],
    ['Windows line ends', '**a**\r\n**b**', '*a*\n*b*'],
  ])('shows %s as WhatsApp does', (_, markdown, shown) => {
    expect(convertMarkdown(markdown)).toBe(shown);
  });

  it.each([
    'snake_case_name',
    '2 * 3 * 4',
    '2*3*4',
    'a ** b',
    '**open',
    'a_',
    '~ a ~',
    '[a] (b)',
    '1 < 2 > 0',
    'C:\\dir',
    '`',
  ])('leaves "%s" as it is', (text) => {
    expect(convertMarkdown(text)).toBe(text);
  });

  it('leaves plain words alone', () => {
    const words = fc.array(fc.stringMatching(/^[a-zà-ü0-9.,;:]{1,8}$/), { minLength: 1 });
    fc.assert(
      fc.property(words, (list) => {
        expect(convertMarkdown(list.join(' '))).toBe(list.join(' '));
      }),
    );
  });

  it.each([
    '**a ',
    '[a](',
    '[',
    '`',
    '*',
    '_a',
    '<http:',
    '\\',
    '![',
    '***a~~_',
    '> ',
    '# ',
    '# a           ',
    '> \u2028',
  ])('takes time in proportion to a text made of "%s"', (piece) => {
    const startedAt = performance.now();
    convertMarkdown(piece.repeat(262_144 / piece.length));
    convertMarkdown(`${piece}${' '.repeat(262_144)}${piece}`);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });
});
