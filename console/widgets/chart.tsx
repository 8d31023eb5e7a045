import { useEffect, useRef } from 'preact/hooks';
import UPlot from 'uplot';

export interface Series {
  readonly label: string;
  /** One for each time; null = not known. */
  readonly values: readonly (number | null)[];
  /** A colour of the style sheet, such as `--good`. */
  readonly colour: string;
}

const heightPx = 180;

/** Figures over time, with the same figures as a table for those who do not see a picture. */
export function Chart({
  title,
  times,
  series,
}: {
  title: string;
  times: readonly number[];
  series: readonly Series[];
}) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const style = getComputedStyle(element);
    const colourOf = (name: string) => resolveColour(element, name);
    const axis = { stroke: style.color, grid: { stroke: colourOf('--line'), width: 1 }, ticks: { show: false } };
    const plot = new UPlot(
      {
        width: element.clientWidth,
        height: heightPx,
        cursor: { drag: { x: false, y: false } },
        scales: { y: { range: (_plot, _min, max) => [0, Math.max(4, max)] } },
        axes: [axis, { ...axis, size: 40 }],
        series: [
          {},
          ...series.map(({ label, colour }) => ({
            label,
            stroke: colourOf(colour),
            width: 2,
            points: { show: false },
          })),
        ],
      },
      // The times are seconds, as uPlot wants them.
      [[...times], ...series.map(({ values }) => [...values])],
      element,
    );
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: heightPx }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [times, series]);
  return (
    <figure>
      <figcaption>{title}</figcaption>
      <div ref={place} aria-hidden="true" />
      <details>
        <summary>As a table</summary>
        <table>
          <thead>
            <tr>
              <th scope="col">From</th>
              {series.map(({ label }) => (
                <th key={label} scope="col">
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {times.map((time, index) => (
              <tr key={time}>
                <td data-title="From">{new Date(time * 1_000).toLocaleString()}</td>
                {series.map(({ label, values }) => (
                  <td key={label} data-title={label}>
                    {values[index] ?? ''}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}

/** A canvas knows neither custom properties nor `light-dark()`: the colour is what an element of that colour has. */
function resolveColour(beside: Element, name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  beside.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
