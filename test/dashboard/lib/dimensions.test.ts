import { describe, expect, it } from 'vitest';
import { dimensionOf, filterOf, tagDimensions, type Dimension } from '../../../dashboard/lib/dimensions.ts';

function known(id: string): Dimension {
  const found = dimensionOf(id);
  if (!found) throw new Error(`${id} is no dimension`);
  return found;
}

describe('dimensions', () => {
  it('lead to the filter that finds their calls, also those without a value', () => {
    expect(filterOf(known('user_id'), 'ada')).toEqual(['user', 'ada']);
    expect(filterOf(known('tag:project'), 'river')).toEqual(['tag', 'project=river']);
    expect(filterOf(known('upstream'), 'https://a.test')).toEqual(['upstream', 'https://a.test']);
    expect(filterOf(known('model'), null)).toEqual(['model', '']);
    expect(filterOf(known('tag:project'), null)).toEqual(['tag', 'project=']);
    expect(filterOf(known('model'), '')).toBeNull();
  });

  it('are nothing for names that nobody knows', () => {
    for (const id of [null, 'tag:', 'colour']) expect(dimensionOf(id)).toBeNull();
  });

  it('of tags are made of the values in use, each name once', () => {
    const found = tagDimensions(['project=river', 'project=sea', 'stage=test=1', 'odd']);
    expect(found.map(({ id }) => id)).toEqual(['tag:project', 'tag:stage']);
  });
});
