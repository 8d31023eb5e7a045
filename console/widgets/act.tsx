import { useId, useState } from 'preact/hooks';
import { useLack } from '../session.ts';
import { ask, type Question } from './ask.tsx';

/**
 * A button that acts. Where the key may not, it says why; where something is stopped, removed or sent again, it asks first.
 * `run` resolves with what is told afterwards.
 */
export function Act(props: {
  title: string;
  /** Null = the session needs no scope for it. */
  scope: string | null;
  /** Asked before it acts; a function may look first what it would touch. */
  question?: Question | (() => Promise<Question>);
  run: (given: Readonly<Record<string, string>>) => Promise<string>;
  isPrimary?: boolean;
  label?: string;
}) {
  const { title, scope, question, run, isPrimary = false, label } = props;
  const lack = useLack(scope);
  const [told, setTold] = useState<{ text: string; isBad: boolean } | null>(null);
  const [isBusy, setBusy] = useState(false);
  const id = useId();

  async function act(): Promise<void> {
    if (lack !== null) return setTold({ text: lack, isBad: true });
    setBusy(true);
    try {
      const asked = typeof question === 'function' ? await question() : question;
      const given = asked === undefined ? {} : await ask(asked);
      if (given !== null) setTold({ text: await run(given), isBad: false });
    } catch (error) {
      setTold({ text: error instanceof Error ? error.message : String(error), isBad: true });
    } finally {
      setBusy(false);
    }
  }

  return (
    <span class="act">
      <button
        type="button"
        class={isPrimary ? 'primary' : undefined}
        aria-label={label}
        // Not `disabled`: that would hide the reason from whoever comes by keyboard.
        aria-disabled={lack !== null || isBusy}
        aria-describedby={id}
        title={lack ?? undefined}
        onClick={() => void (isBusy || act())}
      >
        {title}
      </button>
      <span id={id} role="status" class={told?.isBad === true ? 'bad' : 'soft'}>
        {told?.text}
      </span>
    </span>
  );
}
