import { useEffect, useRef } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { CallDetail, ReplayPlan, Upstreams } from '../../server/api/wire.ts';
import { go, hrefOf } from '../app/address.ts';
import { ApiFailure, tell, useResource } from '../app/api.ts';
import { Icon } from '../app/icons.tsx';
import { formatBytes, formatMoney } from '../lib/format.ts';
import { replayRequest, type ReplayFields } from '../lib/replay.ts';

const SETTLE_MS = 300;
const AS_IT_WAS: ReplayFields = { upstream: '', model: '', stream: '', set: '' };

const CREDENTIALS = {
  given: 'with the key that is typed here',
  environment: 'with the key of the program’s environment',
  not_needed: 'without a key: the upstream needs none',
} as const;

/** What would be sent, asked anew whenever a field has come to rest. */
function usePlan(id: string, fields: ReplayFields) {
  const state = useSignal<{ plan: ReplayPlan | null; problem: string | null }>({ plan: null, problem: null });
  const asked = replayRequest(fields);
  const body = JSON.stringify(asked);
  useEffect(() => {
    if (typeof asked === 'string') {
      state.value = { plan: null, problem: asked };
      return undefined;
    }
    const abort = new AbortController();
    const timer = setTimeout(() => {
      tell<ReplayPlan>(`calls/${id}/replay/plan`, asked, abort.signal).then(
        (plan) => (state.value = { plan, problem: null }),
        (error: unknown) => {
          if (!abort.signal.aborted) state.value = { plan: null, problem: messageOf(error) };
        },
      );
    }, SETTLE_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [id, body]);
  return state.value;
}

function messageOf(error: unknown): string {
  return error instanceof ApiFailure || error instanceof Error ? error.message : String(error);
}

function rangeText(low: number | null, high: number | null): string {
  if (low === null || high === null) return 'unknown: there is no price for it';
  return low === high ? formatMoney(low) : `${formatMoney(low)} to ${formatMoney(high)}`;
}

function Plan({ plan }: { plan: ReplayPlan }): JSX.Element {
  return (
    <div class="replay-plan">
      <p>
        <strong class="num" data-low={plan.low_nano_usd ?? ''} data-high={plan.high_nano_usd ?? ''}>
          Estimated cost: {rangeText(plan.low_nano_usd, plan.high_nano_usd)}
        </strong>
        {plan.most_nano_usd === null ? '' : `, ${formatMoney(plan.most_nano_usd)} at the most`}
      </p>
      <p class="muted small">
        {plan.is_changed ? 'Changed' : 'Exactly the stored bytes'}, {formatBytes(plan.request_bytes)}, to{' '}
        <code>
          {plan.upstream_url}
          {plan.path}
        </code>
        {plan.credential === null ? '; a key has to be typed above' : `, ${CREDENTIALS[plan.credential]}`}.
      </p>
      {plan.assumptions.length > 0 ? (
        <ul class="muted small">
          {plan.assumptions.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      ) : null}
      {plan.warnings.map((sentence) => (
        <p class="hint" key={sentence}>
          {sentence}
        </p>
      ))}
    </div>
  );
}

/** Sends the call once more, as it was or changed, when told to; the key that is typed goes nowhere else. */
export function ReplayForm({ call, onClose }: { call: CallDetail; onClose: () => void }): JSX.Element {
  const fields = useSignal<ReplayFields>(AS_IT_WAS);
  const key = useRef<HTMLInputElement>(null);
  const first = useRef<HTMLSelectElement>(null);
  const isSending = useSignal(false);
  const failure = useSignal<string | null>(null);
  const upstreams = useResource<Upstreams>('upstreams').value.data?.items ?? [];
  const { plan, problem } = usePlan(call.id, fields.value);
  useEffect(() => first.current?.focus(), []);
  const change = (changes: Partial<ReplayFields>) => (fields.value = { ...fields.peek(), ...changes });
  const send = async () => {
    const asked = replayRequest(fields.peek());
    if (typeof asked === 'string' || isSending.peek()) return;
    isSending.value = true;
    failure.value = null;
    const typed = key.current?.value.trim() ?? '';
    // Typed once, for this call: it is neither kept nor offered again.
    if (key.current) key.current.value = '';
    try {
      // One name for one click: whatever happens on the way, it is sent once.
      const own = {
        idempotency_key: crypto.randomUUID(),
        wait: false,
        ...(typed === '' ? {} : { key: typed }),
      };
      await tell<CallDetail>(`calls/${call.id}/replay`, { ...asked, ...own });
      go(hrefOf('/compare', { of: call.id }));
    } catch (error) {
      failure.value = messageOf(error);
    }
    isSending.value = false;
  };
  return (
    <form
      class="replay-form"
      aria-label="Send again"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape') onClose();
      }}
    >
      <header class="card-head">
        <h3>Send again</h3>
        <button type="button" class="button icon-only" aria-label="Close the form" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <p class="hint">
        Tools are not executed: where the answer calls one, it ends there. Each click sends one call, and it
        costs money.
      </p>
      <div class="price-fields">
        <label class="field">
          <span>Upstream</span>
          <select
            ref={first}
            value={fields.value.upstream}
            onChange={({ currentTarget }) => change({ upstream: currentTarget.value })}
          >
            {upstreams.map(({ name, url, is_default: isDefault }) => (
              <option key={name} value={isDefault ? '' : name}>
                {name}: {url}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>Model</span>
          <input
            value={fields.value.model}
            placeholder={call.requested_model ?? 'as it was'}
            autoComplete="off"
            spellcheck={false}
            onInput={({ currentTarget }) => change({ model: currentTarget.value })}
          />
        </label>
        <label class="field">
          <span>Stream</span>
          <select
            value={fields.value.stream}
            onChange={({ currentTarget }) => change({ stream: streamOf(currentTarget.value) })}
          >
            <option value="">as it was</option>
            <option value="true">streamed</option>
            <option value="false">whole</option>
          </select>
        </label>
        <label class="field">
          <span>Key, for this once; never kept</span>
          <input ref={key} type="password" autoComplete="off" placeholder="only where the program has none" />
        </label>
      </div>
      <label class="field">
        <span>Changes, as a JSON merge patch</span>
        <textarea
          rows={3}
          value={fields.value.set}
          spellcheck={false}
          placeholder={'{"temperature": 0, "system": "Be brief."}'}
          onInput={({ currentTarget }) => change({ set: currentTarget.value })}
        />
      </label>
      {problem ? (
        <p class="field-error" role="alert">
          {problem}
        </p>
      ) : null}
      {plan ? (
        <Plan plan={plan} />
      ) : problem ? null : (
        <p class="muted" aria-busy="true">
          Estimating…
        </p>
      )}
      {failure.value ? (
        <p class="field-error" role="alert">
          {failure.value}
        </p>
      ) : null}
      <div class="replay-end">
        <button type="submit" class="button is-main" disabled={plan === null || isSending.value}>
          {isSending.value ? 'Sending…' : 'Send one call'}
        </button>
        <a href={hrefOf('/compare', { of: call.id })}>Replays of this request</a>
      </div>
    </form>
  );
}

function streamOf(value: string): ReplayFields['stream'] {
  return value === 'true' || value === 'false' ? value : '';
}
