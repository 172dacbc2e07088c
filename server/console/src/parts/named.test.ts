import { expect, it } from 'vitest';
import { named } from './named';

const id = '01a21bfc-8145-73f4-8fa2-7a28fe8e957e';

it('takes a link to a finding, or its id', () => {
  const links = [id, ` ${id.toUpperCase()}\n`, `/findings/${id}`, `https://city.example/findings/${id}?q=1#photos`, `见 https://city.example/findings/${id}`];
  expect(links.map(named)).toEqual(links.map(() => id));
});

it('takes everything else as words', () => {
  expect(['', '柳荫路 堆放', `${id}0`, `/notices/${id}`, `/findings/${id.slice(0, 20)}`].map(named)).toEqual([undefined, undefined, undefined, undefined, undefined]);
});
