type Members = Readonly<Record<string, unknown>>;

/** The people of a callback: with a number, without one, with both, and as the field shows them. */
const senders: Readonly<Record<string, (n: number) => { readonly message: Members; readonly contacts: unknown }>> = {
  number: (n) => ({
    message: { from: `3460070${n}` },
    contacts: [{ profile: { name: 'Ana' }, wa_id: `3460070${n}` }],
  }),
  userId: (n) => ({
    message: { from_user_id: `ES.70${n}` },
    contacts: [{ profile: { name: 'Ana', username: `ana.${n}` }, user_id: `ES.70${n}` }],
  }),
  both: (n) => ({
    message: { from: `3460071${n}`, from_user_id: `ES.71${n}`, from_parent_user_id: `ES.ENT.71${n}` },
    contacts: [{ profile: { name: 'Ana' }, wa_id: `3460071${n}`, user_id: `ES.71${n}` }],
  }),
  emptyNumber: (n) => ({ message: { from: '', from_user_id: `ES.72${n}` }, contacts: null }),
};

const contents: readonly Members[] = [
  { type: 'text', text: { body: 'Hola' } },
  { type: 'text', text: { body: 'half \ud83d and \0' } },
  { type: 'image', image: { id: 'm1', mime_type: 'image/jpeg', caption: 'Look' } },
  { type: 'interactive', interactive: { type: 'button_reply', button_reply: { id: 'yes', title: 'Yes' } } },
  { type: 'interactive', interactive: { type: 'nfm_reply', nfm_reply: { body: 'Sent', response_json: '{"a":1}' } } },
  { type: 'order', order: { catalog_id: 'C1', text: 'by Friday', product_items: [{ quantity: 2 }] } },
  { type: 'edit', edit: { original_message_id: 'wamid.x', message: { type: 'text', text: { body: 'Hello' } } } },
  { type: 'revoke', revoke: { original_message_id: 'wamid.x' } },
  { type: 'request_welcome' },
  { type: 'unsupported', unsupported: { type: 'poll' }, errors: [{ code: 131_060 }] },
  { type: 'text', group_id: 'Y2FwaV9', text: { body: 'to all' } },
  { type: 'contacts', origin: 'contact_request/other', contacts: [{ phones: [{ phone: '+34600' }] }] },
];

const statuses: readonly Members[] = [
  { status: 'sent', conversation: { id: 'c' }, pricing: { billable: true, pricing_model: 'PMP', category: 'utility' } },
  { status: 'delivered', recipient_user_id: 'ES.79' },
  { status: 'failed', errors: [{ code: 131_026 }], timestamp: null },
  { type: 'payment', status: 'captured', payment: { reference_id: 'ORD1' } },
  { status: 'deleted', biz_opaque_callback_data: '' },
];

/** Fields besides `messages`, and what `messages` holds besides messages and statuses. */
const others: readonly { readonly field: string; readonly value: Members }[] = [
  { field: 'messages', value: { errors: [{ code: 131_031, title: 'Account locked' }] } },
  {
    field: 'smb_message_echoes',
    value: { message_echoes: [{ from: '1', to: '34600', type: 'text', text: { body: 'x' } }] },
  },
  { field: 'history', value: { history: [{ threads: [] }, { threads: [{ id: '1' }] }] } },
  { field: 'history', value: { messages: [{ from: '3490', type: 'image', image: { id: 'm' } }] } },
  { field: 'calls', value: { calls: [{ event: 'connect', direction: 'USER_INITIATED' }] } },
  {
    field: 'user_preferences',
    value: { user_preferences: [{ wa_id: '34600', category: 'marketing_messages', value: 'stop' }] },
  },
  { field: 'message_template_status_update', value: { event: 'PAUSED', message_template_name: 'a', reason: 'NONE' } },
  { field: 'message_template_quality_update', value: { new_quality_score: 'RED', message_template_name: 'a' } },
  { field: 'template_category_update', value: { message_template_name: 'a', new_category: 'MARKETING' } },
  { field: 'phone_number_quality_update', value: { event: 'THROUGHPUT_UPGRADE', display_phone_number: '1' } },
  { field: 'phone_number_name_update', value: { decision: 'APPROVED' } },
  {
    field: 'account_update',
    value: { event: 'DISABLED_UPDATE', ban_info: { waba_ban_state: 'SCHEDULE_FOR_DISABLE' } },
  },
  { field: 'account_alerts', value: { alert_severity: 'CRITICAL' } },
  { field: 'account_review_update', value: { decision: 'APPROVED' } },
  { field: 'business_capability_update', value: { max_daily_conversations_per_business: 2_000 } },
  { field: 'smb_app_state_sync', value: { state_sync: [{ type: 'contact' }] } },
  { field: 'group_lifecycle_update', value: { groups: [{ type: 'group_create', group_id: 'g' }] } },
  { field: 'standby', value: { messages: [{ from: '3490', type: 'text', text: { body: 'x' } }] } },
  { field: 'a_field_of_tomorrow', value: { anything: [1, null, { a: true }] } },
];

/** Callbacks of all fields and kinds, with and without numbers; each with ids of its own, made of its index. */
export function listCallbacks(phoneNumberId: string): readonly Members[] {
  const values: { field: string; value: Members }[] = [];
  for (const content of contents) {
    for (const [name, sender] of Object.entries(senders)) {
      const n = 1_000 + values.length;
      const { message, contacts } = sender(n);
      const first = { ...message, id: `wamid.corpus${n}`, timestamp: '1796000000', ...content };
      const messages = name === 'both' ? [first, { ...first, id: `wamid.corpus${n}b` }] : [first];
      values.push({ field: 'messages', value: { contacts, messages } });
    }
  }
  for (const status of statuses) {
    for (const beside of [{}, { messages: null }, { contacts: [{ wa_id: '34600' }] }]) {
      const n = 1_000 + values.length;
      const one = { id: `wamid.sent${n}`, timestamp: '1796000000', recipient_id: '34600700999', ...status };
      values.push({ field: 'messages', value: { ...beside, statuses: [one] } });
    }
  }
  for (const other of others)
    for (const note of ['v23', 'v26']) values.push({ ...other, value: { ...other.value, note } });
  return values.map(({ field, value }, index) => ({
    object: 'whatsapp_business_account',
    entry: [
      {
        id: 'waba',
        time: 1_796_000_000 + index,
        changes: [
          { field, value: { messaging_product: 'whatsapp', metadata: { phone_number_id: phoneNumberId }, ...value } },
        ],
      },
    ],
  }));
}

/** A number from 0 up to `below`; the same seed gives the same ones. */
export type Draw = (below: number) => number;

export function drawBySeed(seed: number): Draw {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Changes one place of a callback: drops or repeats a member, reorders a list, adds what nobody knows, or a wrong type. */
export function mutate(body: Members, draw: Draw): Members {
  const copy = structuredClone(body) as Record<string, unknown>;
  const places: (Record<string, unknown> | unknown[])[] = [];
  (function visit(value: unknown): void {
    if (typeof value !== 'object' || value === null) return;
    places.push(value as Record<string, unknown>);
    for (const member of Object.values(value)) visit(member);
  })(copy);
  // The envelope itself stays an object: anything else is refused.
  const place = places[draw(places.length)] ?? copy;
  const wrong = [null, 7, 'text', [], {}, true, [null]][draw(7)];
  if (Array.isArray(place)) {
    const action = draw(4);
    if (action === 0) place.pop();
    else if (action === 1) place.push(structuredClone(place[0] ?? null));
    else if (action === 2) place.reverse();
    else place.push(wrong);
    return copy;
  }
  const names = Object.keys(place);
  const name = names[draw(names.length)] ?? 'unknown';
  const action = draw(3);
  if (action === 0) delete place[name];
  else if (action === 1) place[name] = wrong;
  else place['a_member_of_tomorrow'] = wrong;
  return copy;
}
