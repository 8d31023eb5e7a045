import {
  attach,
  audio,
  buttons,
  cta,
  file,
  hero,
  image,
  imBack,
  linked,
  list,
  openUrl,
  postBack,
  suggest,
  text,
} from './builders.ts';
import type { ActivityCase } from './activity-cases.ts';

const png = 'https://x.test/a.png';
const jpg = 'https://x.test/b.jpg';
const pdf = 'https://x.test/c.pdf';
const mp3 = 'https://x.test/e.mp3';
const page = 'https://x.test/page';
const cat = attach('image/png', png);
const yesNo = suggest(imBack('Yes', 'y'), imBack('No', 'n'));
const yesNoOptions = [
  ['Yes', 'y'],
  ['No', 'n'],
] as const;
const long = `${'word '.repeat(400)}end`;
const titles = (count: number) => Array.from({ length: count }, (_, index) => `Option ${index + 1}`);
const numbered = (count: number) =>
  titles(count)
    .map((title, index) => `${index + 1}. ${title}`)
    .join('\n');

// oxfmt-ignore
export const optionCases: readonly ActivityCase[] = [
  ['short choices', { text: 'Pick', suggestedActions: yesNo }, [buttons('Pick', yesNoOptions)]],
  ['three choices of 20 characters', { text: 'Pick', suggestedActions: suggest(imBack('a'.repeat(20)), imBack('b'), imBack('c')) }, [buttons('Pick', [['a'.repeat(20), 'a'.repeat(20)], ['b', 'b'], ['c', 'c']])]],
  ['a choice of 21 characters', { text: 'Pick', suggestedActions: suggest(imBack('a'.repeat(21))) }, [list('Pick', 'Options', [['a'.repeat(21), 'a'.repeat(21)]])]],
  ['four choices', { text: 'Pick', suggestedActions: suggest(...titles(4).map((title) => imBack(title))) }, [list('Pick', 'Options', titles(4).map((title) => [title, title]))]],
  ['ten choices, in Spanish', { text: 'Elija', locale: 'es-MX', suggestedActions: suggest(...titles(10).map((title) => imBack(title))) }, [list('Elija', 'Opciones', titles(10).map((title) => [title, title]))]],
  ['eleven choices', { text: 'Pick', suggestedActions: suggest(...titles(11).map((title) => imBack(title))) }, [text(`Pick\n\n${numbered(11)}`)]],
  ['a choice of 25 characters', { text: 'Pick', suggestedActions: suggest(imBack('a'.repeat(25)), imBack('b')) }, [text(`Pick\n\n1. ${'a'.repeat(25)}\n2. b`)]],
  ['a value too long for a button', { text: 'Pick', suggestedActions: suggest(postBack('A', 'v'.repeat(257))) }, [text('Pick\n\n1. A')]],
  ['a value too long for a row', { text: 'Pick', suggestedActions: suggest(postBack('a'.repeat(21), 'v'.repeat(201))) }, [text(`Pick\n\n1. ${'a'.repeat(21)}`)]],
  ['a value that just fits a button', { text: 'Pick', suggestedActions: suggest(postBack('A', 'v'.repeat(256))) }, [buttons('Pick', [['A', 'v'.repeat(256)]])]],
  ['a value that is an object', { text: 'Pick', suggestedActions: suggest(postBack('A', { go: 1 })) }, [buttons('Pick', [['A', '{"go":1}']])]],
  ['a value with outer blanks', { text: 'Pick', suggestedActions: suggest(postBack('A', ' v ')) }, [buttons('Pick', [['A', 'v']])]],
  ['no value', { text: 'Pick', suggestedActions: suggest({ type: 'messageBack', title: 'A', text: 't' }, { type: 'imBack', title: 'B' }) }, [buttons('Pick', [['A', 't'], ['B', 'B']])]],
  ['a title on several lines', { text: 'Pick', suggestedActions: suggest(imBack(' A\n  b ', 'v')) }, [buttons('Pick', [['A b', 'v']])]],
  ['the same choice twice', { text: 'Pick', suggestedActions: suggest(imBack('A', 'v'), imBack('A', 'v')) }, [buttons('Pick', [['A', 'v']])]],
  ['one title for two values', { text: 'Pick', suggestedActions: suggest(imBack('Buy', 'Buy one'), imBack('Buy', 'Buy two')) }, [list('Pick', 'Options', [['Buy', 'Buy one', 'Buy one'], ['Buy', 'Buy two', 'Buy two']])]],
  ['one title for two hidden values', { text: 'Pick', suggestedActions: suggest(postBack('Buy', 1), postBack('Buy', 2)) }, [list('Pick', 'Options', [['Buy', '1'], ['Buy', '2']])]],
  ['one value for two titles', { text: 'Pick', suggestedActions: suggest(imBack('A', 'v'), imBack('B', 'v')) }, [text('Pick\n\n1. A\n2. B')]],
  ['choices without a text', { suggestedActions: yesNo }, [buttons('Choose an option:', yesNoOptions)]],
  ['choices without a text, in German', { locale: 'de', suggestedActions: yesNo }, [buttons('Bitte auswählen:', yesNoOptions)]],
  ['choices with one picture', { text: 'This one?', attachments: [cat], suggestedActions: yesNo }, [buttons('This one?', yesNoOptions, image(png))]],
  ['choices with one document', { text: 'Pay?', attachments: [attach('application/pdf', pdf, 'B.pdf')], suggestedActions: yesNo }, [buttons('Pay?', yesNoOptions, file(pdf, 'B.pdf'))]],
  ['choices with one audio', { text: 'This one?', attachments: [attach('audio/aac', mp3)], suggestedActions: yesNo }, [audio(mp3), buttons('This one?', yesNoOptions)]],
  ['choices with several pictures', { text: 'Which?', attachments: [cat, attach('image/jpeg', jpg)], suggestedActions: yesNo }, [image(png), image(jpg), buttons('Which?', yesNoOptions)]],
  ['choices with a card', { attachments: [hero({ text: 'W' })], suggestedActions: yesNo }, [buttons('W', yesNoOptions)]],
  ['choices with a card that has its own', { attachments: [hero({ text: 'W', buttons: [imBack('A')] })], suggestedActions: yesNo }, [buttons('W', [['A', 'A']]), buttons('Choose an option:', yesNoOptions)]],
  ['choices with a long text', { text: long, suggestedActions: yesNo }, [text('word '.repeat(204)), buttons(`${'word '.repeat(196)}end`, yesNoOptions)]],
  ['choices with a text of 1024 characters', { text: 'a'.repeat(1_024), suggestedActions: yesNo }, [buttons('a'.repeat(1_024), yesNoOptions)]],
  ['choices with a text of 1025 characters', { text: `${'a'.repeat(1_020)} word`, suggestedActions: yesNo }, [text(`${'a'.repeat(1_020)} `), buttons('word', yesNoOptions)]],
  ['a single link', { text: 'Go', suggestedActions: suggest(openUrl('Open', page)) }, [cta('Go', 'Open', page)]],
  ['a link whose title is too long', { text: 'Go', suggestedActions: suggest(openUrl('a'.repeat(21), page)) }, [linked(`Go\n\n${'a'.repeat(21)}: ${page}`)]],
  ['two links', { text: 'Go', suggestedActions: suggest(openUrl('A', page), openUrl('B', png)) }, [linked(`Go\n\nA: ${page}\nB: ${png}`)]],
  ['a link beside choices', { text: 'Go', suggestedActions: suggest(imBack('A'), openUrl('B', page)) }, [buttons(`Go\n\nB: ${page}`, [['A', 'A']])]],
  ['a link that is no web page', { text: 'Go', suggestedActions: suggest(openUrl('Mail', 'mailto:a@x.test')) }, [text('Go\n\nMail: mailto:a@x.test')]],
  ['a call', { text: 'Go', suggestedActions: suggest({ type: 'call', title: 'Call us', value: 'tel:+34911' }) }, [text('Go\n\nCall us: +34911')]],
  ['a call beside a link', { text: 'Go', suggestedActions: suggest(openUrl('Open', page), { type: 'call', title: 'Call', value: '+34911' }) }, [cta('Go\n\nCall: +34911', 'Open', page)]],
  ['an action nobody knows', { text: 'Go', suggestedActions: suggest({ type: 'dance', title: 'Dance' }) }, [text('Go\n\nDance')]],
];
