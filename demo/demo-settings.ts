/** What the demo calls its things; kept from run to run, so that a second run finds them. */
export const phoneNumberId = '106540352242922';
export const integrationName = 'erp';

export const noticeTexts = {
  en: 'Sorry, we could not deliver our last message.',
  es: 'Lo sentimos, no hemos podido entregarte nuestro último mensaje.',
};

/** One that works, one nobody is named of, one with nobody active, and one with many customers. */
export const merchants = {
  bakery: { id: '64e5fe2e34951d5b444a511a', name: 'Bakery' },
  garage: { id: '64e5fe2e34951d5b444a511b', name: 'Garage' },
  closed: { id: '64e5fe2e34951d5b444a511c', name: 'Closed shop' },
  wholesale: { id: '64e5fe2e34951d5b444a511d', name: 'Wholesale' },
};

export const users = {
  ana: { id: '64e5fe2e34951d5b444a5101', language: 'es-ES' },
  ben: { id: '64e5fe2e34951d5b444a5102', language: 'en' },
  /** In no directory. */
  stranger: { id: '64e5fe2e34951d5b444a5103' },
  former: { id: '64e5fe2e34951d5b444a5104', language: 'en' },
};
