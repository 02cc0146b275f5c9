/** Two prompts side by side, block by block, as the API tells it. Pure. */
import { sizeBlock, textOf, type SizedBlock } from './block.ts';
import { editScript, type Step } from './edit-script.ts';
import { sections, type Prompt, type Section } from './prompt.ts';
import type { Share } from './shares.ts';

/** One side of a comparison. */
export interface DiffSide {
  readonly blocks: readonly SizedBlock[];
  /** For each block; null where the call measured no tokens. */
  readonly shares: readonly Share[] | null;
}

/** As `DiffBlock` in server/api/wire.ts. */
export interface BlockChange {
  readonly op: Step['op'];
  readonly section: Section;
  readonly at: string | null;
  readonly from: string | null;
  readonly role: string | null;
  readonly type: string;
  readonly name: string | null;
  readonly bytes: number | null;
  readonly from_bytes: number | null;
  readonly tokens: number | null;
  readonly from_tokens: number | null;
  readonly cost_nano_usd: number | null;
  readonly breakpoint: string | null;
  readonly from_breakpoint: string | null;
  readonly approximate: boolean;
  readonly likeness: number | null;
  readonly text: string | null;
  readonly from_text: string | null;
}

export function sizedBlocks({ blocks }: Prompt): SizedBlock[] {
  return blocks.map(sizeBlock);
}

/** @param cut strings longer than this are shortened, around the first place where two differ */
export function diffBlocks(older: DiffSide, newer: DiffSide, cut: number): BlockChange[] {
  return editScript(older.blocks, newer.blocks).flatMap((step): BlockChange[] => {
    const was = 'old' in step ? older.blocks[step.old] : undefined;
    const is = 'new' in step ? newer.blocks[step.new] : undefined;
    const block = is ?? was;
    if (block === undefined) return [];
    const share = 'new' in step ? newer.shares?.[step.new] : undefined;
    const likeness = step.op === 'changed' ? step.likeness : null;
    return [
      {
        op: step.op,
        section: block.section,
        at: is?.at ?? null,
        from: was?.at ?? null,
        role: block.role,
        type: block.type,
        name: block.name,
        bytes: is?.bytes ?? null,
        from_bytes: was?.bytes ?? null,
        tokens: share?.tokens ?? null,
        from_tokens: 'old' in step ? (older.shares?.[step.old]?.tokens ?? null) : null,
        cost_nano_usd: share?.nanoUsd ?? null,
        breakpoint: is?.ttl ?? null,
        from_breakpoint: was?.ttl ?? null,
        approximate: likeness !== null,
        likeness: likeness === null ? null : Math.round(likeness * 1000) / 1000,
        ...textsOf(step, was, is, cut),
      },
    ];
  });
}

function textsOf({ op }: Step, was: SizedBlock | undefined, is: SizedBlock | undefined, cut: number) {
  if (op === 'same' || op === 'moved') return { text: null, from_text: null };
  const [text, fromText] = [is === undefined ? null : textOf(is), was === undefined ? null : textOf(was)];
  const from = text === null || fromText === null ? 0 : windowStart(text, fromText, cut);
  return { text: window(text, from, cut), from_text: window(fromText, from, cut) };
}

const contextCharacters = 300;

/** Two long texts that differ late are shown from a little before that. */
function windowStart(one: string, two: string, cut: number): number {
  if (Math.max(one.length, two.length) <= cut) return 0;
  const end = Math.min(one.length, two.length);
  let at = 0;
  while (at < end && one.charCodeAt(at) === two.charCodeAt(at)) at += 1;
  return Math.max(0, at - contextCharacters);
}

function window(text: string | null, from: number, cut: number): string | null {
  if (text === null || (from === 0 && text.length <= cut)) return text;
  const shown = text.slice(from, from + cut).toWellFormed();
  const [before, after] = [from, Math.max(0, text.length - from - cut)];
  return `${before === 0 ? '' : `… (${before} characters)\n`}${shown}${after === 0 ? '' : `\n… (${after} characters)`}`;
}

/** As `DiffSummary` in server/api/wire.ts. */
export interface SectionSummary {
  readonly section: Section;
  readonly same: number;
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
  readonly moved: number;
  readonly added_tokens: number | null;
  readonly removed_tokens: number | null;
  readonly cost_nano_usd: number | null;
}

export function summaryOf(changes: readonly BlockChange[]): SectionSummary[] {
  return sections.map((section) => {
    const own = changes.filter((change) => change.section === section);
    const count = (op: Step['op']): number => own.filter((change) => change.op === op).length;
    const isNew = ({ op }: BlockChange): boolean => op === 'added' || op === 'changed';
    const isOld = ({ op }: BlockChange): boolean => op === 'removed' || op === 'changed';
    return {
      section,
      same: count('same'),
      added: count('added'),
      removed: count('removed'),
      changed: count('changed'),
      moved: count('moved'),
      added_tokens: sumOf(own.filter(isNew).map(({ tokens }) => tokens)),
      removed_tokens: sumOf(own.filter(isOld).map(({ from_tokens: tokens }) => tokens)),
      cost_nano_usd: sumOf(
        own.filter((change) => isNew(change) || change.op === 'moved').map(({ cost_nano_usd: cost }) => cost),
      ),
    };
  });
}

/** Null where something of it is not known; of nothing 0. */
function sumOf(values: readonly (number | null)[]): number | null {
  return values.reduce<number | null>(
    (sum, value) => (sum === null || value === null ? null : sum + value),
    0,
  );
}

const words: Readonly<Record<Section, string>> = {
  tools: 'tools',
  system: 'system prompt',
  messages: 'messages',
};

/** `tools the same · system prompt: 1 changed · messages: 2 added` */
export function headlineOf(summary: readonly SectionSummary[]): string {
  return summary
    .filter((each) => each.same + each.added + each.removed + each.changed + each.moved > 0)
    .map((each) => {
      const said = (['added', 'removed', 'changed', 'moved'] as const)
        .filter((op) => each[op] > 0)
        .map((op) => `${each[op]} ${op}`);
      return said.length === 0
        ? `${words[each.section]} the same`
        : `${words[each.section]}: ${said.join(', ')}`;
    })
    .join(' · ');
}
