import type { JSX } from 'preact';
import type { EffectiveRate, ModelPrice, PriceOverride, Prices, Settings } from '../../server/api/wire.ts';
import { figureHref } from '../app/figure-link.ts';
import { modelColour } from '../app/colours.ts';
import { useResource } from '../app/api.ts';
import { Failure } from '../app/failure.tsx';
import { figures, TableHead } from '../app/table-head.tsx';
import { shade } from '../app/theme.ts';
import { Swatch } from '../charts/chart.tsx';
import { formatCount, UNKNOWN } from '../lib/format.ts';
import { listRate, otherRates, PRICE_CLASSES, priceText, rateName, sourceText } from '../lib/prices.ts';
import { Card } from './fact.tsx';
import { PriceForm } from './price-form.tsx';

function RateCell({ rate }: { rate: EffectiveRate | undefined }): JSX.Element {
  if (rate === undefined) return <td class="num muted">{UNKNOWN}</td>;
  const isOwn = rate.source === 'override';
  return (
    <td class="num" title={`${sourceText(rate)} (${rate.book_version})`}>
      {isOwn ? <strong class="own-price">{priceText(rate)}</strong> : priceText(rate)}
    </td>
  );
}

/** Who says what: one source for all rates, or which of them are the user's own. */
function Sources({ rates }: { rates: readonly EffectiveRate[] }): JSX.Element {
  const texts = [...new Set(rates.map(sourceText))];
  return (
    <td class="small is-apart">
      {texts.map((text) => (
        <div key={text}>{text}</div>
      ))}
    </td>
  );
}

function More({ model }: { model: ModelPrice }): JSX.Element {
  const more = otherRates(model.rates);
  const factors = Object.entries(model.factors);
  const count = more.length + factors.length;
  if (count === 0) return <td />;
  return (
    <td class="small">
      <details>
        <summary>{count} more</summary>
        <ul class="more-rates">
          {more.map((rate) => (
            <li key={rate.key}>
              {rateName(rate)} <span class="num">{priceText(rate)}</span>
            </li>
          ))}
          {factors.map(([name, factor]) => (
            <li key={name}>
              {name} <span class="num">× {factor}</span>
            </li>
          ))}
        </ul>
      </details>
    </td>
  );
}

function ModelRow({ model }: { model: ModelPrice }): JSX.Element {
  const all = figureHref({ model: model.model, range: 'all' });
  return (
    <tr data-model={model.model} data-calls={model.calls}>
      <th scope="row">
        <Swatch colour={shade(modelColour(model.model))} /> {model.model}
      </th>
      <td class="num">
        <a href={all}>{formatCount(model.calls)}</a>
        {model.unpriced_calls > 0 && model.rates.length > 0 ? (
          <a
            class="note"
            href={figureHref({ model: model.model, unpriced: 'true', range: 'all' })}
            title="What these cost is not known"
          >
            {' '}
            {formatCount(model.unpriced_calls)} unpriced
          </a>
        ) : null}
      </td>
      {model.rates.length === 0 ? (
        <td colSpan={PRICE_CLASSES.length + 2} class="no-price is-apart">
          ▲ no price is known: its calls have no cost, and sums leave them out
        </td>
      ) : (
        <>
          {PRICE_CLASSES.map(({ id }) => (
            <RateCell key={id} rate={listRate(model.rates, id)} />
          ))}
          <Sources rates={model.rates} />
          <More model={model} />
        </>
      )}
    </tr>
  );
}

function InEffect({ models }: { models: readonly ModelPrice[] }): JSX.Element {
  if (models.length === 0) return <p class="muted">No model has answered yet.</p>;
  return (
    <div class="scroll-x" tabIndex={0} role="region" aria-label="Prices in effect, table">
      <table class="table compact">
        <TableHead
          columns={[
            'Model',
            figures('Requests'),
            ...PRICE_CLASSES.map(({ label }) => figures(label, { title: 'US dollars for a million tokens' })),
            { label: 'Source', isApart: true },
            'More',
          ]}
        />
        <tbody>
          {models.map((model) => (
            <ModelRow key={model.model} model={model} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function OverrideRow({ entry }: { entry: PriceOverride }): JSX.Element {
  const factors = Object.entries(entry.factors).map(([name, factor]) => `${name} × ${factor}`);
  return (
    <tr>
      <th scope="row">{entry.model}</th>
      <td>{entry.effective_from ?? 'always'}</td>
      <td>{entry.effective_to?.slice(0, 10) ?? UNKNOWN}</td>
      <td>{[...entry.rates.map((rate) => `${rateName(rate)} ${priceText(rate)}`), ...factors].join(', ')}</td>
      <td>{entry.replace ? 'all prices of the model' : 'only these'}</td>
    </tr>
  );
}

function Overrides({ prices, settings }: { prices: Prices; settings: Settings }): JSX.Element {
  const { path, is_there: isThere } = settings.prices_file;
  return (
    <>
      <h3>Your price file</h3>
      <p class="muted small">
        <code>{path}</code>
        {isThere ? '' : ' was not there when Weir started'}
      </p>
      {prices.overrides.length > 0 ? (
        <div class="scroll-x" tabIndex={0} role="region" aria-label="Your price file, table">
          <table class="table compact">
            <TableHead columns={['Model', 'From', 'Until', 'Prices', 'Sets']} />
            <tbody>
              {prices.overrides.map((entry) => (
                <OverrideRow key={`${entry.model} ${entry.effective_from}`} entry={entry} />
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
    </>
  );
}

/** The book's own date; what the user's file adds to the version is told below. */
function bookText({ book_version: version }: Prices): string {
  const [book, own] = version.split('+');
  return `book ${book}${own ? ' and your file' : ''}`;
}

/** What each model of the record costs now and who says so, what the user set, and how to set it. */
export function PricesCard({ settings, revision }: { settings: Settings; revision: number }): JSX.Element {
  const { data, error } = useResource<Prices>('prices', revision).value;
  return (
    <Card
      title="Prices"
      note={data ? <span class="muted small">US dollars for a million tokens · {bookText(data)}</span> : null}
    >
      {error ? <Failure error={error} /> : null}
      {data ? (
        <>
          <InEffect models={data.models} />
          <Overrides prices={data} settings={settings} />
          <PriceForm models={data.models} settings={settings} />
        </>
      ) : null}
    </Card>
  );
}
