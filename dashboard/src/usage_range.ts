// Over which times usage is summed up: as the API takes them, and in words.

import type { Word } from './texts';

export const RANGES: [string, Word][] = [
  ['24h', 'lastDay'],
  ['7d', 'lastWeek'],
  ['30d', 'lastMonth'],
];
