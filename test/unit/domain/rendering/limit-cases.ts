import type { ActivityCase } from './activity-cases.ts';
import { attach, buttons, image, imBack, list, postBack, suggest, text } from './builders.ts';

/** Limits count UTF-16 code units (limits.ts): `a` is one, an emoji two, a flag four, an accent on its own one. */
const emoji = '😀';
const flag = '🇪🇸';
const accented = 'e\u0301';
const family = '👨‍👩‍👧‍👦'; // 1 grapheme, 7 code points, 11 code units
const png = 'https://x.test/a.png';
const cat = attach('image/png', png);
const yesNo = suggest(imBack('Yes', 'y'), imBack('No', 'n'));
const yesNoOptions = [
  ['Yes', 'y'],
  ['No', 'n'],
] as const;
const pick = (...titles: readonly string[]) => ({
  text: 'Pick',
  suggestedActions: suggest(...titles.map((title) => postBack(title, `v${titles.indexOf(title)}`))),
});
const value = (title: string, id: string) => ({ text: 'Pick', suggestedActions: suggest(postBack(title, id)) });
const letters = (count: number) => 'abcdefghijk'.slice(0, count).split('');
const a = (count: number) => 'a'.repeat(count);
/** Two choices under one title: their descriptions tell them apart, where those fit. */
const twins = (seen: string) => ({
  text: 'Pick',
  suggestedActions: suggest(imBack('Buy', 'one'), imBack('Buy', seen)),
});

// oxfmt-ignore
export const limitCases: readonly ActivityCase[] = [
  ['a text of 4096', { text: a(4_096) }, [text(a(4_096))]],
  ['a text of 4097', { text: a(4_097) }, [text(a(4_096)), text('a')]],
  ['a text of 2048 emoji', { text: emoji.repeat(2_048) }, [text(emoji.repeat(2_048))]],
  ['a text that ends in half an emoji too many', { text: a(4_095) + emoji }, [text(a(4_095)), text(emoji)]],
  ['a text of 1024 flags', { text: flag.repeat(1_024) }, [text(flag.repeat(1_024))]],
  ['a text that a cut would end in half a flag', { text: a(4_094) + flag }, [text(a(4_094)), text(flag)]],
  ['a text that a cut would end in half a family', { text: a(4_086) + family }, [text(a(4_086)), text(family)]],
  ['a text whose last accent is too much', { text: a(4_095) + accented }, [text(a(4_095)), text(accented)]],
  ['a text of accents that just fits', { text: accented.repeat(2_048) }, [text(accented.repeat(2_048))]],

  ['a caption of 1024', { text: a(1_024), attachments: [cat] }, [image(png, a(1_024))]],
  ['a caption of 1025', { text: a(1_025), attachments: [cat] }, [text(a(1_025)), image(png)]],
  ['a caption of 512 emoji', { text: emoji.repeat(512), attachments: [cat] }, [image(png, emoji.repeat(512))]],
  ['a caption of 512 emoji and one letter', { text: `${emoji.repeat(512)}a`, attachments: [cat] }, [text(`${emoji.repeat(512)}a`), image(png)]],
  ['a caption of 93 families', { text: family.repeat(93), attachments: [cat] }, [image(png, family.repeat(93))]],
  ['a caption of 94 families: 94 graphemes, 1034 code units', { text: family.repeat(94), attachments: [cat] }, [text(family.repeat(94)), image(png)]],

  ['a body of 1024', { text: a(1_024), suggestedActions: yesNo }, [buttons(a(1_024), yesNoOptions)]],
  ['a body of 1025', { text: `${a(1_020)} word`, suggestedActions: yesNo }, [text(`${a(1_020)} `), buttons('word', yesNoOptions)]],
  ['a body of 256 flags', { text: flag.repeat(256), suggestedActions: yesNo }, [buttons(flag.repeat(256), yesNoOptions)]],
  ['a body that a cut would end in half an emoji', { text: a(1_023) + emoji, suggestedActions: yesNo }, [text(a(1_023)), buttons(emoji, yesNoOptions)]],
  ['a body that a cut would end in half a flag', { text: a(1_022) + flag, suggestedActions: yesNo }, [text(a(1_022)), buttons(flag, yesNoOptions)]],
  ['a body whose last accent is too much', { text: a(1_023) + accented, suggestedActions: yesNo }, [text(a(1_023)), buttons(accented, yesNoOptions)]],
  ['a list\'s body of 1024', { ...pick(...letters(4)), text: a(1_024) }, [list(a(1_024), 'Options', [['a', 'v0'], ['b', 'v1'], ['c', 'v2'], ['d', 'v3']])]],
  ['a list\'s body of 1025', { ...pick(...letters(4)), text: `${a(1_024)}b` }, [text(a(1_024)), list('b', 'Options', [['a', 'v0'], ['b', 'v1'], ['c', 'v2'], ['d', 'v3']])]],

  ['a button of 20', pick(a(20)), [buttons('Pick', [[a(20), 'v0']])]],
  ['a button of 21', pick(a(21)), [list('Pick', 'Options', [[a(21), 'v0']])]],
  ['a button of 10 emoji', pick(emoji.repeat(10)), [buttons('Pick', [[emoji.repeat(10), 'v0']])]],
  ['a button of 11 emoji', pick(emoji.repeat(11)), [list('Pick', 'Options', [[emoji.repeat(11), 'v0']])]],
  ['a button of 5 flags', pick(flag.repeat(5)), [buttons('Pick', [[flag.repeat(5), 'v0']])]],
  ['a button of 5 flags and a letter', pick(`${flag.repeat(5)}a`), [list('Pick', 'Options', [[`${flag.repeat(5)}a`, 'v0']])]],
  ['a button of 10 accents', pick(accented.repeat(10)), [buttons('Pick', [[accented.repeat(10), 'v0']])]],
  ['a button of 11 accents', pick(accented.repeat(11)), [list('Pick', 'Options', [[accented.repeat(11), 'v0']])]],
  ['a button of a family and 9 letters', pick(family + a(9)), [buttons('Pick', [[family + a(9), 'v0']])]],
  ['a button of two families', pick(family.repeat(2)), [list('Pick', 'Options', [[family.repeat(2), 'v0']])]],

  ['a row of 24', pick(a(24), 'b'), [list('Pick', 'Options', [[a(24), 'v0'], ['b', 'v1']])]],
  ['a row of 25', pick(a(25), 'b'), [text(`Pick\n\n1. ${a(25)}\n2. b`)]],
  ['a row of 12 emoji', pick(emoji.repeat(12)), [list('Pick', 'Options', [[emoji.repeat(12), 'v0']])]],
  ['a row of 12 emoji and a letter', pick(`${emoji.repeat(12)}a`), [text(`Pick\n\n1. ${emoji.repeat(12)}a`)]],
  ['a row of 6 flags', pick(flag.repeat(6)), [list('Pick', 'Options', [[flag.repeat(6), 'v0']])]],
  ['a row of 7 flags', pick(flag.repeat(7)), [text(`Pick\n\n1. ${flag.repeat(7)}`)]],
  ['a row of 12 accents', pick(accented.repeat(12)), [list('Pick', 'Options', [[accented.repeat(12), 'v0']])]],
  ['a row of three families', pick(family.repeat(3)), [text(`Pick\n\n1. ${family.repeat(3)}`)]],

  ['a description of 72', twins(a(72)), [list('Pick', 'Options', [['Buy', 'one', 'one'], ['Buy', a(72), a(72)]])]],
  ['a description of 73', twins(a(73)), [list('Pick', 'Options', [['Buy', 'one', 'one'], ['Buy', a(73)]])]],
  ['a description of 36 emoji', twins(emoji.repeat(36)), [list('Pick', 'Options', [['Buy', 'one', 'one'], ['Buy', emoji.repeat(36), emoji.repeat(36)]])]],
  ['a description of 36 emoji and a letter', twins(`${emoji.repeat(36)}a`), [list('Pick', 'Options', [['Buy', 'one', 'one'], ['Buy', `${emoji.repeat(36)}a`]])]],
  ['a description of 36 accents', twins(accented.repeat(36)), [list('Pick', 'Options', [['Buy', 'one', 'one'], ['Buy', accented.repeat(36), accented.repeat(36)]])]],

  ['a button\'s id of 256', value('A', a(256)), [buttons('Pick', [['A', a(256)]])]],
  ['a button\'s id of 257', value('A', a(257)), [text('Pick\n\n1. A')]],
  ['a button\'s id of 128 emoji', value('A', emoji.repeat(128)), [buttons('Pick', [['A', emoji.repeat(128)]])]],
  ['a row\'s id of 200', value(a(21), a(200)), [list('Pick', 'Options', [[a(21), a(200)]])]],
  ['a row\'s id of 201', value(a(21), a(201)), [text(`Pick\n\n1. ${a(21)}`)]],
  ['a row\'s id of 100 emoji', value(a(21), emoji.repeat(100)), [list('Pick', 'Options', [[a(21), emoji.repeat(100)]])]],

  ['three buttons', pick('a', 'b', 'c'), [buttons('Pick', [['a', 'v0'], ['b', 'v1'], ['c', 'v2']])]],
  ['four choices', pick('a', 'b', 'c', 'd'), [list('Pick', 'Options', [['a', 'v0'], ['b', 'v1'], ['c', 'v2'], ['d', 'v3']])]],
  ['ten choices', pick(...letters(10)), [list('Pick', 'Options', letters(10).map((title, index) => [title, `v${index}`]))]],
  ['eleven choices', pick(...letters(11)), [text(`Pick\n\n${letters(11).map((title, index) => `${index + 1}. ${title}`).join('\n')}`)]],
];
