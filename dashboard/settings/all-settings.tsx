import type { JSX } from 'preact';
import type { Settings } from '../../server/api/wire.ts';
import { TableHead } from '../app/table-head.tsx';
import { UNKNOWN } from '../lib/format.ts';
import { Card } from './fact.tsx';

/** Every setting with who said so. */
export function AllSettings({ settings }: { settings: Settings }): JSX.Element {
  return (
    <Card title="All settings" note={<code class="muted small">weir config print --origin</code>}>
      <div class="scroll-x" tabIndex={0} role="region" aria-label="All settings, table">
        <table class="table compact settings-table">
          <TableHead columns={['Setting', 'Value', 'Set by']} />
          <tbody>
            {settings.settings.map(({ key, value, source }) => (
              <tr key={key} class={source === 'default' ? 'is-default' : ''}>
                <th scope="row">
                  <code>{key}</code>
                </th>
                <td>{value === null ? <span class="muted">{UNKNOWN}</span> : <code>{value}</code>}</td>
                <td class={source === 'default' ? 'muted' : ''}>{source}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}
