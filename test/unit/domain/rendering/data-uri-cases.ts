import type { JsonObject } from '../../../../src/domain/rendering/payload.ts';
import {
  attach,
  type BotActivity,
  buttons,
  card,
  hero,
  image,
  imBack,
  list,
  suggest,
  text,
  uploaded,
} from './builders.ts';

/** A file that is uploaded before a send: the send's number, and what the upload says of it. */
export type Upload = readonly [part: number, contentType: string, filename: string, bytes: number];
export type DataUriCase = readonly [
  name: string,
  activity: BotActivity,
  sends: readonly JsonObject[],
  uploads: readonly Upload[],
];

const link = 'https://x.test/a.png';
/** Three bytes of each. */
const png = 'data:image/png;base64,AAAA';
const jpg = 'data:image/jpeg;base64,AQID';
const pdf = 'data:application/pdf;base64,AAAA';
const webp = 'data:image/webp;base64,AAAA';
const ogg = 'data:audio/ogg;codecs=opus;base64,AAAA';
const mp4 = 'data:video/mp4;base64,AAAA';
const yes = suggest(imBack('Yes', 'y'));
const choices = Array.from({ length: 4 }, (_, index) => imBack(`Option ${index}`));
const rows = choices.map(({ title }) => [title, title] as const);

// oxfmt-ignore
export const dataUriCases: readonly DataUriCase[] = [
  ['an image', { attachments: [attach('image/png', png)] }, [uploaded('image')], [[0, 'image/png', 'file.png', 3]]],
  ['an image with its caption', { text: 'A cat', attachments: [attach('image/png', png)] }, [uploaded('image', { caption: 'A cat' })], [[0, 'image/png', 'file.png', 3]]],
  ['an image with its name', { attachments: [attach('image/png', png, 'cat.png')] }, [uploaded('image')], [[0, 'image/png', 'cat.png', 3]]],
  ['a document with its name', { text: 'W', attachments: [attach('application/pdf', pdf, 'Bill "1".pdf')] }, [uploaded('document', { filename: 'Bill "1".pdf', caption: 'W' })], [[0, 'application/pdf', 'Bill "1".pdf', 3]]],
  ['a document without a name', { attachments: [attach('application/pdf', pdf)] }, [uploaded('document', { filename: 'file.pdf' })], [[0, 'application/pdf', 'file.pdf', 3]]],
  ['an audio of Opus', { attachments: [attach('audio/opus', 'data:audio/opus;base64,AAAA')] }, [uploaded('audio')], [[0, 'audio/ogg', 'file.ogg', 3]]],
  ['a picture of WebP', { attachments: [attach('image/webp', webp)] }, [uploaded('document', { filename: 'file.webp' })], [[0, 'image/webp', 'file.webp', 3]]],
  ['an audio, after its words', { text: 'Listen', attachments: [attach('audio/ogg', ogg)] }, [text('Listen'), uploaded('audio')], [[1, 'audio/ogg', 'file.ogg', 3]]],
  ['a video', { attachments: [attach('video/mp4', mp4)] }, [uploaded('video')], [[0, 'video/mp4', 'file.mp4', 3]]],
  ['a file under a usual wrong name', { attachments: [attach('image/jpg', 'data:image/jpg;base64,AAAA')] }, [uploaded('image')], [[0, 'image/jpeg', 'file.jpg', 3]]],
  ['a URI that contradicts its attachment', { attachments: [attach('application/pdf', png)] }, [uploaded('image')], [[0, 'image/png', 'file.png', 3]]],
  ['a URI without a type', { attachments: [attach('image/png', 'data:;base64,AAAA')] }, [uploaded('image')], [[0, 'image/png', 'file.png', 3]]],
  ['a URI of a vague type', { attachments: [attach('image/png', 'data:application/octet-stream;base64,AAAA')] }, [uploaded('image')], [[0, 'image/png', 'file.png', 3]]],
  ['a text, which WhatsApp knows as plain only', { attachments: [attach('text/csv', 'data:text/csv,a%2Cb%0A1%2C%C3%B1', 'a.csv')] }, [uploaded('document', { filename: 'a.csv' })], [[0, 'text/plain', 'a.csv', 8]]],
  ['base64 for URLs, without padding', { attachments: [attach('image/png', 'data:image/png;base64,-_8')] }, [uploaded('image')], [[0, 'image/png', 'file.png', 2]]],
  ['base64 on several lines, and with padding', { attachments: [attach('image/png', ' DATA:IMAGE/PNG;BASE64,AA\r\nAAAA==\n')] }, [uploaded('image')], [[0, 'image/png', 'file.png', 4]]],
  ['base64 with its signs encoded', { attachments: [attach('image/png', 'data:image/png;base64,%2B%2fA%3D')] }, [uploaded('image')], [[0, 'image/png', 'file.png', 2]]],
  ['two files in one message', { text: 'Two', attachments: [attach('image/png', png), attach('application/pdf', pdf)] }, [uploaded('image', { caption: 'Two' }), uploaded('document', { filename: 'file.pdf' })], [[0, 'image/png', 'file.png', 3], [1, 'application/pdf', 'file.pdf', 3]]],
  ['a file after one by its link', { attachments: [attach('image/png', link), attach('image/jpeg', jpg)] }, [image(link), uploaded('image')], [[1, 'image/jpeg', 'file.jpg', 3]]],
  ['a picture of a card with buttons', { attachments: [hero({ text: 'W', images: [{ url: png }], buttons: [imBack('Yes', 'y')] })] }, [buttons('W', [['Yes', 'y']], uploaded('image'))], [[0, 'image/png', 'file.png', 3]]],
  ['a picture of a card with a list', { attachments: [hero({ text: 'W', images: [{ url: png }], buttons: choices })] }, [uploaded('image'), list('W', 'Options', rows)], [[0, 'image/png', 'file.png', 3]]],
  ['two pictures of a card', { attachments: [hero({ title: 'T', images: [{ url: png }, { url: jpg, alt: 'A' }] })] }, [uploaded('image', { caption: 'A' }), uploaded('image', { caption: '*T*' })], [[0, 'image/jpeg', 'file.jpg', 3], [1, 'image/png', 'file.png', 3]]],
  ['a film of a card', { attachments: [card('video', { title: 'T', media: [{ url: mp4 }] })] }, [uploaded('video', { caption: '*T*' })], [[0, 'video/mp4', 'file.mp4', 3]]],
  ['a document as a header', { text: 'Pay?', attachments: [attach('application/pdf', pdf, 'B.pdf')], suggestedActions: yes }, [buttons('Pay?', [['Yes', 'y']], uploaded('document', { filename: 'B.pdf' }))], [[0, 'application/pdf', 'B.pdf', 3]]],
];
