// Lines over time, large and small, as SVG of our own.

import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { across, areaPath, largest, lastOf, linePath, scale, type Values } from './chart_math';
import { usePage } from './context';
import { clock } from './format';

// A graph that has just begun does not jump with each value.
const FEWEST_MOMENTS = 20;

/** A small picture of the last values, for the eye alone: the number stands beside it. */
export function Spark(props: { values: Values; top?: number; tone?: string }) {
  const { values, tone = 'one' } = props;
  const shown = lastOf(values, Math.max(values.length, FEWEST_MOMENTS));
  const top = props.top ?? Math.max(largest([shown]) * 1.1, 1e-9);
  return (
    <svg class={`spark ${tone}`} viewBox="0 0 100 28" preserveAspectRatio="none" aria-hidden="true">
      <path class="area" d={areaPath(shown, top, 100, 28)} />
      <path class="line" d={linePath(shown, top, 100, 28)} vector-effect="non-scaling-stroke" />
    </svg>
  );
}

export interface Line {
  name: string;
  tone: string;
  values: Values;
}

interface ChartProps {
  title: string;
  lines: Line[];
  /** When each value was, as many as values. */
  times: number[];
  write: (value: number) => string;
}

const HEIGHT = 150;
const LEFT = 52;
const BELOW = 20;

function useWidth(): [preact.RefObject<HTMLDivElement>, number] {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(300);
  useEffect(() => {
    if (!box.current) return undefined;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setWidth(Math.max(160, Math.floor(entry.contentRect.width)));
    });
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  return [box, width];
}

/** A chart with a scale; pointer and arrow keys read its values at a time. */
export function Chart({ title, lines, times, write }: ChartProps) {
  const { language, say } = usePage();
  const titleId = useId();
  const [box, width] = useWidth();
  const [at, setAt] = useState<number | null>(null);
  const plot = width - LEFT;
  const { top, ticks } = scale(largest(lines.map((line) => line.values)));
  const last = times.length - 1;
  const chosen = at === null ? null : Math.min(at, last);

  const follow = (event: PointerEvent & { currentTarget: SVGSVGElement }) => {
    const x = event.clientX - event.currentTarget.getBoundingClientRect().left - LEFT;
    if (last >= 0) setAt(Math.max(0, Math.min(last, Math.round((x / plot) * last))));
  };
  const step = (event: KeyboardEvent) => {
    const by = event.key === 'ArrowLeft' ? -1 : event.key === 'ArrowRight' ? 1 : 0;
    if (event.key === 'Escape') setAt(null);
    if (by === 0 || last < 0) return;
    event.preventDefault();
    setAt(Math.max(0, Math.min(last, (chosen ?? last) + by)));
  };
  const valueAt = (line: Line, i: number): string => {
    const value = line.values[i] ?? null;
    return value === null ? '–' : write(value);
  };
  const summary = lines
    .map((line) =>
      say('chartLatest', {
        name: line.name,
        value: valueAt(line, last),
        most: write(largest([line.values])),
      }),
    )
    .join('; ');

  return (
    <figure class="card chart" aria-labelledby={titleId}>
      <figcaption>
        <span id={titleId} class="chart-title">
          {title}
        </span>
        <span class="legend" aria-live={chosen === null ? 'off' : 'polite'}>
          {chosen !== null && <time>{clock(times[chosen] ?? 0, language)}</time>}
          {lines.map((line) => (
            <span key={line.name} class={`entry ${line.tone}`}>
              {line.name} <b>{valueAt(line, chosen ?? last)}</b>
            </span>
          ))}
        </span>
      </figcaption>
      <div ref={box} class="plot">
        <svg
          width={width}
          height={HEIGHT + BELOW}
          role="img"
          tabIndex={0}
          aria-label={`${title}. ${summary}. ${say('chartHint')}`}
          onPointerMove={follow}
          onPointerLeave={() => setAt(null)}
          onKeyDown={step}
          onBlur={() => setAt(null)}
        >
          {ticks.map((tick) => {
            const y = 6 + (1 - tick / top) * (HEIGHT - 6);
            return (
              <g key={tick} class="tick">
                <line x1={LEFT} x2={width} y1={y} y2={y} />
                <text x={LEFT - 8} y={y + 4} text-anchor="end">
                  {write(tick)}
                </text>
              </g>
            );
          })}
          <Hours times={times} plot={plot} />
          <g transform={`translate(${LEFT} 6)`}>
            {lines.map((line, i) => (
              <g key={line.name} class={`series ${line.tone}`}>
                {i === 0 && <path class="area" d={areaPath(line.values, top, plot, HEIGHT - 6)} />}
                <path class="line" d={linePath(line.values, top, plot, HEIGHT - 6)} />
              </g>
            ))}
            {chosen !== null && (
              <line
                class="cursor"
                x1={across(chosen, times.length, plot)}
                x2={across(chosen, times.length, plot)}
                y1={0}
                y2={HEIGHT - 6}
              />
            )}
          </g>
        </svg>
      </div>
    </figure>
  );
}

// The first, the middle and the last time.
function Hours({ times, plot }: { times: number[]; plot: number }) {
  const { language } = usePage();
  if (times.length < 2) return null;
  const last = times.length - 1;
  const shown: [number, string][] = [
    [0, 'start'],
    [Math.floor(last / 2), 'middle'],
    [last, 'end'],
  ];
  return (
    <g class="hours">
      {shown.map(([i, anchor]) => (
        <text
          key={anchor}
          x={LEFT + across(i, times.length, plot)}
          y={HEIGHT + 16}
          text-anchor={anchor}
        >
          {clock(times[i] ?? 0, language).slice(0, 5)}
        </text>
      ))}
    </g>
  );
}
