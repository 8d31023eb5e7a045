import fc from 'fast-check';
import type { JsonObject } from '../../../../src/domain/rendering/payload.ts';

/** What bots write, near every limit, and what no bot should write. Members come and go, and may be null. */

const words = fc
  .array(fc.constantFrom('a', 'word ', '\n', '**', '_', '😀', '👨‍👩‍👧‍👦', 'e\u0301', ' '.repeat(30), 'x'.repeat(500)), {
    maxLength: 20,
  })
  .map((pieces) => pieces.join(''));
const label = fc.oneof(
  fc.constantFrom(
    'Yes',
    'No',
    ' Maybe\nlater ',
    '',
    '😀'.repeat(10),
    '😀'.repeat(11),
    'x'.repeat(20),
    'x'.repeat(21),
    'x'.repeat(24),
    'x'.repeat(25),
  ),
  fc.string({ maxLength: 30, unit: 'grapheme' }),
);
const goodLink = fc.constantFrom(
  'https://x.test/a.png',
  'https://x.test/b.mp4',
  'https://x.test/c.mp3',
  'https://x.test/ñ d.gif',
  'HTTP://x.test/page?a=b',
  'data:image/png;base64,AAAA',
  'data:application/pdf;base64,AAAA',
  'data:audio/ogg;codecs=opus;base64,AAAA',
  'data:image/webp;base64,AAAA',
  'data:video/mp4;base64,AAAA',
  'data:text/csv,a%2Cb',
);
const badLink = fc.constantFrom('https://', 'data:image/png;base64,A', 'data:image/gif,a', 'mailto:a@x.test', '');
const link = fc.oneof({ weight: 20, arbitrary: goodLink }, { weight: 1, arbitrary: badLink });
const odd = fc.constantFrom<unknown>(null, 7, '', [], {}, true);

function oddly<Value>(usual: fc.Arbitrary<Value>) {
  return fc.oneof({ weight: 100, arbitrary: usual }, { weight: 1, arbitrary: odd });
}

function partly(model: Record<string, fc.Arbitrary<unknown>>) {
  return fc.record(Object.fromEntries(Object.entries(model).map(([name, value]) => [name, oddly(value)])), {
    requiredKeys: [],
  });
}

const cardAction = partly({
  type: fc.constantFrom('imBack', 'postBack', 'messageBack', 'openUrl', 'signin', 'call', 'dance'),
  title: label,
  value: fc.oneof(label, link, fc.constantFrom<unknown>('v'.repeat(200), 'v'.repeat(257), { go: 1 })),
  text: label,
  displayText: label,
});
const choices = fc
  .integer({ min: 2, max: 12 })
  .map((count) => Array.from({ length: count }, (_, index) => ({ type: 'imBack', title: `Option ${index}` })));
const actions = fc.oneof(fc.array(oddly(cardAction), { maxLength: 4 }), choices);
const picture = partly({ url: link, alt: words });
const card = partly({
  title: words,
  subtitle: words,
  text: words,
  images: fc.array(oddly(picture), { maxLength: 3 }),
  image: picture,
  media: fc.array(oddly(picture), { maxLength: 2 }),
  buttons: actions,
  tap: cardAction,
  fallbackText: words,
});
const element = partly({
  type: fc.constantFrom('TextBlock', 'Image', 'Input.ChoiceSet', 'FactSet', 'Action.Submit', 'Action.OpenUrl', 'Gauge'),
  text: words,
  title: label,
  url: link,
  altText: words,
  data: fc.constantFrom<unknown>('v', { go: 1 }),
  choices: fc.array(oddly(partly({ title: label, value: label })), { maxLength: 12 }),
  facts: fc.array(oddly(partly({ title: label, value: words })), { maxLength: 2 }),
});
const adaptive = partly({
  body: fc.array(oddly(fc.oneof(element, partly({ items: fc.array(oddly(element)) }))), { maxLength: 4 }),
  actions: fc.array(oddly(element), { maxLength: 4 }),
});
const cardName = fc.constantFrom('hero', 'thumbnail', 'signin', 'audio', 'video', 'adaptive', 'receipt');
const attachment = fc.oneof(
  partly({
    contentType: fc.constantFrom(
      'image/png',
      'image/webp',
      'video/mp4',
      'audio/ogg',
      'application/pdf',
      'IMAGE/GIF',
      '',
    ),
    contentUrl: link,
    name: label,
  }),
  fc.record({ contentType: fc.constant('application/vnd.microsoft.card.adaptive'), content: oddly(adaptive) }),
  fc.record({ contentType: cardName.map((name) => `application/vnd.microsoft.card.${name}`), content: oddly(card) }),
);
const coordinate = fc.double({ min: -95, max: 95 });
const geo = fc.record({ latitude: oddly(coordinate), longitude: oddly(coordinate), name: oddly(label) });
const entity = fc.oneof(
  geo.map((members) => ({ ...members, type: 'GeoCoordinates' })),
  partly({ geo, name: label, address: words }).map((members) => ({ ...members, type: 'Place' })),
);

export const arbitraryActivity: fc.Arbitrary<JsonObject> = partly({
  text: words,
  textFormat: fc.constantFrom('plain', 'plain', 'plain', 'markdown', 'markdown', 'markdown', 'xml'),
  locale: fc.constantFrom('es-ES', 'de', 'xx', '!'),
  summary: words,
  attachments: fc.array(oddly(attachment), { maxLength: 3 }),
  attachmentLayout: fc.constantFrom('list', 'carousel'),
  suggestedActions: partly({ actions }),
  entities: fc.array(oddly(entity), { maxLength: 2 }),
  replyToId: fc.constantFrom('wamid.A=', 'msg_1'), // says nothing by itself: who renders looks it up
}).map((members) => ({ ...members, type: 'message' }));

/** The provider's id of the message that is answered; mostly there is none. */
export const arbitraryQuote = fc.option(fc.constantFrom('wamid.A=', 'wamid.HBgL+/='), { freq: 2 });
