import { type Block, type JsonObject, type Script, say, think } from '../sample.ts';

/** Pages and papers in here are made up, as are their addresses. */
const found = (url: string, title: string, age: string, about: string): JsonObject => ({
  type: 'web_search_result',
  url,
  title,
  page_age: age,
  encrypted_content: Buffer.from(`${title}. ${about}`).toString('base64'),
});

const search = (query: string): Block => ({
  type: 'server_tool_use',
  id: '',
  name: 'web_search',
  input: { query },
});
const results = (...content: readonly JsonObject[]): Block => ({
  type: 'web_search_tool_result',
  tool_use_id: '',
  content,
});

const cited = (text: string, url: string, title: string, quote: string): Block => ({
  type: 'text',
  text,
  citations: [
    {
      type: 'web_search_result_location',
      url,
      title,
      cited_text: quote,
      encrypted_index: 'RW5jcnlwdGVkIGluZGV4',
    },
  ],
});

const eelgrass = 'https://coastlab.example/eelgrass-restoration';
const ledger = 'https://blue-ledger.example/seagrass-carbon';
const notes = 'https://harbour-notes.example/moorings';

/** A question that takes the web: two searches, a pause of the server, citations. */
export const research: Script = {
  name: 'research',
  client: 'typescript-sdk',
  models: ['claude-fable-5-2', 'claude-opus-5', 'claude-opus-4-6'],
  system: [
    'You help a marine biologist to read. Say what is known, how well, and from where. Separate measurements from models. When sources disagree, say so before you weigh them. Plain words, no bullet lists of platitudes.',
  ],
  tools: [{ type: 'web_search_20260318', name: 'web_search', max_uses: 4 }],
  cache: '5m',
  maxTokens: 6000,
  stream: true,
  body: { thinking: { type: 'adaptive' } },
  tags: { project: 'seagrass-review' },
  variants: [{ bay: 'Grey Island bay' }, { bay: 'the Saltholm sound' }],
  turns: [
    {
      user: 'How well does replanting eelgrass work at sites with boat traffic like %bay%, and how long until a meadow stores carbon again? I need it for a grant, so please with sources.',
      answer: [
        think(
          'Two questions: survival under mooring and propeller disturbance; time to carbon accumulation. Search both.',
        ),
        say('I will look for survival at disturbed sites first, then for carbon over time.'),
        search('eelgrass restoration survival boat moorings propeller scars long-term monitoring'),
        results(
          found(
            eelgrass,
            'Fifteen years of eelgrass restoration',
            '2025-09-14',
            'Survival by site exposure and boat traffic.',
          ),
          found(
            notes,
            'Moorings that do not scrape',
            '2026-02-03',
            'Chains against elastic rodes: scars measured by drone.',
          ),
        ),
        cited(
          'At sheltered sites a little over half of the planted area was still there after five years; where boats anchor freely it was about a fifth. ',
          eelgrass,
          'Fifteen years of eelgrass restoration',
          'mean persistence after five years was 54 % at sheltered sites and 19 % where anchoring was not restricted',
        ),
        cited(
          'Moorings without a chain on the ground change this: scars around them shrank within two summers.',
          notes,
          'Moorings that do not scrape',
          'bare area around elastic rodes fell from 38 to 7 square metres in two growing seasons',
        ),
      ],
      stop: 'pause_turn',
    },
    {
      user: 'Go on.',
      idleS: 1,
      answer: [
        search('restored seagrass carbon burial rate years since planting sediment cores'),
        results(
          found(ledger, 'Seagrass and the carbon ledger', '2026-05-21', 'Cores from meadows of known age.'),
          found(
            'https://sediment.example/cores',
            'What a core can tell',
            '2024-11-02',
            'Mixing, erosion, and the trouble with the first ten centimetres.',
          ),
          found(
            eelgrass,
            'Fifteen years of eelgrass restoration',
            '2025-09-14',
            'Biomass and shoot density by year.',
          ),
        ),
        say('As for carbon: '),
        cited(
          'burial is hardly measurable for the first four years, then rises, and reaches the rate of old meadows after about twelve. ',
          ledger,
          'Seagrass and the carbon ledger',
          'rates did not differ from natural meadows from year twelve on',
        ),
        say(
          'That is one study with nine meadows, all in shallow, calm water; its authors model, rather than measure, what happens under waves. For %bay% I would write “ten to fifteen years, if moorings are changed first”, and budget for monitoring to year six at least, because that is when failed plantings have shown themselves.',
        ),
      ],
    },
    {
      user: 'Can you give me that as two sentences for the summary?',
      idleS: 660,
      answer: [
        say(
          'Replanted eelgrass persists where anchors and chains are kept off the bottom, and mostly fails where they are not; we therefore begin with the moorings. Carbon burial comparable to old meadows is to be expected after ten to fifteen years, so we report shoot density and survival, not tonnes of carbon, within the time of this grant.',
        ),
      ],
    },
  ],
};

const transcript = (day: number): string =>
  Array.from({ length: 60 }, (_, line) => {
    const minute = String(line % 60).padStart(2, '0');
    const hour = String(6 + Math.floor((line * 13) / 60)).padStart(2, '0');
    const depth = (2.1 + ((line * 37 + day * 11) % 40) / 10).toFixed(1);
    const cover = (line * 53 + day * 29) % 100;
    return `day ${day}  ${hour}:${minute}  plot ${String.fromCharCode(65 + (line % 6))}${1 + (line % 9)}  depth ${depth} m  cover ${cover} %  diver notes: ${line % 7 === 0 ? 'crab burrows, some sediment on leaves' : 'clear, leaves upright'}`;
  }).join('\n');

/** A long conversation whose history the API itself condenses. */
export const fieldDiary: Script = {
  name: 'field-diary',
  client: 'typescript-sdk',
  models: ['claude-opus-5', 'claude-opus-4-6'],
  system: [
    'You keep the diary of a diving survey. Answer from the records given, with the plot and the time.',
  ],
  tools: [],
  cache: null,
  maxTokens: 3000,
  stream: true,
  body: {
    context_management: {
      edits: [{ type: 'compact_20260112', trigger: { type: 'input_tokens', value: 50_000 } }],
    },
  },
  tags: { project: 'seagrass-review' },
  variants: [{}],
  turns: [
    {
      user: `Records of the first two days.\n\n${transcript(1)}\n${transcript(2)}`,
      answer: [
        say('Read: 120 records in 54 plots. Cover is lowest in the plots with crab burrows. Ask away.'),
      ],
    },
    {
      user: `Day three and four.\n\n${transcript(3)}\n${transcript(4)}\n\nWhich plots should we visit again tomorrow?`,
      answer: [
        {
          type: 'compaction',
          content:
            'Diving survey, days 1 to 4, 240 records in plots A1 to F9. Fields: time, plot, depth (m), cover (%), notes. Crab burrows and sediment were noted in every seventh record. The user plans day 5 and wants plots worth a second visit.',
        },
        say(
          'A1, B8 and C6: cover changed most between their visits, and each had burrows noted once and not the next time, so one of the two notes is likely wrong. If there is air for a fourth, take F3, which nobody has seen at slack water.',
        ),
      ],
    },
  ],
};
