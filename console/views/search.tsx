import { useState } from 'preact/hooks';
import { toQuery } from '../call.ts';
import { addressOf, placeOfTarget } from '../router.ts';

/** Where a text leads that somebody typed or pasted; by its form, as no two kinds of ids look alike. */
export function findPlace(text: string): string {
  const place = placeOfTarget(text);
  if (place !== null) return place;
  return addressOf(
    'jobs',
    '',
    toQuery({ [findFilter(text)]: text.replaceAll(/^\+[\d ().-]+$/g, (phone) => `+${phone.replaceAll(/\D/g, '')}`) }),
  );
}

function findFilter(text: string): string {
  if (/^\+[\d ().-]+$/.test(text) || /^\d{9,15}$/.test(text) || /^[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]+$/.test(text))
    return 'to';
  if (text.startsWith('wamid.')) return 'providerMessageId';
  // Users of the notification centre have ids such as MongoDB makes them.
  if (/^[0-9a-f]{24}$/.test(text)) return 'userId';
  if (/^(whatsapp_\d+|fcm_[A-Z_]+)$/.test(text)) return 'errorCode';
  return 'externalId';
}

/** One box for any id that somebody may have in hand. */
export function Search() {
  const [text, setText] = useState('');
  const submit = (event: Event) => {
    event.preventDefault();
    if (text.trim() !== '') location.hash = findPlace(text.trim());
  };
  return (
    <form class="search" role="search" onSubmit={submit}>
      <label>
        <span class="hidden">Find a job</span>
        <input
          type="search"
          placeholder="Phone number, user id, external id, wamid, or any id of Waypost"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <button class="primary">Find</button>
    </form>
  );
}
