import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

/** A text that only the person has, by its JSON pointer in the body that will be sent. */
export interface AskedText {
  readonly name: string;
  readonly label: string;
  readonly type?: 'password' | 'number' | 'text' | 'datetime-local';
  readonly value?: string;
  readonly isOptional?: boolean;
}

export interface Question {
  readonly title: string;
  /** What it will touch. */
  readonly body: ComponentChildren;
  /** What the button says that does it. */
  readonly confirm: string;
  readonly isDestructive?: boolean;
  readonly texts?: readonly AskedText[];
}

type Answer = Readonly<Record<string, string>> | null;

let show: ((question: Question, answer: (given: Answer) => void) => void) | null = null;

/** What was typed in, by name; null = they thought better of it. */
export function ask(question: Question): Promise<Answer> {
  return new Promise((resolve) => (show === null ? resolve(null) : show(question, resolve)));
}

/** Where `ask` asks; stands once in the page. */
export function AskDialog() {
  const [asked, setAsked] = useState<{ question: Question; answer: (given: Answer) => void } | null>(null);
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    show = (question, answer) => setAsked({ question, answer });
    return () => {
      show = null;
    };
  }, []);
  useEffect(() => {
    if (asked !== null) dialog.current?.showModal();
  }, [asked]);
  if (asked === null) return null;
  const { question, answer } = asked;
  const finish = (given: Answer) => {
    dialog.current?.close();
    setAsked(null);
    answer(given);
  };
  const submit = (event: Event & { currentTarget: HTMLFormElement }) => {
    event.preventDefault();
    const entries = [...new FormData(event.currentTarget)];
    finish(Object.fromEntries(entries.map(([name, value]) => [name, typeof value === 'string' ? value : ''])));
  };
  return (
    <dialog ref={dialog} aria-labelledby="ask-title" onCancel={() => finish(null)}>
      <form onSubmit={submit}>
        <h2 id="ask-title">{question.title}</h2>
        <div>{question.body}</div>
        {question.texts?.map(({ name, label, type = 'text', value = '', isOptional = false }) => (
          <label key={name}>
            {label}
            {/* Preact types an input by its type; what is set here fits all of them. */}
            <input name={name} type={type as 'text'} defaultValue={value} required={!isOptional} autocomplete="off" />
          </label>
        ))}
        <div class="actions">
          <button class={question.isDestructive === true ? 'danger' : 'primary'}>{question.confirm}</button>
          <button type="button" onClick={() => finish(null)}>
            Leave it
          </button>
        </div>
      </form>
    </dialog>
  );
}
