import type { JsonObject } from '../../../../src/domain/rendering/payload.ts';
import {
  anyCard,
  attach,
  audio,
  type BotActivity,
  buttons,
  card,
  cta,
  file,
  hero,
  image,
  imBack,
  linked,
  list,
  location,
  openUrl,
  suggest,
  text,
  video,
} from './builders.ts';

/** What the case is about, the activity but for its type, and the sends but for the address. */
export type ActivityCase = readonly [name: string, activity: BotActivity, sends: readonly JsonObject[]];
/** The same for what the SDK's types do not allow, and other bots write all the same. */
export type OddCase = readonly [name: string, activity: JsonObject, sends: readonly JsonObject[]];

const png = 'https://x.test/a.png';
const jpg = 'https://x.test/b.jpg';
const pdf = 'https://x.test/c.pdf';
const mp4 = 'https://x.test/d.mp4';
const mp3 = 'https://x.test/e.mp3';
const webp = 'https://x.test/f.webp';
const page = 'https://x.test/page';
const cat = attach('image/png', png);
const yesNo = suggest(imBack('Yes', 'y'), imBack('No', 'n'));
const yesNoOptions = [
  ['Yes', 'y'],
  ['No', 'n'],
] as const;
const geo = { type: 'GeoCoordinates', latitude: 40.4168, longitude: -3.7038 };
const titles = (count: number) => Array.from({ length: count }, (_, index) => `Option ${index + 1}`);
const numbered = (count: number) =>
  titles(count)
    .map((title, index) => `${index + 1}. ${title}`)
    .join('\n');

// oxfmt-ignore
export const mediaCases: readonly ActivityCase[] = [
  ['an image', { attachments: [cat] }, [image(png)]],
  ['an image under a wrong name', { attachments: [attach('IMAGE/JPG; q=1', jpg)] }, [image(jpg)]],
  ['an image of any kind', { attachments: [attach('image/*', png)] }, [image(png)]],
  ['a video', { attachments: [attach('video/mp4', mp4, 'd.mp4')] }, [video(mp4)]],
  ['an audio', { attachments: [attach('audio/mpeg', mp3)] }, [audio(mp3)]],
  ['a picture of WebP, which is no sticker unasked', { attachments: [attach('image/webp', webp)] }, [file(webp, 'f.webp')]],
  ['an audio of Opus', { attachments: [attach('audio/opus', 'https://x.test/v.opus')] }, [audio('https://x.test/v.opus')]],
  ['a document with its name', { attachments: [attach('application/pdf', pdf, 'Bill.pdf')] }, [file(pdf, 'Bill.pdf')]],
  ['a document without a name', { attachments: [attach('application/pdf', pdf)] }, [file(pdf, 'c.pdf')]],
  ['a document whose name is encoded', { attachments: [attach('application/pdf', 'https://x.test/a/Factura%20n%C2%BA%201.pdf?sig=b/c.pdf')] }, [file('https://x.test/a/Factura%20n%C2%BA%201.pdf?sig=b/c.pdf', 'Factura nº 1.pdf')]],
  ['a document whose name hides a folder and a NUL', { attachments: [attach('application/pdf', 'https://x.test/a%2F..%5Cb%00.pdf')] }, [file('https://x.test/a%2F..%5Cb%00.pdf', 'b.pdf')]],
  ['a document whose name cannot be decoded', { attachments: [attach('application/pdf', 'https://x.test/100%.pdf')] }, [file('https://x.test/100%.pdf', '100%.pdf')]],
  ['a document at a link without a path', { attachments: [attach('application/pdf', 'https://x.test/')] }, [file('https://x.test/')]],
  ['a picture WhatsApp does not show', { attachments: [attach('image/gif', 'https://x.test/g.gif')] }, [file('https://x.test/g.gif', 'g.gif')]],
  ['a file of unknown type', { attachments: [attach('text/x-log', page, 'a.log')] }, [file(page, 'a.log')]],
  ['a link with odd signs', { attachments: [attach('image/png', 'https://x.test/ñ b.png')] }, [image('https://x.test/%C3%B1%20b.png')]],
  ['a text as the caption', { text: 'A cat', attachments: [cat] }, [image(png, 'A cat')]],
  ['a text in markdown as the caption', { text: '**A** cat', textFormat: 'markdown', attachments: [cat] }, [image(png, '*A* cat')]],
  ['a text as a document\'s caption', { text: 'Your bill', attachments: [attach('application/pdf', pdf, 'B.pdf')] }, [file(pdf, 'B.pdf', 'Your bill')]],
  ['a text as long as a caption may be', { text: 'a'.repeat(1_024), attachments: [cat] }, [image(png, 'a'.repeat(1_024))]],
  ['a text too long for a caption', { text: 'a'.repeat(1_025), attachments: [cat] }, [text('a'.repeat(1_025)), image(png)]],
  ['a text before an audio, which has no caption', { text: 'Listen', attachments: [attach('audio/ogg', mp3)] }, [text('Listen'), audio(mp3)]],
  ['a text with a link', { text: `See ${page}` }, [linked(`See ${page}`)]],
  ['several files in order', { attachments: [cat, attach('image/jpeg', jpg)] }, [image(png), image(jpg)]],
  ['a text with several files', { text: 'Two', attachments: [cat, attach('application/pdf', pdf)] }, [image(png, 'Two'), file(pdf, 'c.pdf')]],
  ['a carousel of files', { attachmentLayout: 'carousel', attachments: [cat, attach('image/jpeg', jpg)] }, [image(png), image(jpg)]],
];

/** A reader without a bound would run out of stack. */
const nested = Array.from({ length: 20_000 }).reduce<JsonObject>((inner) => ({ items: [inner] }), {
  type: 'TextBlock',
  text: 'A',
});

// oxfmt-ignore
export const cardCases: readonly ActivityCase[] = [
  ['a hero card of words', { attachments: [hero({ title: 'T', subtitle: 'S', text: 'W' })] }, [text('*T*\nS\nW')]],
  ['a title that bold would break', { attachments: [hero({ title: '2*3', text: 'W' })] }, [text('2*3\nW')]],
  ['a card\'s text in markdown', { textFormat: 'markdown', attachments: [hero({ text: '**W**' })] }, [text('*W*')]],
  ['a hero card with a picture', { attachments: [hero({ title: 'T', images: [{ url: png }] })] }, [image(png, '*T*')]],
  ['a card with two pictures', { attachments: [hero({ title: 'T', images: [{ url: png }, { url: jpg, alt: 'A' }] })] }, [image(jpg, 'A'), image(png, '*T*')]],
  ['a card with an animation', { attachments: [hero({ title: 'T', images: [{ url: 'https://x.test/g.gif' }] })] }, [file('https://x.test/g.gif', 'g.gif', '*T*')]],
  ['a hero card with buttons', { attachments: [hero({ title: 'T', text: 'W', images: [{ url: png }], buttons: [imBack('Yes', 'y')] })] }, [buttons('*T*\nW', [['Yes', 'y']], image(png))]],
  ['a thumbnail card with buttons', { attachments: [card('thumbnail', { text: 'W', images: [{ url: page }], buttons: [imBack('A')] })] }, [buttons('W', [['A', 'A']], image(page))]],
  ['a card with a single link', { attachments: [hero({ text: 'W', buttons: [openUrl('Open', page)] })] }, [cta('W', 'Open', page)]],
  ['a card with a picture and a link', { attachments: [hero({ text: 'W', images: [{ url: png }], buttons: [openUrl('Open', page)] })] }, [cta('W', 'Open', page, image(png))]],
  ['a card with nothing but a picture and a link', { attachments: [hero({ images: [{ url: png }], buttons: [openUrl('Open', page)] })] }, [image(png, `Open: ${page}`)]],
  ['a tap that leads somewhere', { attachments: [hero({ title: 'T', tap: openUrl('Open', page) })] }, [cta('*T*', 'Open', page)]],
  ['a tap that repeats a button', { attachments: [hero({ title: 'T', tap: openUrl('', page), buttons: [openUrl('Open', page)] })] }, [cta('*T*', 'Open', page)]],
  ['a tap with an empty title', { attachments: [hero({ title: 'T', tap: openUrl('', page) })] }, [linked(`*T*\n\n${page}`)]],
  ['a sign-in card', { attachments: [card('signin', { text: 'W', buttons: [{ type: 'signin', title: 'Sign in', value: page }] })] }, [cta('W', 'Sign in', page)]],
  ['a video card', { attachments: [card('video', { title: 'T', image: { url: png }, media: [{ url: mp4 }] })] }, [image(png), video(mp4, '*T*')]],
  ['an audio card', { attachments: [card('audio', { title: 'T', media: [{ url: mp3 }] })] }, [text('*T*'), audio(mp3)]],
  ['an audio card with buttons', { attachments: [card('audio', { title: 'T', media: [{ url: mp3 }], buttons: [imBack('A')] })] }, [audio(mp3), buttons('*T*', [['A', 'A']])]],
  ['a film that is a page', { attachments: [card('video', { title: 'T', media: [{ url: page }] })] }, [linked(`*T*\n${page}`)]],
  ['a text and cards', { text: 'Look', attachments: [hero({ text: 'A' }), hero({ text: 'B' })] }, [text('Look'), text('A'), text('B')]],
  ['a carousel of cards', { attachmentLayout: 'carousel', attachments: [hero({ text: 'A', buttons: [imBack('a')] }), hero({ text: 'B', buttons: [imBack('b')] })] }, [buttons('A', [['a', 'a']]), buttons('B', [['b', 'b']])]],
  ['a card with a picture and a list', { attachments: [hero({ text: 'W', images: [{ url: png }], buttons: titles(4).map((title) => imBack(title)) })] }, [image(png), list('W', 'Options', titles(4).map((title) => [title, title]))]],
  ['a card with too many choices', { attachments: [hero({ text: 'W', images: [{ url: png }], buttons: titles(11).map((title) => imBack(title)) })] }, [image(png, `W\n\n${numbered(11)}`)]],
  ['an adaptive card of words', { attachments: [anyCard('adaptive', { type: 'AdaptiveCard', body: [{ type: 'TextBlock', text: 'T', weight: 'Bolder' }, { type: 'Container', items: [{ type: 'ColumnSet', columns: [{ items: [{ type: 'TextBlock', text: 'a **b**' }] }, { items: [{ type: 'RichTextBlock', inlines: ['c', { type: 'TextRun', text: ' d' }] }] }] }] }, { type: 'FactSet', facts: [{ title: 'Due:', value: 'today' }] }] })] }, [text('*T*\na *b*\nc d\nDue: today')]],
  ['an adaptive card beside its text', { text: 'W', attachments: [anyCard('adaptive', { body: [{ type: 'TextBlock', text: 'A' }] })] }, [text('W'), text('A')]],
  ['an adaptive card\'s picture, and the words of its others', { attachments: [anyCard('adaptive', { body: [{ type: 'Image', url: png }, { type: 'TextBlock', text: 'A' }, { type: 'Image', url: jpg, altText: 'B' }, { type: 'Image', url: 'icon.svg' }] })] }, [image(png, 'A\nB')]],
  ['an adaptive card\'s buttons', { attachments: [anyCard('adaptive', { body: [{ type: 'TextBlock', text: 'A' }, { type: 'ActionSet', actions: [{ type: 'Action.Submit', title: 'Yes', data: { go: 1 } }] }], actions: [{ type: 'Action.Execute', title: 'No', data: 'n' }] })] }, [buttons('A', [['Yes', '{"go":1}'], ['No', 'n']])]],
  ['an adaptive card\'s link', { attachments: [anyCard('adaptive', { selectAction: { type: 'Action.OpenUrl', url: page }, body: [{ type: 'TextBlock', text: 'A' }], actions: [{ type: 'Action.OpenUrl', title: 'Open', url: page }] })] }, [cta('A', 'Open', page)]],
  ['an adaptive card\'s choices, which need no button to be handed in', { attachments: [anyCard('adaptive', { body: [{ type: 'Input.ChoiceSet', label: 'Which?', choices: titles(4).map((title) => ({ title, value: `v ${title}` })) }], actions: [{ type: 'Action.Submit', title: 'OK' }] })] }, [list('Which?', 'Options', titles(4).map((title) => [title, `v ${title}`]))]],
  ['an adaptive card\'s too many choices', { attachments: [anyCard('adaptive', { body: [{ type: 'Input.ChoiceSet', label: 'Which?', choices: titles(11).map((title) => ({ title, value: title })) }] })] }, [text(`Which?\n\n${numbered(11)}`)]],
  ['an adaptive card inside an adaptive card', { attachments: [anyCard('adaptive', { actions: [{ type: 'Action.ShowCard', title: 'More', card: { type: 'AdaptiveCard', body: [{ type: 'TextBlock', text: 'A' }] } }] })] }, [text('*More*\nA')]],
  ['an element\'s fallback, where nobody knows the element', { attachments: [anyCard('adaptive', { body: [{ type: 'Gauge', fallback: { type: 'TextBlock', text: 'A' } }] })] }, [text('A')]],
  ['an adaptive card nested beyond reason', { attachments: [anyCard('adaptive', { body: [nested], fallbackText: 'F' })] }, [text('F')]],
  ['an adaptive card with a summary', { summary: 'S', attachments: [anyCard('adaptive', { body: [] })] }, [text('S')]],
  ['an adaptive card with its own words', { attachments: [anyCard('adaptive', { fallbackText: 'F' })] }, [text('F')]],
  ['an adaptive card beside a text', { text: 'W', attachments: [anyCard('adaptive', { body: [] })] }, [text('W')]],
  ['a summary that the text repeats', { text: 'W', summary: 'W', attachments: [anyCard('receipt', {})] }, [text('W')]],
  ['a summary, told once', { text: 'W', summary: 'S', attachments: [anyCard('receipt', {}), anyCard('receipt', {})] }, [text('W'), text('S')]],
  ['a summary that nothing needs', { text: 'W', summary: 'S', attachments: [cat] }, [image(png, 'W')]],
];

// oxfmt-ignore
export const placeCases: readonly ActivityCase[] = [
  ['coordinates', { entities: [geo] }, [location({ latitude: '40.4168', longitude: '-3.7038' })]],
  ['coordinates with a name', { entities: [{ ...geo, name: 'Sol' }] }, [location({ latitude: '40.4168', longitude: '-3.7038', name: 'Sol' })]],
  ['a place', { entities: [{ type: 'Place', name: 'Sol', address: 'Sol 1', geo }] }, [location({ latitude: '40.4168', longitude: '-3.7038', name: 'Sol', address: 'Sol 1' })]],
  ['coordinates near zero', { entities: [{ ...geo, latitude: 1e-7, longitude: -1e-9 }] }, [location({ latitude: '0.0000001', longitude: '0' })]],
  ['round coordinates', { entities: [{ ...geo, latitude: 90, longitude: -180 }] }, [location({ latitude: '90', longitude: '-180' })]],
  ['a text and a place', { text: 'Here', entities: [geo] }, [text('Here'), location({ latitude: '40.4168', longitude: '-3.7038' })]],
  ['a place and choices', { text: 'Here?', entities: [geo], suggestedActions: yesNo }, [location({ latitude: '40.4168', longitude: '-3.7038' }), buttons('Here?', yesNoOptions)]],
  ['entities of other kinds', { text: 'Hi', entities: [{ type: 'mention' }, { type: 'Place' }] }, [text('Hi')]],
];

// oxfmt-ignore
export const oddCases: readonly OddCase[] = [
  ['a file without a type', { attachments: [{ contentUrl: png }] }, [image(png)]],
  ['entities that are none', { text: 'Hi', entities: [null, 7, 'a'] }, [text('Hi')]],
  ['an action without type and title', { text: 'Pick', suggestedActions: { actions: [{ value: 'A' }] } }, [buttons('Pick', [['A', 'A']])]],
  ['a tap without a title', { attachments: [{ contentType: 'application/vnd.microsoft.card.hero', content: { title: 'T', tap: { type: 'openUrl', value: page } } }] }, [linked(`*T*\n\n${page}`)]],
];

const data = attach('image/png', 'data:image/png;base64,A');
const dataLink = 'data:text/plain,a';

/** What fails, and the pointers to the culprits. */
// oxfmt-ignore
export const culpritCases: readonly (readonly [name: string, activity: JsonObject, pointers: readonly string[]])[] = [
  ['no text', {}, ['/text']],
  ['an empty text', { text: '' }, ['/text']],
  ['blanks for a text', { text: ' \n' }, ['/text']],
  ['a text that is none', { text: 7 }, ['/text']],
  ['XML', { text: 'a', textFormat: 'xml' }, ['/textFormat']],
  ['attachments that are no list', { text: 'a', attachments: {} }, ['/attachments']],
  ['an attachment that is no object', { text: 'a', attachments: [cat, 7] }, ['/attachments/1']],
  ['an attachment without a link', { text: 'a', attachments: [{ contentType: 'image/png' }] }, ['/attachments/0/contentUrl']],
  ['a link that is none', { attachments: [attach('image/png', 'ftp://x.test/a')] }, ['/attachments/0/contentUrl']],
  ['a data URI that is cut off', { text: 'a', attachments: [cat, data] }, ['/attachments/1/contentUrl']],
  ['a data URI without data', { attachments: [attach('image/png', 'data:image/png;base64,')] }, ['/attachments/0/contentUrl']],
  ['a data URI of a type that WhatsApp does not take', { attachments: [attach('image/gif', 'data:image/gif;base64,AAAA')] }, ['/attachments/0/contentUrl']],
  ['a data URI of no type at all', { attachments: [{ contentUrl: 'data:;base64,AAAA' }] }, ['/attachments/0/contentUrl']],
  ['a data URI of WebP that is too large', { attachments: [attach('image/webp', `data:image/webp;base64,${'AAAA'.repeat(170_667)}`)] }, ['/attachments/0/contentUrl']],
  ['a bad data URI in a card', { attachments: [hero({ title: 'T', images: [{ url: 'data:image/png;base64,!' }] })] }, ['/attachments/0/content/images/0/url']],
  ['a bad data URI among a card\'s media', { attachments: [card('video', { title: 'T', media: [{ url: mp4 }, { url: 'data:video/mp4' }] })] }, ['/attachments/0/content/media/1/url']],
  ['a button that leads to a data URI', { text: 'a', suggestedActions: suggest(openUrl('Open', dataLink)) }, ['/suggestedActions/actions/0/value']],
  ['a card without content', { attachments: [{ contentType: 'application/vnd.microsoft.card.hero' }] }, ['/attachments/0/content']],
  ['an empty card', { attachments: [hero({ buttons: [] })] }, ['/attachments/0/content']],
  ['a card\'s picture that is no object', { attachments: [anyCard('hero', { title: 'T', images: [png] })] }, ['/attachments/0/content/images/0']],
  ['a card\'s single picture without a link', { attachments: [anyCard('audio', { title: 'T', image: {} })] }, ['/attachments/0/content/image/url']],
  ['an adaptive card alone', { attachments: [anyCard('adaptive', { body: [] })] }, ['/attachments/0/contentType']],
  ['a receipt alone', { attachments: [cat, anyCard('receipt', { title: 'T' })] }, ['/attachments/1/contentType']],
  ['content of unknown type alone', { attachments: [{ contentType: 'x/y', content: { a: 1 } }] }, ['/attachments/0/contentType']],
  ['suggested actions that are no object', { text: 'a', suggestedActions: [] }, ['/suggestedActions']],
  ['suggested actions that are no list', { text: 'a', suggestedActions: { actions: {} } }, ['/suggestedActions/actions']],
  ['a suggested action without words', { text: 'a', suggestedActions: { actions: [{}] } }, ['/suggestedActions/actions/0/title']],
  ['a button that is no object', { attachments: [anyCard('hero', { text: 'W', buttons: ['A'] })] }, ['/attachments/0/content/buttons/0']],
  ['a call without words', { text: 'a', suggestedActions: { actions: [{ type: 'call' }] } }, ['/suggestedActions/actions/0/title']],
  ['a latitude beyond the pole', { entities: [{ ...geo, latitude: 91 }] }, ['/entities/0/latitude']],
  ['a place without a longitude', { entities: [{ type: 'Place', geo: { latitude: 1 } }] }, ['/entities/0/geo/longitude']],
  ['several things at once', { text: 7, attachments: [data, 7] }, ['/text', '/attachments/0/contentUrl', '/attachments/1']],
  ['a native part that is no object', { text: 'a', channelData: { whatsapp: 'b' } }, ['/channelData/whatsapp']],
  ['a flood', { attachments: Array.from({ length: 201 }, () => cat) }, ['/attachments']],
];
