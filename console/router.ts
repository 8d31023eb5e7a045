import { useEffect, useState } from 'preact/hooks';

/** An address of the console: `#/jobs/msg_…?state=failed`. */
export interface Place {
  readonly section: string;
  readonly id: string;
  readonly query: URLSearchParams;
}

function readPlace(): Place {
  const [path = '', search = ''] = location.hash.slice(2).split('?', 2);
  const [section = '', ...rest] = path.split('/');
  return { section, id: rest.map(decodeURIComponent).join('/'), query: new URLSearchParams(search) };
}

/** Where the reader is; draws anew when they go on. */
export function usePlace(): Place {
  const [place, setPlace] = useState(readPlace);
  useEffect(() => {
    const follow = () => setPlace(readPlace());
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return place;
}

export function addressOf(section: string, id = '', query = ''): string {
  return `#/${section}${id === '' ? '' : `/${encodeURIComponent(id)}`}${query === '' ? '' : `?${query}`}`;
}

/** Where each kind of object is shown, by the prefix of its id. */
const idSections: Readonly<Record<string, string>> = {
  msg: 'jobs',
  ntf: 'jobs',
  inb: 'jobs',
  prb: 'problems',
  dlv: 'deliveries',
  whk: 'webhooks',
  chn: 'channels',
  pnt: 'notices',
};

/** The page about the object of this id; null = it has none, or this is no id of ours. */
export function placeOfTarget(id: string): string | null {
  const prefix = /^([a-z]{3})_[0-9A-Za-z]+$/.exec(id)?.[1];
  const section = prefix === undefined ? undefined : idSections[prefix];
  return section === undefined ? null : addressOf(section, id);
}

/** The console's own page about what an address of the API names; null = it has none. */
export function placeOfHref(href: string): string | null {
  return placeOfTarget(/\/v1\/[a-z-]+\/([^/?]+)/.exec(href)?.[1] ?? '');
}

/** An address of the API as `call` takes it, whether it came with its host or without; null = of no API of ours. */
export function pathOfHref(href: string): string | null {
  return /(?:^|\/)(v1\/.*)$/.exec(href)?.[1] ?? null;
}
