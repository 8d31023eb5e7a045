import { call } from '../call.ts';
import type { Job } from '../shapes.ts';
import { addressOf } from '../router.ts';
import { Act } from '../widgets/act.tsx';

/** Sends one text over a channel, to somebody who knows of it, and goes to its job. */
export function TestSend({ channelId }: { channelId: string }) {
  return (
    <Act
      title="Send a test …"
      scope="messages:write"
      question={{
        title: 'Send a test message',
        body: (
          <p>
            A real message goes over this channel. WhatsApp takes free text only within 24 h of the person’s last word.
          </p>
        ),
        confirm: 'Send',
        texts: [
          { name: 'to', label: 'To (phone number or user id)' },
          { name: 'text', label: 'Text', value: 'A test from the Waypost console' },
        ],
      }}
      run={async ({ to, text }) => {
        const body = { channelId, to, activity: { type: 'message', text }, label: 'console-test' };
        const job = await call<Job>('v1/messages', { method: 'POST', body });
        location.hash = addressOf('jobs', job.id);
        return 'Accepted.';
      }}
    />
  );
}
