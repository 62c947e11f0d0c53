// What the samples of GET /api/traffic come to.

import type { Sample, Traffic } from './types';

/** The last minute's samples. */
export function lastMinute({ interval_seconds, samples }: Traffic): Sample[] {
  return samples.slice(-Math.max(1, Math.round(60 / Math.max(1, interval_seconds))));
}

const sum = (samples: Sample[], of: (sample: Sample) => number): number =>
  samples.reduce((total, sample) => total + of(sample), 0);

/** The share of requests in percent that failed; 0 without any. */
export function errorShare(samples: Sample[]): number {
  const requests = sum(samples, (each) => each.requests);
  return requests === 0 ? 0 : (100 * sum(samples, (each) => each.errors)) / requests;
}

/** Whether anything at all went through. */
export const isQuiet = (samples: Sample[]): boolean =>
  samples.every((each) => each.requests === 0 && each.bytes_in === 0 && each.bytes_out === 0);

/** One figure of each sample, by second. */
export const rates = (
  { interval_seconds, samples }: Traffic,
  of: (sample: Sample) => number,
): number[] => samples.map((sample) => of(sample) / Math.max(1, interval_seconds));
