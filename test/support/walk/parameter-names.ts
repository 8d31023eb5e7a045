import { asIs, type Named, nameId, nameJobMembers, type Naming } from './naming.ts';

/** Parameters of queries and headers by their name. An empty list: it names nothing that a tenant has. */
export function nameParameters(naming: Naming): Readonly<Record<string, readonly Named<string>[]>> {
  const members = Object.entries(nameJobMembers(naming)).map(([name, named]) => [name, [named]] as const);
  const event = nameId(naming.owner.eventId, naming.createId('event'));
  const verifyToken = { own: naming.owner.channel.verifyToken, foreign: naming.stranger.verifyToken };
  return {
    ...Object.fromEntries(members),
    after: [event],
    'last-event-id': [event],
    'hub.mode': [asIs('subscribe')],
    'hub.challenge': [asIs('1158201444')],
    'hub.verify_token': [{ ...verifyToken, absent: verifyToken.foreign }],
    target: [nameId(naming.owner.channel.id, naming.createId('channel'))],
    code: [nameId('whatsapp_131026', 'whatsapp_nobodys')],
    // The cursors of the owner's lists are walked by themselves.
    category: [],
    from: [],
    cursor: [],
    limit: [],
    kind: [],
    field: [],
    state: [],
    source: [],
    class: [],
    types: [],
    lang: [],
    unread: [],
    groupBy: [],
    action: [],
    errorCode: [],
    createdAfter: [],
    createdBefore: [],
  };
}
