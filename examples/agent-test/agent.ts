/** A small agent as one writes them with the official SDK: it answers questions about the river, and reads the gauges itself. */
import type Anthropic from '@anthropic-ai/sdk';
import { APIError } from '@anthropic-ai/sdk';

const model = 'claude-sonnet-5';
const mostTurns = 5;

const tools: Anthropic.Tool[] = [
  {
    name: 'read_gauge',
    description: 'The water level at a place on the river',
    input_schema: { type: 'object', properties: { place: { type: 'string' } }, required: ['place'] },
  },
];

/** Asks the model until it has nothing more to look up. `readGauge` is what the tool does. */
export async function askAboutRiver(
  client: Anthropic,
  question: string,
  readGauge: (place: string) => string,
): Promise<string> {
  const messages: Anthropic.MessageParam[] = [{ role: 'user', content: question }];
  for (let turn = 0; turn < mostTurns; turn += 1) {
    const answer = await ask(client, messages);
    if (typeof answer === 'string') return answer;
    messages.push({ role: 'assistant', content: answer.content });
    const calls = answer.content.filter((block) => block.type === 'tool_use');
    if (calls.length === 0) return textOf(answer);
    messages.push({
      role: 'user',
      content: calls.map(({ id, input }) => ({
        type: 'tool_result',
        tool_use_id: id,
        content: readGauge(placeOf(input)),
      })),
    });
  }
  return 'I looked up too much and found no answer.';
}

/** The model's answer, or what the user is told instead. */
async function ask(
  client: Anthropic,
  messages: readonly Anthropic.MessageParam[],
): Promise<Anthropic.Message | string> {
  let sofar = '';
  try {
    const stream = client.messages.stream({ model, max_tokens: 1024, tools, messages: [...messages] });
    stream.on('text', (text) => (sofar += text));
    return await stream.finalMessage();
  } catch (error) {
    if (error instanceof APIError && error.status === 529) return 'Everybody asks just now. Try again soon.';
    // A refusal is for whoever wrote this; only an answer that broke off is for the user.
    if (error instanceof APIError && error.status !== undefined) throw error;
    return `${sofar}… (the answer broke off)`;
  }
}

function textOf({ content }: Anthropic.Message): string {
  return content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('');
}

function placeOf(input: unknown): string {
  return typeof input === 'object' && input !== null && 'place' in input ? String(input.place) : '';
}
