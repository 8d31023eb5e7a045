import type { ComponentChildren } from 'preact';
import { toQuery } from '../call.ts';
import { addressOf } from '../router.ts';

export interface Filter {
  readonly name: string;
  readonly label: string;
  /** Absent = any text. */
  readonly choices?: readonly string[];
  readonly type?: 'text' | 'datetime-local';
}

/** A filter form whose values stand in the address, so that a filtered list can be linked to and gone back to. */
export function Filters(props: {
  section: string;
  id?: string;
  filters: readonly Filter[];
  query: URLSearchParams;
  children?: ComponentChildren;
  /** The form is what the page is for. */
  isOpen?: boolean;
}) {
  const { section, id = '', filters, query, children, isOpen = false } = props;
  const used = filters.filter(({ name }) => query.get(name)).length;
  const submit = (event: Event & { currentTarget: HTMLFormElement }) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const values = filters.map(({ name, type }): [string, string] => {
      const given = form.get(name);
      const text = typeof given === 'string' ? given.trim() : '';
      return [name, type === 'datetime-local' && text !== '' ? new Date(text).toISOString() : text];
    });
    location.hash = addressOf(section, id, toQuery(Object.fromEntries(values)));
  };
  return (
    <details class="filters" open={isOpen || used > 0}>
      <summary>{used === 0 ? 'Filter' : `Filter (${used} set)`}</summary>
      {/* Drawn anew with the address, so that it shows what is in force. */}
      <form key={query.toString()} onSubmit={submit}>
        {filters.map((filter) => (
          <label key={filter.name}>
            {filter.label}
            <Field filter={filter} value={query.get(filter.name) ?? ''} />
          </label>
        ))}
        <button class="primary">Show</button>
        {used > 0 && <a href={addressOf(section, id)}>Clear</a>}
        {children}
      </form>
    </details>
  );
}

function Field({ filter: { name, choices, type = 'text' }, value }: { filter: Filter; value: string }) {
  if (choices === undefined)
    // Preact types an input by its type; what is set here fits both.
    return (
      <input
        name={name}
        type={type as 'text'}
        step="1"
        defaultValue={type === 'text' ? value : toLocal(value)}
        autocomplete="off"
      />
    );
  return (
    <select name={name}>
      <option value="">any</option>
      {choices.map((choice) => (
        <option key={choice} value={choice} selected={choice === value}>
          {choice.replaceAll('_', ' ')}
        </option>
      ))}
    </select>
  );
}

/** As a `datetime-local` input wants it: in the reader's zone, without one. */
function toLocal(at: string): string {
  if (at === '') return '';
  const date = new Date(at);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
