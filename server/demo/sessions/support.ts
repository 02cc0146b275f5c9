import { type Script, say, use } from '../sample.ts';

const system = [
  `You answer customers of Tidewater Ferries. Be kind, brief and exact. Answer in the language of the customer.

What you know
- Tickets can be changed free of charge until two hours before departure, online or at the desk. After that a change costs 8 euros. After departure a ticket is void.
- Refunds: full until 24 hours before departure, half until two hours before, none later. When we cancel a crossing the customer gets everything back, or another crossing, as they like. Money goes to the card that paid, within five working days.
- Bicycles travel free, cargo bikes cost 6 euros, cars need a booking. Dogs on a lead travel free on the car deck and on the upper deck, not in the restaurant.
- Wheelchair users: lifts on the Heron and the Avocet, none on the Little Tern. Ask for help at booking, or call at least one hour before departure.
- Lost property is kept at the desk in Saltholm for six weeks.
- Wind: from 9 Beaufort the Little Tern stays in harbour, from 11 all ships do. The board in the app is right; you are not told the weather.

What you never do
- Promise a refund that the rules do not give. Name another customer. Guess a departure time: look it up.

Answer as one JSON object with the fields "reply" (text for the customer), "topic" (one of change, refund, booking, access, luggage, lost, other) and "handover" (true when a person has to take over). Nothing before or after it.`,
];

const lookup = {
  name: 'find_crossing',
  description: 'Finds the next crossings on a route from a point in time on.',
  input_schema: {
    type: 'object',
    properties: {
      from: { type: 'string', enum: ['Saltholm', 'Fairness Point', 'Grey Island'] },
      to: { type: 'string', enum: ['Saltholm', 'Fairness Point', 'Grey Island'] },
      after: { type: 'string', description: 'Local time today, HH:MM' },
    },
    required: ['from', 'to', 'after'],
  },
} as const;

/** A helpdesk that answers in JSON, around the clock. */
export const supportChange: Script = {
  name: 'support-change',
  client: 'python-sdk',
  models: ['claude-haiku-5-5', 'claude-haiku-4-5'],
  system,
  tools: [lookup],
  cache: '5m',
  maxTokens: 600,
  stream: false,
  body: { metadata: { user_id: 'tidewater-helpdesk' } },
  tags: { app: 'helpdesk', env: 'production' },
  variants: [
    { from: 'Saltholm', to: 'Grey Island', when: '14:30', next: '16:10', ship: 'Heron' },
    { from: 'Grey Island', to: 'Saltholm', when: '09:15', next: '10:45', ship: 'Little Tern' },
    { from: 'Fairness Point', to: 'Saltholm', when: '17:00', next: '18:20', ship: 'Avocet' },
  ],
  turns: [
    {
      user: 'Hi, I will not make the %when% from %from% to %to% today. Is there a later one I can take with the same ticket?',
      answer: [use('find_crossing', { from: '%from%', to: '%to%', after: '%when%' })],
    },
    {
      results: ['[{"departs":"%next%","ship":"%ship%","free_seats":48}]'],
      answer: [
        say(
          '{"reply":"The next one leaves at %next% with the %ship%, and there is room. You can move your ticket free of charge until two hours before your %when% departure: in the app under My trips, or at the desk. After that a change costs 8 euros.","topic":"change","handover":false}',
        ),
      ],
    },
    {
      user: 'Perfect, done. Can I take my dog?',
      idleS: 55,
      answer: [
        say(
          '{"reply":"Yes, gladly. Dogs on a lead travel free, on the car deck and on the upper deck. Only the restaurant has to stay without them.","topic":"luggage","handover":false}',
        ),
      ],
    },
  ],
};

export const supportRefund: Script = {
  ...supportChange,
  name: 'support-refund',
  variants: [{ route: 'Saltholm to Grey Island' }, { route: 'Grey Island to Fairness Point' }],
  turns: [
    {
      user: 'My crossing %route% was cancelled because of the storm. How do I get my money back?',
      answer: [
        say(
          '{"reply":"I am sorry about the crossing. As we cancelled it, you get the whole price back, or another crossing if you prefer. Open My trips in the app, choose the crossing, then Refund. The money is on the card you paid with within five working days.","topic":"refund","handover":false}',
        ),
      ],
    },
    {
      user: 'The app says my card has expired. What now?',
      // Longer than its cache lives.
      idleS: 440,
      answer: [
        say(
          '{"reply":"Then a colleague will arrange a bank transfer with you. I have passed your conversation on; you will hear from us today. Please do not send account details here.","topic":"refund","handover":true}',
        ),
      ],
    },
  ],
};

export const supportAccess: Script = {
  ...supportChange,
  name: 'support-access',
  variants: [
    {
      question: 'Ich sitze im Rollstuhl und möchte morgen mit der Little Tern fahren. Geht das?',
      reply:
        'Die Little Tern hat leider keinen Lift. Mit der Heron und der Avocet geht es gut. Sagen Sie uns bei der Buchung Bescheid oder rufen Sie eine Stunde vorher an, dann hilft Ihnen jemand an Bord.',
      topic: 'access',
    },
    {
      question: 'I think I left a green umbrella with a duck handle on the Avocet yesterday 🦆',
      reply:
        'A duck deserves to come home. Lost things go to the desk in Saltholm and stay there for six weeks; it opens at seven. Tell them the ship and the day.',
      topic: 'lost',
    },
    {
      question: '¿Puedo llevar una bicicleta de carga? ¿Cuánto cuesta?',
      reply: 'Sí. Las bicicletas viajan gratis y las de carga cuestan 6 euros. No hace falta reservar.',
      topic: 'luggage',
    },
    {
      question: 'Will the Little Tern sail tonight? It looks rough out there.',
      reply:
        'From 9 Beaufort on she stays in harbour. I cannot see the weather, but the board in the app can: it shows each crossing as it stands, minute by minute.',
      topic: 'other',
    },
  ],
  turns: [{ user: '%question%', answer: [say('{"reply":"%reply%","topic":"%topic%","handover":false}')] }],
};
